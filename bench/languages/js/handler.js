// Looks at every record, prints a line a batch.
import { handler } from "spin-kinesis-sdk";

export default handler(async (records) => {
  let bytes = 0;
  let first = 0;
  for (const { data } of records) {
    bytes += data.length;
    first += data[0] ?? 0;
  }
  console.log(`${records.length} records, ${bytes} bytes, ${first}`);
});
