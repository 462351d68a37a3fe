// For a handler's own unit tests: calls it as the trigger does.

export { setVariable } from "./host/variables.node.js";

import { Context } from "./context.js";
import { KinesisRecord } from "./record.js";
import { streamHandlerAsync } from "./worlds.js";

const STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/test";
const SHARD = "shardId-000000000000";

function bytesOf(data) {
  if (data instanceof Uint8Array) return data;
  return new TextEncoder().encode(typeof data === "string" ? data : JSON.stringify(data));
}

/** A record with that payload (text, bytes, or what becomes JSON); `fields` replaces what is made up. */
export function record(data, fields = {}) {
  const sequenceNumber = fields.sequenceNumber ?? String(++made);
  return KinesisRecord.from({
    data: bytesOf(data),
    partitionKey: "key",
    explicitHashKey: null,
    sequenceNumber,
    subSequenceNumber: 0,
    approximateArrivalMillis: 1700000000000,
    idempotencyKey: `${STREAM}/1700000000000/${SHARD}/${sequenceNumber}/0`,
    ...fields,
  });
}
let made = 0;

/** A context; `state` (JSON) and `fields` replace what is made up. */
export function context({ state, ...fields } = {}) {
  return Context.from({
    streamArn: STREAM,
    shardId: SHARD,
    attempt: 1,
    millisBehindLatest: 0,
    fencingToken: 1,
    window: null,
    windowState: state === undefined ? null : bytesOf(JSON.stringify(state)),
    ...fields,
  });
}

/** Calls the handler. What it returned, as the trigger gets it; `error` is the text of what it threw. */
export async function call(handle, records, where = context()) {
  try {
    const { outcome, windowState } = await streamHandlerAsync(handle).batch(where, records);
    const result = { failed: [], failedFrom: undefined };
    if (outcome.tag === "failed-items") result.failed = outcome.val;
    if (outcome.tag === "failed-from") result.failedFrom = outcome.val;
    if (windowState) result.state = JSON.parse(new TextDecoder().decode(windowState));
    return result;
  } catch (error) {
    return { error };
  }
}
