"""Looks at every record, prints a line a batch."""

from spin_kinesis_sdk import handler


@handler
def handle(records, context):
    count = first = 0
    for record in records:
        data = record.data
        count += len(data)
        first += data[0] if data else 0
    print(f"{len(records)} records, {count} bytes, {first}")
