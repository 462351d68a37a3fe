// For a handler's own tests, which Node runs: stores in memory.

const stores = new Map();

export class Store {
  static open(label) {
    if (!stores.has(label)) stores.set(label, new Store());
    return stores.get(label);
  }

  #values = new Map();

  get(key) {
    return this.#values.get(key)?.slice() ?? null;
  }

  set(key, value) {
    this.#values.set(key, value.slice());
  }

  delete(key) {
    this.#values.delete(key);
  }

  exists(key) {
    return this.#values.has(key);
  }

  getKeys() {
    return [...this.#values.keys()];
  }
}
