"""What a handler is given. These are views of the runtime's own objects: nothing is copied."""

import json
from datetime import datetime, timezone
from typing import Any, Optional, Protocol


class Record:
    """A record of the stream."""

    __slots__ = ("_raw",)

    def __init__(self, raw):
        self._raw = raw

    @property
    def data(self) -> bytes:
        """The payload."""
        data = self._raw.data
        return data if isinstance(data, bytes) else data.inner

    def text(self) -> str:
        """The payload as text; a ValueError that names the record when it is not UTF-8."""
        try:
            return str(self.data, "utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"record {self.sequence_number} is not UTF-8") from None

    def json(self) -> Any:
        """The payload as JSON; a ValueError that names the record when it is none."""
        try:
            return json.loads(self.text())
        except json.JSONDecodeError as problem:
            raise ValueError(f"record {self.sequence_number} is not JSON: {problem}") from None

    @property
    def partition_key(self) -> str:
        return self._raw.partition_key

    @property
    def sequence_number(self) -> str:
        """Of the stream; user records of one KPL aggregate share it."""
        return self._raw.sequence_number

    @property
    def approximate_arrival(self) -> Optional[datetime]:
        """When the service noted it; None when that is not known."""
        millis = getattr(self._raw, "approximate_arrival_millis", None)
        seconds = millis / 1000 if millis else getattr(self._raw, "approximate_arrival_timestamp", None)
        return datetime.fromtimestamp(seconds, timezone.utc) if seconds else None

    @property
    def sub_sequence_number(self) -> int:
        """The place within a KPL aggregate; 0 of a plain record. Not in the world spin-kinesis."""
        return self._raw.sub_sequence_number

    @property
    def explicit_hash_key(self) -> Optional[str]:
        """Of a user record that was put with one. Not in the world spin-kinesis."""
        return self._raw.explicit_hash_key

    @property
    def idempotency_key(self) -> str:
        """The same at every delivery of this record, and of no other record. Not in the world spin-kinesis."""
        return self._raw.idempotency_key

    @property
    def encryption(self) -> Optional[str]:
        """"NONE" or "KMS"; only in the world spin-kinesis."""
        kind = self._raw.encryption_type
        return None if kind is None else type(kind).__name__.split("_")[1].upper()

    def __repr__(self) -> str:
        return f"<Record {self.sequence_number} {self.partition_key!r} {len(self.data)} bytes>"


class Window(Protocol):
    """A tumbling window."""

    start_millis: int
    end_millis: int
    final_call: bool  # the window's last call, which has no records
    terminated_early: bool


class Context:
    """Where a call stands."""

    __slots__ = ("_raw",)

    def __init__(self, raw):
        self._raw = raw

    @property
    def stream_arn(self) -> str:
        return self._raw.stream_arn

    @property
    def shard_id(self) -> str:
        return self._raw.shard_id

    @property
    def attempt(self) -> int:
        """1 at the first call with these records."""
        return self._raw.attempt

    @property
    def millis_behind_latest(self) -> int:
        return self._raw.millis_behind_latest

    @property
    def fencing_token(self) -> int:
        """Grows each time the shard changes hands: refuse writes that carry a smaller one than you saw."""
        return self._raw.fencing_token

    @property
    def window(self) -> Optional[Window]:
        """With tumbling_window_seconds."""
        return self._raw.window

    @property
    def window_state(self) -> Optional[bytes]:
        return self._raw.window_state

    def state(self, initial: Any = None) -> Any:
        """The window's state (JSON) as the last successful call returned it; `initial` at the window's first."""
        return initial if self.window_state is None else json.loads(self.window_state)
