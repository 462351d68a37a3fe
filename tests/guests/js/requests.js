// As stores.js, and sends requests: in the world whose handlers may wait.
import { eachRecord } from "spin-kinesis-sdk";
import { line } from "./stores.js";

const shown = async (response) => `${response.status} ${response.headers.get("x-served")} ${await response.text()}`;

async function* pieces(count) {
  for (let piece = 0; piece < count; ++piece) {
    await new Promise((done) => setTimeout(done, 1));
    yield new Uint8Array(100_000).fill(97 + piece);
  }
}

async function steps(count) {
  for (let step = 0; step < count; ++step) await undefined;
  return "won";
}

const DEEDS = {
  fetch: async (url) => shown(await fetch(url)),
  post: async (url, text) => shown(await fetch(url, { method: "POST", body: text, headers: { "x-asked": "gr\u00fcn" } })),
  upload: async (url) => shown(await fetch(url, { method: "PUT", body: pieces(3) })),
  "break-off": async (url) => shown(await fetch(url, { method: "PUT", body: (async function* () {
    yield new Uint8Array(10);
    throw new RangeError("no more");
  })() })),
  json: async (url) => (await (await fetch(url)).json()).number,
  status: async (url) => (await fetch(url, { method: "HEAD" })).status,
  pieces: async (url) => {
    let length = 0;
    for await (const piece of (await fetch(url)).body) length += piece.length;
    return length;
  },
  first: async (url) => {
    for await (const piece of (await fetch(url)).body) return piece.length > 0;
  },
  together: async (url) => (await Promise.all([fetch(url), fetch(url)].map(async (one) => (await one).status))).join(),
  timeout: async (url) => shown(await fetch(url, { signal: AbortSignal.timeout(200) })),
  race: async (millis) => Promise.race([steps(10_000), new Promise((_, late) => setTimeout(late, millis))]),
  header: async (url) => shown(await fetch(url, { headers: { host: "other" } })),
};

export default eachRecord((record) => line(record, DEEDS));
