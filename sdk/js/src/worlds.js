// One function a world: from a handler to what the component exports.

import { begun, over } from "./call.js";
import { Context } from "./context.js";
import { batchResult, errorText, resultOfThrown } from "./outcome.js";
import { KinesisRecord } from "./record.js";

const isPromise = (value) => typeof value?.then === "function";

function checked(handle) {
  if (typeof handle === "function") return handle;
  throw new TypeError("a handler's module must have a function as its default export: export default handler(…)");
}

function noPromise(value, world) {
  if (isPromise(value))
    throw new TypeError(`the handler returned a promise: a handler of ${world} cannot wait; build it for stream-handler-async`);
  return value;
}

/** The stack goes to stderr, the text to the host. */
function report(thrown) {
  if (thrown?.stack) console.error(thrown);
  return errorText(thrown);
}

function recordsOf(raw) {
  for (const record of raw) KinesisRecord.from(record);
  return raw;
}

/** `trigger-kinesis:handler/handle-async`. What it throws is the error's text. */
export function streamHandlerAsync(handle) {
  checked(handle);
  return {
    async batch(rawContext, rawRecords) {
      const context = Context.from(rawContext);
      const records = recordsOf(rawRecords);
      const before = context.windowState;
      begun();
      try {
        return batchResult(records, await handle(records, context), before);
      } catch (thrown) {
        const result = resultOfThrown(records, thrown, before);
        if (result) return result;
        throw report(thrown);
      } finally {
        over();
      }
    },
  };
}

/** `trigger-kinesis:handler/handle`. */
export function streamHandler(handle) {
  checked(handle);
  return {
    batch(rawContext, rawRecords) {
      const context = Context.from(rawContext);
      const records = recordsOf(rawRecords);
      const before = context.windowState;
      try {
        return batchResult(records, noPromise(handle(records, context), "stream-handler"), before);
      } catch (thrown) {
        const result = resultOfThrown(records, thrown, before);
        if (result) return result;
        throw report(thrown);
      }
    },
  };
}

/**
 * `handle-batch-records` of `fermyon:spin-kinesis`. Failed records are named as Lambda does, which the trigger heeds
 * with `function_response_types = ["ReportBatchItemFailures"]`; else the whole batch comes again.
 */
export function spinKinesis(handle) {
  checked(handle);
  const itemFailures = (records, { outcome }) => {
    if (outcome.tag === "done") return;
    const indexes = outcome.tag === "failed-from" ? [outcome.val] : outcome.val;
    const batchItemFailures = indexes.map((index) => ({ itemIdentifier: records[index].sequenceNumber }));
    throw { tag: "other", val: JSON.stringify({ batchItemFailures }) };
  };
  return (rawRecords) => {
    const records = recordsOf(rawRecords);
    let result;
    try {
      result = batchResult(records, noPromise(handle(records), "spin-kinesis"));
    } catch (thrown) {
      result = resultOfThrown(records, thrown);
      if (!result) throw { tag: "other", val: report(thrown) };
    }
    itemFailures(records, result);
  };
}
