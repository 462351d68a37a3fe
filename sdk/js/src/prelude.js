// What JavaScript programs expect of their surroundings and the runtime does not have. Evaluated before a handler's
// modules. What the runtime does have is left alone.

import { getRandomBytes } from "wasi:random/random@0.2.12";
import { getStderr } from "wasi:cli/stderr@0.2.12";
import { getStdout } from "wasi:cli/stdout@0.2.12";
import { format } from "./format.js";
import { Utf8Decoder, Utf8Encoder } from "./text.js";

globalThis.TextEncoder ??= Utf8Encoder;
globalThis.TextDecoder ??= Utf8Decoder;

const MOST_A_WRITE = 4096; // of blocking-write-and-flush

function writer(open) {
  const encoder = new TextEncoder();
  return (...values) => {
    const bytes = encoder.encode(`${format(...values)}\n`);
    let out;
    try {
      out = open();
      for (let at = 0; at < bytes.length; at += MOST_A_WRITE) out.blockingWriteAndFlush(bytes.subarray(at, at + MOST_A_WRITE));
    } catch {
      // What cannot be printed must not fail a batch.
    } finally {
      out?.[Symbol.dispose]?.();
    }
  };
}

const print = writer(getStdout);
const complain = writer(getStderr);
globalThis.console ??= {
  log: print,
  info: print,
  debug: print,
  warn: complain,
  error: complain,
  trace: (...values) => complain(...values, `\n${new Error().stack}`),
  assert: (condition, ...values) => condition || complain("Assertion failed:", ...values),
};

// A call begins with the snapshot that the build made: a generator within it would give each call the same numbers.
Math.random = () => {
  const b = getRandomBytes(7);
  const high = ((b[0] & 0x1f) << 16) | (b[1] << 8) | b[2];
  const low = b[3] * 0x1000000 + ((b[4] << 16) | (b[5] << 8) | b[6]);
  return (high * 0x100000000 + low) / 0x20000000000000;
};

globalThis.crypto ??= {
  getRandomValues(target) {
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    bytes.set(getRandomBytes(bytes.length));
    return target;
  },
  randomUUID() {
    const bytes = getRandomBytes(16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  },
};
