// Sends one request, over wasi:http 0.2.

import { handle } from "wazi:http/outgoing-handler@0.2.0";
import { Fields, httpErrorCode, OutgoingBody, OutgoingRequest } from "wazi:http/types@0.2.0";
import { whenOver } from "../call.js";
import { waitFor } from "../host/turns.js";

const PIECE_MAX = 64 * 1024;

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]);

// Bodies are kept here until they are closed: the runtime drops what nobody holds any more, in any order, and the host
// ends a component that drops a body before its stream.
const open = new Set();
whenOver(() => {
  for (const body of [...open]) body.giveUp();
});

const drop = (resource) => resource[Symbol.dispose]();

function fieldsOf(headers) {
  try {
    return Fields.fromList(headers);
  } catch (cause) {
    const why = cause?.payload?.tag === "forbidden" ? "one of them is the host's to set" : "the host refuses them";
    throw new TypeError(`headers ${headers.map(([name]) => name).join(", ")}: ${why}`, { cause });
  }
}

const failed = (code) => Object.assign(new Error(code.tag), { payload: code });

/** A stream's error in words of HTTP; undefined where the stream is at its end. */
function streamFailure(cause) {
  const { tag, val } = cause?.payload ?? {};
  if (tag === "closed") return undefined;
  if (tag !== "last-operation-failed") return cause;
  const code = httpErrorCode(val) ?? { tag: "internal-error", val: val.toDebugString() };
  drop(val);
  return failed(code);
}

/** A body on its way to the server, as fast as the host takes it. */
class Outgoing {
  #body;
  #out;
  #wait;

  constructor(body) {
    this.#body = body;
    this.#out = body.write();
    open.add(this);
  }

  /** Rejected with what the pieces themselves throw. What the server does not want is not sent. */
  async send(pieces) {
    const iterator = pieces[Symbol.asyncIterator]?.() ?? pieces[Symbol.iterator]();
    try {
      for (let next; !(next = await iterator.next()).done; ) {
        if (!(next.value instanceof Uint8Array)) throw new TypeError("the pieces of a body are Uint8Arrays");
        if (!(await this.#write(next.value))) {
          await iterator.return?.();
          break;
        }
      }
    } catch (cause) {
      this.giveUp();
      throw cause;
    }
    this.#finish();
  }

  /** False where nobody takes more. */
  async #write(piece) {
    try {
      for (let at = 0; at < piece.length; ) {
        if (!this.#out) return false;
        const room = Math.min(this.#out.checkWrite(), PIECE_MAX);
        if (room > 0) {
          this.#out.write(piece.subarray(at, at + room));
          at += room;
        } else {
          this.#wait = waitFor(this.#out.subscribe());
          await this.#wait.promise;
        }
      }
      return this.#out !== undefined;
    } catch (cause) {
      streamFailure(cause); // The response says why.
      this.giveUp();
      return false;
    }
  }

  #close() {
    if (!open.delete(this)) return false;
    this.#wait?.giveUp();
    drop(this.#out);
    this.#out = undefined;
    return true;
  }

  #finish() {
    if (!this.#close()) return;
    try {
      OutgoingBody.finish(this.#body, null);
    } catch {
      // The response says why.
    }
  }

  /** A body that is dropped unfinished never looks whole to the server. */
  giveUp() {
    if (this.#close()) drop(this.#body);
  }
}

/** A response's body: its pieces, and an error where it breaks off. */
class Incoming {
  #body;
  #stream;
  #wait;

  constructor(response) {
    this.#body = response.consume();
    drop(response);
    this.#stream = this.#body.stream();
    open.add(this);
  }

  async next() {
    while (this.#stream) {
      let piece;
      try {
        piece = this.#stream.read(PIECE_MAX);
      } catch (cause) {
        const failure = streamFailure(cause);
        this.giveUp();
        if (failure) throw failure;
        return undefined;
      }
      if (piece.length > 0) return piece;
      this.#wait = waitFor(this.#stream.subscribe());
      await this.#wait.promise;
    }
    return undefined;
  }

  async cancel() {
    this.giveUp();
  }

  giveUp() {
    if (!open.delete(this)) return;
    this.#wait?.giveUp();
    drop(this.#stream);
    this.#stream = undefined;
    drop(this.#body);
  }
}

function received(response) {
  const fields = response.headers();
  const headers = fields.entries();
  drop(fields);
  return { status: response.status(), headers, body: () => new Incoming(response), drop: () => drop(response) };
}

/** What a future that is ready holds; it is gone then. */
function taken(future) {
  try {
    return future.get().val;
  } finally {
    drop(future);
  }
}

function requestOf({ url, method, headers }) {
  const request = new OutgoingRequest(fieldsOf(headers));
  try {
    request.setMethod(METHODS.has(method) ? { tag: method.toLowerCase() } : { tag: "other", val: method });
    request.setScheme({ tag: url.scheme.toUpperCase() });
    request.setAuthority(url.authority);
    request.setPathWithQuery(url.target);
  } catch (cause) {
    drop(request);
    throw new TypeError(`${method} ${url.origin}: the host takes no such request`, { cause });
  }
  return request;
}

function begun(request, body) {
  try {
    return handle(request, null);
  } catch (cause) {
    body?.giveUp();
    throw cause;
  }
}

/** `{ answer, cancel }`: what it is answered with, unless it is cancelled. */
export function send({ pieces, ...described }) {
  const request = requestOf(described);
  const body = pieces && new Outgoing(request.body());
  const future = begun(request, body);
  const wait = waitFor(future.subscribe());
  let answered = false;
  const cancel = () => {
    body?.giveUp();
    if (answered) return;
    answered = true;
    wait.giveUp();
    drop(future);
  };
  const answer = new Promise((resolve, reject) => {
    wait.promise.then(() => {
      if (answered) return; // What cancelled it became ready in the same turn.
      answered = true;
      try {
        const result = taken(future);
        if (result.tag === "ok") resolve(received(result.val));
        else reject(failed(result.val));
      } catch (cause) {
        reject(cause);
      }
    });
    body?.send(pieces).catch((cause) => {
      cancel();
      reject(cause);
    });
  });
  return { answer, cancel };
}
