// What the host refused or could not do, as an exception.

/** `code` is the interface's own name of it; the message has the host's text where it gave one. */
export class HostError extends Error {
  constructor(message, code, options) {
    super(message, options);
    this.name = "HostError";
    this.code = code;
  }
}

/**
 * Calls the host. Its errors come as `{ tag, val }` beside an error without a text of its own.
 * @param what names what was asked for
 * @param hints by tag: what the user can do
 */
export function asking(what, hints, call) {
  try {
    return call();
  } catch (cause) {
    const { tag, val } = cause?.payload ?? {};
    if (!tag) throw cause;
    const details = [tag.replaceAll("-", " "), val, hints[tag]].filter((part) => typeof part === "string");
    throw new HostError(`${what}: ${details.join(": ")}`, tag);
  }
}

/** The runtime ends a component whose argument is of another type: what is no text is refused before. */
export function textOf(value, what) {
  if (typeof value !== "string") throw new TypeError(`${what} must be a string, not ${value === null ? "null" : typeof value}`);
  return wellFormed(value);
}

/** Without half characters, which no text of the host has. Node 18, which may run a handler's tests, lets them be. */
export const wellFormed = (text) => text.toWellFormed?.() ?? text;

/** Bytes as they are, text as UTF-8. */
export function bytesOf(value, what) {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (typeof value === "string") return new TextEncoder().encode(value);
  throw new TypeError(`${what} must be a string or bytes, not ${value === null ? "null" : typeof value}`);
}

/** One object a name: an instance of the component may open only so many. */
export function oncePerName(make) {
  const made = new Map();
  return (name) => {
    let one = made.get(name);
    if (!one) made.set(name, (one = make(name)));
    return one;
  };
}
