// What a handler returned or threw, in the words of the world.

/** Thrown for one record: those before it are handled, it and all behind it come again. */
export class RecordFailed extends Error {
  constructor(record, message = "failed", options) {
    super(message, options);
    this.name = "RecordFailed";
    this.record = record;
  }
}

/** Indexes of records that are given as records or as indexes. */
function indexesOf(records, failed) {
  const given = [...failed];
  const places = given.length > 8 ? new Map(records.map((record, index) => [record, index])) : undefined;
  return given.map((item) => {
    const index = typeof item === "number" ? item : places ? (places.get(item) ?? -1) : records.indexOf(item);
    if (!Number.isInteger(index) || index < 0 || index >= records.length)
      throw new RangeError("the handler names a failed record that is not in its batch");
    return index;
  });
}

const stateBytes = (state) => (state instanceof Uint8Array ? state : new TextEncoder().encode(JSON.stringify(state)));

/** A `batch-result`. `before` is the state that the call was given: what returns none keeps it. */
export function batchResult(records, returned, before) {
  const result = returned ?? {};
  if (typeof result !== "object")
    throw new TypeError(`a handler returns nothing or an object, not ${JSON.stringify(result)}`);
  const windowState = result.state === undefined ? (before ?? null) : stateBytes(result.state);
  return { outcome: outcome(records, result), windowState };
}

function outcome(records, { failed, failedFrom }) {
  if (failed != null && failedFrom != null) throw new TypeError("return failed or failedFrom, not both");
  if (failedFrom != null) return { tag: "failed-from", val: indexesOf(records, [failedFrom])[0] };
  const items = failed == null ? [] : indexesOf(records, failed);
  return items.length > 0 ? { tag: "failed-items", val: items } : { tag: "done" };
}

/** The text of an error as the host logs it. */
export function errorText(thrown) {
  if (!(thrown instanceof Error)) return typeof thrown === "string" ? thrown : (JSON.stringify(thrown) ?? "undefined");
  return thrown.name === "Error" || !thrown.name ? thrown.message || "Error" : `${thrown.name}: ${thrown.message}`;
}

/** A result for what was thrown, or undefined where it says nothing of a single record. */
export function resultOfThrown(records, thrown, before) {
  const index = thrown?.name === "RecordFailed" ? records.indexOf(thrown.record) : -1;
  if (index < 0) return undefined;
  console.error(`record ${thrown.record.sequenceNumber} failed: ${thrown.message}`);
  return { outcome: { tag: "failed-from", val: index }, windowState: before ?? null };
}
