import assert from "node:assert/strict";
import { test } from "node:test";
import { format } from "../src/format.js";
import { decodeLeniently, Utf8Decoder, Utf8Encoder } from "../src/text.js";

// Node 18 has no String.prototype.toWellFormed; the runtime has.
String.prototype.toWellFormed ??= function () {
  return this.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
};

test("text is encoded as the platform's encoder does", () => {
  for (const text of ["", "plain", "grün €10 😀", "100%25", "\ud800x", "\u0000"]) {
    assert.deepEqual(new Utf8Encoder().encode(text), new Uint8Array(new TextEncoder().encode(text)), text);
  }
  const target = new Uint8Array(4);
  assert.deepEqual(new Utf8Encoder().encodeInto("aé😀", target), { read: 2, written: 3 });
});

test("bytes are decoded as the platform's decoder does, wrong ones too", () => {
  let seed = 7;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  const pieces = [[0x41], [0x25], [0xc3, 0xa9], [0xe2, 0x82, 0xac], [0xf0, 0x9f, 0x98, 0x80], [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82],
    [0xf0, 0x9f], [0xf4, 0x90, 0x80, 0x80], [0x80], [0xe0, 0x80]];
  for (let round = 0; round < 3000; ++round) {
    const bytes = Uint8Array.from(Array.from({ length: 6 }, () => pieces[Math.floor(random() * pieces.length)]).flat());
    const expected = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    assert.equal(decodeLeniently(bytes), expected);
    assert.equal(new Utf8Decoder("utf-8", { ignoreBOM: true }).decode(bytes), expected);
    if (expected.includes("\ufffd"))
      assert.throws(() => new Utf8Decoder("utf8", { fatal: true }).decode(bytes), TypeError);
  }
});

test("a decoder takes views and buffers of any length, and drops a byte order mark", () => {
  const long = "é".repeat(20000);
  const bytes = new TextEncoder().encode(`xx${long}`);
  assert.equal(new Utf8Decoder().decode(bytes.subarray(2)), long);
  assert.equal(new Utf8Decoder().decode(new DataView(bytes.buffer, 2, 40000)), long);
  assert.equal(new Utf8Decoder().decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41).buffer), "A");
  assert.equal(new Utf8Decoder().decode(), "");
  assert.throws(() => new Utf8Decoder("latin1"), RangeError);
});

test("values are shown as a reader expects", () => {
  const loop = {};
  loop.self = loop;
  assert.equal(format("a", 1, 2n, null, undefined, true), "a 1 2n null undefined true");
  assert.equal(format({ a: [1, "x"], b: new Map([[1, new Set([2])]]) }), '{a: [1, "x"], b: Map(1) {1 => Set(1) {2}}}');
  assert.equal(format(loop), "{self: [Circular]}");
  assert.equal(format(Uint8Array.of(1, 2)), "Uint8Array(2) [1, 2]");
  assert.equal(format({ a: { b: { c: { d: { e: 1 } } } } }), "{a: {b: {c: {d: {…}}}}}");
  assert.match(format(new TypeError("no")), /^TypeError: no\n/);
  assert.equal(format(Array.from({ length: 200 }, () => 0)).length, 1 + 100 * 3 + 1 + 1);
  assert.equal(format(new Date(0)), "1970-01-01T00:00:00.000Z");
});
