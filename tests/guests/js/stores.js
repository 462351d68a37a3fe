// Asks the host for what its records say, and prints a line for each: what came of it, or the error. In every world.
import { openRedis } from "spin-kinesis-sdk/redis";
import { openDatabase } from "spin-kinesis-sdk/sqlite";
import { openStore } from "spin-kinesis-sdk/key-value";
import { variable } from "spin-kinesis-sdk/variables";

const store = openStore(); // opened by the first call that uses it

const DEEDS = {
  set: (key, value) => store.set(key, value) ?? "set",
  get: (key) => store.getText(key),
  count: (key) => {
    const count = (store.getJson(key) ?? 0) + 1;
    store.setJson(key, count);
    return count;
  },
  keys: () => store.getKeys().sort().join(),
  delete: (key) => store.delete(key) ?? store.exists(key),
  open: (label) => openStore(label).getKeys().length,
  variable,
  sql: (statement) => JSON.stringify(openDatabase().query(statement.replaceAll("_", " "), [7, "x", null, Uint8Array.of(1)])),
  redis: (address) => {
    const redis = openRedis(address);
    redis.set("key", "41");
    const did = [redis.incr("key"), redis.getText("key"), redis.sadd("set", "a", "b"), redis.smembers("set").sort(), redis.del("key", "no")];
    return JSON.stringify([...did, ...redis.execute("MGET", "key", "no"), ...redis.execute("ECHO", 7).map(textOf)]);
  },
};

const textOf = (bytes) => new TextDecoder().decode(bytes);

/** `more`: deeds that only some worlds have. */
export function line(record, more = {}) {
  const [deed, ...words] = record.text().split(" ");
  const done = (value) => console.log(`${deed} ${value}`);
  const failed = (error) => console.log(`${deed} failed: ${error.name} ${error.code ?? "-"} ${error.message}`);
  try {
    const value = (DEEDS[deed] ?? more[deed])(...words);
    return typeof value?.then === "function" ? value.then(done, failed) : done(value);
  } catch (error) {
    return failed(error);
  }
}

export default (records) => {
  for (const record of records) line(record);
};
