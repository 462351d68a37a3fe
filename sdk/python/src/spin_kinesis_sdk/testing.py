"""For a handler's own unit tests: calls it as the trigger does.

    from spin_kinesis_sdk.testing import call, record

    def test_an_order_without_an_id_comes_again():
        called = call(app.handle, [record({"id": 1}), record({})])
        assert called.failed_from == 1
"""

import asyncio
import itertools
import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Optional

from ._record import Context, Record
from ._worlds import Err, call_async

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/test"
SHARD = "shardId-000000000000"
_numbers = itertools.count(1)


def record(data: Any, **fields) -> Record:
    """A record with that payload (str, bytes, or what becomes JSON); `fields` replaces what is made up."""
    if not isinstance(data, bytes):
        data = (data if isinstance(data, str) else json.dumps(data)).encode()
    sequence_number = fields.get("sequence_number", str(next(_numbers)))
    made_up = {
        "data": data, "partition_key": "key", "explicit_hash_key": None, "sequence_number": sequence_number,
        "sub_sequence_number": 0, "approximate_arrival_millis": 1700000000000,
        "idempotency_key": f"{STREAM}/1700000000000/{SHARD}/{sequence_number}/0",
    }
    return Record(SimpleNamespace(**{**made_up, **fields}))


def context(state: Any = None, **fields) -> Context:
    """A context; `state` (JSON) and `fields` replace what is made up."""
    made_up = {
        "stream_arn": STREAM, "shard_id": SHARD, "attempt": 1, "millis_behind_latest": 0, "fencing_token": 1,
        "window": None, "window_state": None if state is None else json.dumps(state).encode(),
    }
    return Context(SimpleNamespace(**{**made_up, **fields}))


@dataclass
class Called:
    """What the handler answered."""

    failed: list
    failed_from: Optional[int] = None
    state: Any = None
    #: The text of what it raised.
    error: Optional[str] = None


def call(handle, records, where: Optional[Context] = None) -> Called:
    """Calls the handler as the trigger does."""
    try:
        given = asyncio.run(call_async(handle, list(records), where or context()))
    except Err as failed:
        return Called([], error=failed.value)
    state = None if given.window_state is None else json.loads(given.window_state)
    return Called(given.failed, given.failed_from, state)
