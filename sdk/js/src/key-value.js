// Spin's key-value stores.

import { Store as HostStore } from "#host/key-value";
import { asking, bytesOf, oncePerName, textOf } from "./host-error.js";

const decode = (bytes) => new TextDecoder().decode(bytes);

class Store {
  #label;
  #opened;

  constructor(label) {
    this.#label = label;
  }

  // Opened when it is first used: a store may be named in a module, whose code is run when the component is built.
  #ask(call) {
    const label = this.#label;
    const hints = {
      "access-denied": `the component's key_value_stores must name "${label}"`,
      "no-such-store": "the runtime config has no such store",
    };
    return asking(`key-value store "${label}"`, hints, () => call((this.#opened ??= HostStore.open(label))));
  }

  get(key) {
    const name = textOf(key, "a key");
    return this.#ask((store) => store.get(name)) ?? null;
  }

  getText(key) {
    const value = this.get(key);
    return value && decode(value);
  }

  getJson(key) {
    const value = this.get(key);
    return value && JSON.parse(decode(value));
  }

  set(key, value) {
    const [name, bytes] = [textOf(key, "a key"), bytesOf(value, "a value")];
    this.#ask((store) => store.set(name, bytes));
  }

  setJson(key, value) {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`a ${typeof value} has no JSON`);
    this.set(key, text);
  }

  delete(key) {
    const name = textOf(key, "a key");
    this.#ask((store) => store.delete(name));
  }

  exists(key) {
    const name = textOf(key, "a key");
    return this.#ask((store) => store.exists(name));
  }

  getKeys() {
    return this.#ask((store) => store.getKeys());
  }
}

const stores = oncePerName((label) => new Store(label));

/** The store with that label. */
export function openStore(label = "default") {
  return stores(textOf(label, "a store's label"));
}
