// What a handler imports.

export { KinesisRecord } from "./record.js";
export { Context } from "./context.js";
export { RecordFailed } from "./outcome.js";
export { HostError } from "./host-error.js";

/** Says that `handle` is the handler: `export default handler((records, context) => { … })`. */
export function handler(handle) {
  if (typeof handle !== "function") throw new TypeError("handler() takes a function of (records, context)");
  return handle;
}

/**
 * A handler that calls `handle(record, context)` for each record, in order. When it throws, the records before that
 * one are handled; that one and all behind it come again.
 */
export function eachRecord(handle) {
  if (typeof handle !== "function") throw new TypeError("eachRecord() takes a function of (record, context)");
  return (records, context) => walk(handle, records, context, 0);
}

// Goes on without `await` as long as `handle` returns no promise: a synchronous world has none.
function walk(handle, records, context, from) {
  for (let index = from; index < records.length; ++index) {
    try {
      const answer = handle(records[index], context);
      if (typeof answer?.then === "function")
        return answer.then(() => walk(handle, records, context, index + 1), (cause) => stopped(records, index, cause));
    } catch (cause) {
      return stopped(records, index, cause);
    }
  }
  return undefined;
}

function stopped(records, index, cause) {
  console.error(`record ${records[index].sequenceNumber} failed:`, cause);
  return { failedFrom: index };
}

/** The records by partition key, in order within each key; keys in order of their first record. */
export function groupByKey(records) {
  const groups = new Map();
  for (const record of records) {
    const group = groups.get(record.partitionKey);
    if (group) group.push(record);
    else groups.set(record.partitionKey, [record]);
  }
  return groups;
}
