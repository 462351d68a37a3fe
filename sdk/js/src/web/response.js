// What a request is answered with.

import { collected, outgoing } from "./body.js";
import { Headers } from "./headers.js";

/** Marks what `fetch` makes: nobody else has it. */
const FETCHED = Symbol("fetched");

/** The pieces of a body that is there already. */
function ready(pieces) {
  const iterator = pieces[Symbol.asyncIterator]?.() ?? pieces[Symbol.iterator]();
  return {
    next: async () => (await iterator.next()).value,
    cancel: async () => void (await iterator.return?.()),
  };
}

export class Response {
  #source;
  #taken = false;
  #body;

  constructor(body, init = {}) {
    const { status = 200, statusText = "", headers, [FETCHED]: fetched } = init;
    if (!Number.isInteger(status) || status < 100 || status > 999) throw new RangeError(`${status} is no status`);
    this.status = status;
    this.statusText = String(statusText);
    this.headers = headers instanceof Headers && fetched ? headers : new Headers(headers);
    this.url = fetched?.url ?? "";
    this.redirected = fetched?.redirected ?? false;
    this.type = fetched ? "basic" : "default";
    if (fetched) {
      this.#source = fetched.source;
    } else {
      const given = outgoing(body);
      if (given?.type && !this.headers.has("content-type")) this.headers.set("content-type", given.type);
      this.#source = given && ready(given.pieces);
    }
  }

  get ok() {
    return this.status >= 200 && this.status < 300;
  }

  get bodyUsed() {
    return this.#taken;
  }

  #take() {
    if (this.#taken) throw new TypeError("the body was read already");
    this.#taken = this.#source !== undefined;
    return this.#source;
  }

  /** Its pieces, as they come: `for await (const piece of response.body)`. */
  get body() {
    if (!this.#source) return null;
    const response = this;
    return (this.#body ??= {
      async *[Symbol.asyncIterator]() {
        const source = response.#take();
        let ended = false;
        try {
          for (let piece; (piece = await source.next()); ) yield piece;
          ended = true;
        } finally {
          if (!ended) await source.cancel();
        }
      },
      async cancel() {
        if (!response.#taken) await response.#take().cancel();
      },
    });
  }

  async bytes() {
    const source = this.#take();
    return source ? collected(source, Number(this.headers.get("content-length"))) : new Uint8Array();
  }

  async arrayBuffer() {
    const bytes = await this.bytes();
    return bytes.length === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
  }

  async text() {
    return new TextDecoder().decode(await this.bytes());
  }

  async json() {
    return JSON.parse(await this.text());
  }
}

/** @param source `{ next, cancel }` of the body's pieces, or undefined where there is none */
export const fetchedResponse = ({ status, headers, source, url, redirected }) =>
  new Response(null, { status, headers, [FETCHED]: { source, url, redirected } });
