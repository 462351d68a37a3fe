// TextEncoder and TextDecoder (UTF-8 only) for a runtime that has none. The common cases stay in native code.

/** Each byte as one character. */
function latin1(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode.apply(null, bytes.subarray(at, at + 8192));
  return text;
}

// The ranges of a sequence's second byte, by its first, as the WHATWG standard has them.
function sequence(first) {
  if (first >= 0xc2 && first <= 0xdf) return [1, 0x80, 0xbf, first & 0x1f];
  if (first >= 0xe0 && first <= 0xef) return [2, first === 0xe0 ? 0xa0 : 0x80, first === 0xed ? 0x9f : 0xbf, first & 0x0f];
  if (first >= 0xf0 && first <= 0xf4) return [3, first === 0xf0 ? 0x90 : 0x80, first === 0xf4 ? 0x8f : 0xbf, first & 0x07];
  return undefined;
}

/** Every maximal wrong part becomes one U+FFFD. */
export function decodeLeniently(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at++];
    if (first < 0x80) {
      text += String.fromCharCode(first);
      continue;
    }
    let [missing, low, high, point] = sequence(first) ?? [0, 0, 0, 0xfffd];
    for (; missing > 0; --missing) {
      const next = bytes[at];
      if (next === undefined || next < low || next > high) {
        point = 0xfffd;
        break;
      }
      [low, high] = [0x80, 0xbf];
      point = (point << 6) | (next & 0x3f);
      ++at;
    }
    text += String.fromCodePoint(point);
  }
  return text;
}

const bytesOf = (input) => {
  if (input === undefined) return new Uint8Array();
  if (input instanceof Uint8Array) return input;
  return ArrayBuffer.isView(input) ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength) : new Uint8Array(input);
};

export class Utf8Decoder {
  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    if (!/^\s*(utf-?8|unicode-1-1-utf-8)\s*$/i.test(label)) throw new RangeError(`only UTF-8 is supported, not ${label}`);
    this.encoding = "utf-8";
    this.fatal = fatal;
    this.ignoreBOM = ignoreBOM;
  }

  decode(input, { stream = false } = {}) {
    if (stream) throw new TypeError("decoding in parts is not supported");
    let bytes = bytesOf(input);
    if (!this.ignoreBOM && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) bytes = bytes.subarray(3);
    const text = latin1(bytes);
    if (!/[\x80-\xff]/.test(text)) return text;
    try {
      return decodeURIComponent(escape(text));
    } catch {
      if (this.fatal) throw new TypeError("the bytes are not UTF-8");
      return decodeLeniently(bytes);
    }
  }
}

export class Utf8Encoder {
  get encoding() {
    return "utf-8";
  }

  encode(text = "") {
    const bytes = unescape(encodeURIComponent(String(text).toWellFormed()));
    const out = new Uint8Array(bytes.length);
    for (let at = 0; at < bytes.length; ++at) out[at] = bytes.charCodeAt(at);
    return out;
  }

  encodeInto(text, target) {
    let read = 0;
    let written = 0;
    for (const character of String(text).toWellFormed()) {
      const bytes = this.encode(character);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      read += character.length;
      written += bytes.length;
    }
    return { read, written };
  }
}
