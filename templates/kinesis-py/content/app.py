from spin_kinesis_sdk import each_record, handler


@handler
def handle(records, context):
    """Is called with the records of one shard, in their order. The first one that fails comes again, with all behind it."""
    print(f"{len(records)} records of {context.shard_id}")
    return in_order(records, context)


@each_record
def in_order(record, context):
    """May see a record again: record.idempotency_key is the same each time."""
    print(f"{record.partition_key}: {record.text()}")
