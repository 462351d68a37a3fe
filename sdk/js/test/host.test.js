import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "spin-kinesis-sdk";
import { openStore } from "spin-kinesis-sdk/key-value";
import { openRedis } from "spin-kinesis-sdk/redis";
import { openDatabase } from "spin-kinesis-sdk/sqlite";
import { setVariable } from "spin-kinesis-sdk/testing";
import { variable } from "spin-kinesis-sdk/variables";
import { Store } from "../src/host/key-value.node.js";
import { Connection as RedisConnection } from "../src/host/redis.node.js";
import { Connection as SqliteConnection } from "../src/host/sqlite.node.js";

const refuses = (tag, val) => () => {
  throw Object.assign(new Error("[object Object]"), { payload: { tag, val } });
};

test("a handler's own tests have stores and variables", () => {
  const store = openStore();
  assert.equal(store.get("a"), null);
  assert.equal(store.getText("a"), null);
  assert.equal(store.getJson("a"), null);
  store.set("a", "gr\u00fcn");
  store.setJson("b", { n: [1] });
  store.set("c", Uint8Array.of(0, 255).buffer);
  assert.equal(store.getText("a"), "gr\u00fcn");
  assert.deepEqual(store.getJson("b"), { n: [1] });
  assert.deepEqual([...store.get("c")], [0, 255]);
  assert.deepEqual(store.getKeys(), ["a", "b", "c"]);
  store.delete("a");
  assert.deepEqual([store.exists("a"), store.exists("b")], [false, true]);
  assert.equal(openStore("default"), store);
  assert.equal(openStore("other").exists("b"), false);

  setVariable("place", "here");
  assert.equal(variable("place"), "here");
  assert.throws(() => variable("none"), { name: "HostError", code: "undefined", message: 'variable "none": undefined: none' });
});

test("what the host refuses is an exception with its text", (t) => {
  t.mock.method(Store, "open", refuses("access-denied"));
  assert.throws(() => openStore("secret").get("a"), (error) => error instanceof HostError && error.code === "access-denied" &&
    error.message === 'key-value store "secret": access denied: the component\'s key_value_stores must name "secret"');
  t.mock.method(SqliteConnection, "open", refuses("io", "disk full"));
  assert.throws(() => openDatabase().execute("SELECT 1"), { code: "io", message: 'database "default": io: disk full' });
  t.mock.method(RedisConnection, "open", refuses("other", "no route"));
  assert.throws(() => openRedis("redis://:password@h").get("a"), { message: "redis: other: no route" });
});

test("what would end the component is refused before", () => {
  const store = openStore();
  for (const call of [() => store.get(1), () => store.set("a", 5), () => store.set("a", null), () => store.setJson("a", () => {}),
    () => variable(undefined), () => openStore(null), () => openDatabase().execute(1), () => openDatabase().execute("", [{}]),
    () => openRedis(7), () => openRedis("redis://h").del(1)]) assert.throws(call, TypeError);
});

test("a database's values are those of the language", (t) => {
  const asked = [];
  t.mock.method(SqliteConnection, "open", () => ({
    execute(statement, parameters) {
      asked.push(parameters);
      return { columns: ["a", "b"], rows: [{ values: [{ tag: "integer", val: 7 }, { tag: "null" }] }] };
    },
  }));
  const database = openDatabase("values");
  assert.deepEqual(database.query("SELECT", [1, 1.5, "x", true, null, Uint8Array.of(1), 2 ** 60]), [{ a: 7, b: null }]);
  assert.deepEqual(asked, [[{ tag: "integer", val: 1 }, { tag: "real", val: 1.5 }, { tag: "text", val: "x" }, { tag: "integer", val: 1 },
    { tag: "null" }, { tag: "blob", val: Uint8Array.of(1) }, { tag: "real", val: 2 ** 60 }]]);
  assert.deepEqual(database.execute("SELECT"), { columns: ["a", "b"], rows: [[7, null]] });
});

test("commands of Redis take numbers, text and bytes", (t) => {
  const asked = [];
  t.mock.method(RedisConnection, "open", () => ({
    execute: (...words) => (asked.push(words), [{ tag: "nil" }, { tag: "int64", val: 3 }, { tag: "status", val: "OK" }]),
    del: (keys) => keys.length,
  }));
  const redis = openRedis("redis://values");
  assert.deepEqual(redis.execute("SET", "k", 5, Uint8Array.of(1)), [null, 3, "OK"]);
  assert.deepEqual(asked, [["SET", [{ tag: "binary", val: new Uint8Array([107]) }, { tag: "int64", val: 5 }, { tag: "binary", val: Uint8Array.of(1) }]]]);
  assert.equal(redis.del("a", "b"), 2);
});
