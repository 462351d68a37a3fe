// Headers of requests and responses.

const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

function nameOf(name) {
  const lower = String(name).toLowerCase();
  if (!NAME.test(lower)) throw new TypeError(`${JSON.stringify(String(name))} is no name of a header`);
  return lower;
}

function valueOf(value, name) {
  const text = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
  if (/[^\t\x20-\x7e\x80-\xff]/.test(text)) throw new TypeError(`the header ${name} has a character that none may have`);
  return text;
}

export class Headers {
  #values = new Map(); // by name, in the order of the first of each name

  constructor(init) {
    if (init === undefined || init === null) return;
    if (typeof init !== "object") throw new TypeError("headers are an object, pairs or Headers");
    if (typeof init[Symbol.iterator] === "function") for (const [name, value] of init) this.append(name, value);
    else for (const name of Object.keys(init)) this.append(name, init[name]);
  }

  append(name, value) {
    const key = nameOf(name);
    const text = valueOf(value, key);
    const before = this.#values.get(key);
    if (before) before.push(text);
    else this.#values.set(key, [text]);
  }

  set(name, value) {
    const key = nameOf(name);
    this.#values.set(key, [valueOf(value, key)]);
  }

  get(name) {
    return this.#values.get(nameOf(name))?.join(", ") ?? null;
  }

  getSetCookie() {
    return [...(this.#values.get("set-cookie") ?? [])];
  }

  has(name) {
    return this.#values.has(nameOf(name));
  }

  delete(name) {
    this.#values.delete(nameOf(name));
  }

  forEach(call, self) {
    for (const [name, value] of this) call.call(self, value, name, this);
  }

  *entries() {
    for (const name of [...this.#values.keys()].sort()) {
      if (name === "set-cookie") for (const value of this.getSetCookie()) yield [name, value];
      else yield [name, this.get(name)];
    }
  }

  *keys() {
    for (const [name] of this) yield name;
  }

  *values() {
    for (const [, value] of this) yield value;
  }

  [Symbol.iterator]() {
    return this.entries();
  }
}

/** As the host takes them: a character is a byte. */
export function toHost(headers) {
  const bytes = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0));
  return [...headers].map(([name, value]) => [name, bytes(value)]);
}

export function fromHost(list) {
  const headers = new Headers();
  for (const [name, value] of list) headers.append(name, Array.from(value, (byte) => String.fromCharCode(byte)).join(""));
  return headers;
}
