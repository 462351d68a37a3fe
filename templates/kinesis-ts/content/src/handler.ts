import { type Context, eachRecord, handler, type KinesisRecord } from "spin-kinesis-sdk";

// May see a record again: `record.idempotencyKey` is the same each time.
const inOrder = eachRecord(async (record: KinesisRecord) => {
  console.log(`${record.partitionKey}: ${record.text()}`);
});

// Is called with the records of one shard, in their order. The first one that fails comes again, with all behind it.
export default handler(async (records: KinesisRecord[], context: Context) => {
  console.log(`${records.length} records of ${context.shardId}`);
  return inOrder(records, context);
});
