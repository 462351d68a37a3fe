// Does what its records' payloads say, in every world. Tests compare its output with that of ../python/app.py.
import { groupByKey, RecordFailed } from "spin-kinesis-sdk";

// One number a build: the same in two calls, if the prelude did not draw it anew.
const drawnAtBuild = Math.random();

function handle(records, context) {
  console.log(`call of ${records.length} from ${context?.shardId ?? "?"} attempt ${context?.attempt ?? "?"}`);
  console.log(`drawn ${Math.random() === drawnAtBuild ? "again" : Math.random()}`);
  for (const record of records) {
    if (record.data.length === 0) {
      console.log("empty");
      continue;
    }
    const text = new TextDecoder().decode(record.data);
    if (text === "error") throw new Error("poison, as told");
    if (text === "type error") undefined.property;
    if (text === "item") return { failed: [record] };
    if (text === "failed") throw new RecordFailed(record, "no good");
    if (text.includes("\ufffd")) console.log(`bytes ${[...record.data].join(" ")}`);
    else console.log(`text ${text}`);
  }
  for (const [key, group] of groupByKey(records)) console.log(`group ${key} ${group.length}`);
  if (!context?.window) return undefined;
  const { count } = context.state({ count: 0 });
  if (context.window.finalCall) console.log(`window of ${count}`);
  return { state: { count: count + records.length } };
}

export default handle;
