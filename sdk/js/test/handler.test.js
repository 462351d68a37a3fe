import assert from "node:assert/strict";
import { test } from "node:test";
import { eachRecord, groupByKey, handler, RecordFailed } from "spin-kinesis-sdk";
import { call, context, record } from "spin-kinesis-sdk/testing";
import { spinKinesis, streamHandler, streamHandlerAsync } from "../src/worlds.js";

const DONE = { failed: [], failedFrom: undefined };
const three = () => [record("a"), record("b"), record("c")];

// What handlers complain about belongs to the tests, not to their output.
console.error = () => {};

test("a handler that returns nothing has handled all", async () => {
  assert.deepEqual(await call(handler(() => {}), three()), DONE);
  assert.deepEqual(await call(handler(async () => {}), three()), DONE);
  assert.deepEqual(await call(handler(() => {}), []), DONE);
});

test("a handler gets records and context", async () => {
  let seen;
  await call((records, where) => (seen = [records.map((r) => r.text()), where.shardId, where.attempt]) && undefined, three(),
    context({ attempt: 3 }));
  assert.deepEqual(seen, [["a", "b", "c"], "shardId-000000000000", 3]);
});

test("failed records may be named by themselves or by index", async () => {
  const records = three();
  assert.deepEqual((await call(() => ({ failed: [records[2], 0] }), records)).failed, [2, 0]);
  assert.deepEqual(await call(() => ({ failed: [] }), records), DONE);
  assert.equal((await call(() => ({ failedFrom: records[1] }), records)).failedFrom, 1);
});

test("many failed records are found", async () => {
  const records = Array.from({ length: 1000 }, (_, n) => record(String(n)));
  assert.equal((await call(() => ({ failed: records }), records)).failed.length, 1000);
});

test("a record of another batch is an error", async () => {
  for (const returned of [{ failed: [record("x")] }, { failed: [3] }, { failedFrom: -1 }, { failed: [0.5] }])
    assert.match((await call(() => returned, three())).error, /not in its batch/);
  assert.match((await call(() => ({ failed: [0], failedFrom: 1 }), three())).error, /not both/);
  assert.match((await call(() => "yes", three())).error, /returns nothing or an object/);
});

test("what is thrown becomes the error's text", async () => {
  const textOf = async (thrown) => (await call(async () => { throw thrown; }, three())).error;
  assert.equal(await textOf(new Error("poison")), "poison");
  assert.equal(await textOf(new TypeError("no such thing")), "TypeError: no such thing");
  assert.equal(await textOf("a text"), "a text");
  assert.equal(await textOf({ code: 7 }), '{"code":7}');
  assert.equal(await textOf(undefined), "undefined");
});

test("RecordFailed leaves the records before it handled", async () => {
  const records = three();
  assert.equal((await call(() => { throw new RecordFailed(records[1], "no"); }, records)).failedFrom, 1);
  assert.match((await call(() => { throw new RecordFailed(record("x"), "no"); }, records)).error, /RecordFailed: no/);
});

test("eachRecord stops at the record that throws", async () => {
  const seen = [];
  const picky = (r) => {
    if (r.text() === "b") throw new Error("no");
    seen.push(r.text());
  };
  assert.equal((await call(eachRecord(picky), three())).failedFrom, 1);
  assert.equal((await call(eachRecord(async (r) => picky(r)), three())).failedFrom, 1);
  assert.deepEqual(seen, ["a", "a"]);
  assert.deepEqual(await call(eachRecord(async () => {}), three()), DONE);
});

test("records are grouped by key in order", () => {
  const records = [["k", 1], ["j", 2], ["k", 3]].map(([partitionKey, n]) => record(String(n), { partitionKey }));
  const groups = [...groupByKey(records)].map(([key, group]) => [key, group.map((r) => r.text())]);
  assert.deepEqual(groups, [["k", ["1", "3"]], ["j", ["2"]]]);
});

test("a payload is bytes, text or JSON", () => {
  const bytes = Uint8Array.of(0xff, 0);
  assert.equal(record(bytes).data, bytes);
  assert.throws(() => record(bytes, { sequenceNumber: "49" }).text(), /record 49 is not UTF-8/);
  assert.deepEqual(record({ a: [1] }).json(), { a: [1] });
  assert.throws(() => record("{", { sequenceNumber: "49" }).json(), /record 49 is not JSON/);
  assert.equal(record("x").approximateArrival.getTime(), 1700000000000);
  assert.equal(record("x", { approximateArrivalMillis: 0 }).approximateArrival, undefined);
});

test("a window's state goes from call to call", async () => {
  const count = (records, where) => ({ state: { n: where.state({ n: 0 }).n + records.length } });
  const first = await call(count, three());
  assert.deepEqual(first.state, { n: 3 });
  assert.deepEqual((await call(count, three(), context({ state: first.state }))).state, { n: 6 });
  assert.deepEqual((await call(() => {}, three(), context({ state: { n: 9 } }))).state, { n: 9 });
});

test("state may be bytes", async () => {
  const state = Uint8Array.of(1, 2);
  const { windowState } = await streamHandlerAsync(() => ({ state })).batch(context(), []);
  assert.equal(windowState, state);
});

test("a synchronous world refuses a promise", () => {
  assert.throws(() => streamHandler(async () => {}).batch(context(), three()), /cannot wait/);
  assert.deepEqual(streamHandler(() => ({ failed: [1] })).batch(context(), three()),
    { outcome: { tag: "failed-items", val: [1] }, windowState: null });
  assert.throws(() => spinKinesis(async () => {})([]), ({ tag, val }) => tag === "other" && /cannot wait/.test(val));
});

const raw = (text, sequenceNumber) => ({
  data: { inner: new TextEncoder().encode(text) }, partitionKey: "k", sequenceNumber,
  approximateArrivalTimestamp: 1700000000, encryptionType: { tag: "kms" },
});

test("the first world's records are records", () => {
  let seen;
  spinKinesis((records) => { seen = records[0]; })([raw("a", "1")]);
  assert.deepEqual([seen.text(), seen.partitionKey, seen.sequenceNumber, seen.encryption, seen.approximateArrival.getTime()],
    ["a", "k", "1", "KMS", 1700000000000]);
});

test("the first world's error has its text, and failed records as Lambda names them", () => {
  const thrown = (handle) => {
    try {
      spinKinesis(handle)([raw("a", "1"), raw("b", "2")]);
    } catch (error) {
      return error;
    }
  };
  assert.equal(thrown(() => {}), undefined);
  assert.deepEqual(thrown(() => { throw new Error("poison"); }), { tag: "other", val: "poison" });
  const named = { tag: "other", val: '{"batchItemFailures":[{"itemIdentifier":"2"}]}' };
  assert.deepEqual(thrown((records) => ({ failed: [records[1]] })), named);
  assert.deepEqual(thrown((records) => { throw new RecordFailed(records[1]); }), named);
});

test("a module without a handler is refused when the component is built", () => {
  assert.throws(() => streamHandlerAsync(undefined), /default export/);
  assert.throws(() => handler({}), /takes a function/);
  assert.throws(() => eachRecord(), /takes a function/);
});
