// Bodies: what a program gives, and what it reads.

/** The most that `text()`, `json()`, `bytes()` and `arrayBuffer()` take; `body` has no end. */
export const WHOLE_MAX = 128 * 1024 * 1024;

/** `{ pieces, length, type }`: what to send, its length where it is known, and the content type that goes with it. */
export function outgoing(body) {
  if (body === undefined || body === null) return undefined;
  if (typeof body === "string") {
    const bytes = new TextEncoder().encode(body);
    return { pieces: [bytes], length: bytes.length, type: "text/plain;charset=UTF-8" };
  }
  if (body instanceof ArrayBuffer) return { pieces: [new Uint8Array(body)], length: body.byteLength };
  if (ArrayBuffer.isView(body)) {
    return { pieces: [new Uint8Array(body.buffer, body.byteOffset, body.byteLength)], length: body.byteLength };
  }
  if (body[Symbol.toStringTag] === "URLSearchParams") {
    return { ...outgoing(String(body)), type: "application/x-www-form-urlencoded;charset=UTF-8" };
  }
  if (typeof body[Symbol.asyncIterator] === "function" || typeof body[Symbol.iterator] === "function") {
    return { pieces: body, length: undefined, once: true };
  }
  if (body.constructor === Object) throw new TypeError("a body is no plain object: send JSON.stringify(…) of it");
  return outgoing(String(body));
}

/** All that comes from `source`, a `{ next, cancel }`. Pieces are copied, so that small ones hold no more than they are. */
export async function collected(source, expected, limit = WHOLE_MAX) {
  const tooLong = async () => {
    await source.cancel();
    throw new TypeError(`the body is longer than ${limit} bytes: read it piece by piece, from response.body`);
  };
  if (expected > limit) await tooLong();
  let bytes = new Uint8Array(Math.min(expected || 0, 1024 * 1024));
  let length = 0;
  for (let piece; (piece = await source.next()); ) {
    if (length + piece.length > limit) await tooLong();
    if (length + piece.length > bytes.length) {
      const larger = new Uint8Array(Math.min(limit, Math.max(2 * bytes.length, length + piece.length)));
      larger.set(bytes.subarray(0, length));
      bytes = larger;
    }
    bytes.set(piece, length);
    length += piece.length;
  }
  return bytes.subarray(0, length);
}
