import assert from "node:assert/strict";
import { test } from "node:test";
import { call, record } from "spin-kinesis-sdk/testing";
import handle from "./handler.js";

test("a record that is no text comes again", async () => {
  const called = await call(handle, [record("an order"), record(Uint8Array.of(0xff))]);
  assert.equal(called.failedFrom, 1);
});
