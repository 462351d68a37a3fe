"""Handlers of Kinesis records.

    from spin_kinesis_sdk import handler

    @handler
    def handle(records, context):
        for record in records:
            print(record.partition_key, record.json())

    componentize-py -w stream-handler componentize app -o app.wasm
"""

from ._handlers import each_record, group_by_key, handler
from ._outcome import Outcome, RecordFailed
from ._record import Context, Record, Window

__all__ = ["Context", "Outcome", "Record", "RecordFailed", "Window", "each_record", "group_by_key", "handler"]
