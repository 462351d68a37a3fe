"""What a handler returns or raises, and what it means."""

import json
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Optional, Union

from ._record import Record


class RecordFailed(Exception):
    """Raised for one record: those before it are handled, it and all behind it come again."""

    def __init__(self, record: Record, message: str = "failed"):
        super().__init__(message)
        self.record = record


@dataclass
class Outcome:
    """What a handler may return; None means that all records are handled."""

    #: These records, or indexes, failed: from the first of them on the batch comes again.
    failed: Iterable[Union[Record, int]] = ()
    #: The records before this one are handled; it and all behind it come again.
    failed_from: Optional[Union[Record, int]] = None
    #: The window's new state: bytes, or what becomes JSON. Without it the state stays.
    state: Any = None


@dataclass
class Answer:
    """An outcome in numbers, the same for every world."""

    failed: list
    failed_from: Optional[int] = None
    window_state: Optional[bytes] = None


def answer(records: Sequence[Record], returned: Optional[Outcome], before: Optional[bytes] = None) -> Answer:
    """What the world is told. `before` is the state that the call was given: what returns none keeps it."""
    if returned is None:
        returned = Outcome()
    if not isinstance(returned, Outcome):
        raise TypeError(f"a handler returns None or an Outcome, not {returned!r}")
    failed = list(returned.failed)
    if failed and returned.failed_from is not None:
        raise TypeError("return failed or failed_from, not both")
    state = before if returned.state is None else _state_bytes(returned.state)
    places = {id(record): index for index, record in enumerate(records)} if failed else {}
    indexes = [_index_of(records, item, places) for item in failed]
    start = None if returned.failed_from is None else _index_of(records, returned.failed_from)
    return Answer(indexes, start, state)


def answer_of_raised(records: Sequence[Record], raised: Exception, before: Optional[bytes] = None) -> Optional[Answer]:
    """What the world is told of a failed record; None where the exception is of the whole batch."""
    if not isinstance(raised, RecordFailed):
        return None
    for index, record in enumerate(records):
        if record is raised.record:
            print(f"record {record.sequence_number} failed: {raised}", file=sys.stderr)
            return Answer([], index, before)
    return None


def report(raised: Exception) -> str:
    """The traceback goes to stderr; the text is for the host's log."""
    traceback.print_exception(raised)
    text = str(raised)
    if type(raised) is Exception:
        return text or "Exception"
    return f"{type(raised).__name__}: {text}" if text else type(raised).__name__


def _state_bytes(state: Any) -> bytes:
    return state if isinstance(state, bytes) else json.dumps(state, separators=(",", ":")).encode()


def _index_of(records, item, places=None) -> int:
    if isinstance(item, int) and not isinstance(item, bool):
        if 0 <= item < len(records):
            return item
    elif places:
        if id(item) in places:
            return places[id(item)]
    else:
        for index, record in enumerate(records):
            if record is item:
                return index
    raise IndexError("the handler names a failed record that is not in its batch")
