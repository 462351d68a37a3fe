// AbortSignal and AbortController, as far as fetch needs them.

import { timer } from "#host/turns";

function named(name, message) {
  const error = new Error(message);
  error.name = name;
  return error;
}

let fire;

export class AbortSignal {
  #calls = new Set();
  aborted = false;
  reason = undefined;
  onabort = null;

  static {
    fire = (signal, reason = named("AbortError", "the operation was aborted")) => {
      if (signal.aborted) return;
      signal.aborted = true;
      signal.reason = reason;
      const event = { type: "abort", target: signal };
      signal.onabort?.(event);
      for (const call of [...signal.#calls]) call(event);
      signal.#calls.clear();
    };
  }

  static abort(reason) {
    const signal = new AbortSignal();
    fire(signal, reason);
    return signal;
  }

  static timeout(millis) {
    if (!(millis >= 0)) throw new RangeError("a timeout is a number of milliseconds");
    const signal = new AbortSignal();
    timer(millis).promise.then(() => fire(signal, named("TimeoutError", `the operation took longer than ${millis} ms`)));
    return signal;
  }

  static any(signals) {
    const signal = new AbortSignal();
    for (const one of signals) {
      if (one.aborted) fire(signal, one.reason);
      else one.addEventListener("abort", () => fire(signal, one.reason));
    }
    return signal;
  }

  addEventListener(type, call) {
    if (type === "abort" && !this.aborted) this.#calls.add(call);
  }

  removeEventListener(type, call) {
    if (type === "abort") this.#calls.delete(call);
  }

  throwIfAborted() {
    if (this.aborted) throw this.reason;
  }
}

export class AbortController {
  signal = new AbortSignal();

  abort(reason) {
    fire(this.signal, reason);
  }
}

/**
 * What `work` comes to, unless the signal is aborted first: then `cancel` is called, and `late` with what it came to
 * after all.
 */
export function unlessAborted(signal, work, cancel, late = () => {}) {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    let over = false;
    const aborted = () => {
      over = true;
      reject(signal.reason);
      cancel();
    };
    signal.addEventListener("abort", aborted);
    const settled = (tell) => (value) => {
      signal.removeEventListener("abort", aborted);
      tell(value);
    };
    work.then((value) => (over ? late(value) : settled(resolve)(value)), settled(reject));
  });
}
