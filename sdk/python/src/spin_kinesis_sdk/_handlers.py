"""The decorators that handlers are written with."""

import inspect
import sys
from collections.abc import Iterable
from typing import Callable

from ._outcome import Outcome, RecordFailed, report
from ._record import Record
from ._worlds import exports


def handler(handle: Callable) -> Callable:
    """Makes a function, or an `async def`, of (records, context) what the module's component exports.

    The module is the one that the decorator stands in, and that componentize-py is given.
    """
    if not callable(handle):
        raise TypeError("@handler stands before a function of (records, context)")
    sys._getframe(1).f_globals.update(exports(handle))
    return handle


def each_record(handle: Callable) -> Callable:
    """A handler that calls a function of (record, context) for each record, in order.

        @handler
        @each_record
        def handle(record, context): ...

    When it raises, the records before that one are handled; that one and all behind it come again.
    """
    if inspect.iscoroutinefunction(handle):
        async def handle_all(records, context=None):
            for index, record in enumerate(records):
                try:
                    await handle(record, context)
                except Exception as raised:
                    return _stopped(record, index, raised)
    else:
        def handle_all(records, context=None):
            for index, record in enumerate(records):
                try:
                    handle(record, context)
                except Exception as raised:
                    return _stopped(record, index, raised)
    return handle_all


def _stopped(record: Record, index: int, raised: Exception) -> Outcome:
    text = str(raised) if isinstance(raised, RecordFailed) else report(raised)
    print(f"record {record.sequence_number} failed: {text}", file=sys.stderr)
    return Outcome(failed_from=index)


def group_by_key(records: Iterable[Record]) -> dict[str, list[Record]]:
    """The records by partition key, in order within each key; keys in order of their first record."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record.partition_key, []).append(record)
    return groups
