// Redis, through the host's connections.

import { Connection } from "#host/redis";
import { asking, bytesOf, oncePerName, textOf } from "./host-error.js";

function argument(value) {
  if (typeof value !== "number") return { tag: "binary", val: bytesOf(value, "an argument") };
  return Number.isSafeInteger(value) ? { tag: "int64", val: value } : { tag: "binary", val: bytesOf(String(value)) };
}

const keysOf = (keys, what) => Array.from(keys, (key) => textOf(key, what));

class Redis {
  #address;
  #opened;

  constructor(address) {
    this.#address = address;
  }

  // The address may hold a password: it is in no message.
  #ask(call) {
    const hints = {
      "invalid-address":
        "it must be redis://[user:password@]host[:port][/database], in the component's allowed_outbound_hosts, and let it log in",
    };
    return asking("redis", hints, () => call((this.#opened ??= Connection.open(this.#address))));
  }

  get(key) {
    const name = textOf(key, "a key");
    return this.#ask((redis) => redis.get(name)) ?? null;
  }

  getText(key) {
    const value = this.get(key);
    return value && new TextDecoder().decode(value);
  }

  set(key, value) {
    const [name, bytes] = [textOf(key, "a key"), bytesOf(value, "a value")];
    this.#ask((redis) => redis.set(name, bytes));
  }

  incr(key) {
    const name = textOf(key, "a key");
    return this.#ask((redis) => redis.incr(name));
  }

  del(...keys) {
    const names = keysOf(keys, "a key");
    return this.#ask((redis) => redis.del(names));
  }

  sadd(key, ...members) {
    const [name, values] = [textOf(key, "a key"), keysOf(members, "a member")];
    return this.#ask((redis) => redis.sadd(name, values));
  }

  srem(key, ...members) {
    const [name, values] = [textOf(key, "a key"), keysOf(members, "a member")];
    return this.#ask((redis) => redis.srem(name, values));
  }

  smembers(key) {
    const name = textOf(key, "a key");
    return this.#ask((redis) => redis.smembers(name));
  }

  publish(channel, payload) {
    const [name, bytes] = [textOf(channel, "a channel"), bytesOf(payload, "a payload")];
    this.#ask((redis) => redis.publish(name, bytes));
  }

  execute(command, ...given) {
    const [name, values] = [textOf(command, "a command"), given.map(argument)];
    return this.#ask((redis) => redis.execute(name, values)).map(({ tag, val }) => (tag === "nil" ? null : val));
  }
}

const connections = oncePerName((address) => new Redis(address));

/** The server at that address. */
export function openRedis(address) {
  return connections(textOf(address, "an address"));
}
