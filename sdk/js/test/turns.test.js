// What waits for the host, on one that is made here: its time goes on when all that is left waits for it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { build } from "esbuild";

const SOURCE = `
  export { makeFetch } from "./web/fetch.js";
  export { send } from "./web/send.js";
  export { AbortController, AbortSignal } from "./web/abort.js";
  export { clearTimeout, setTimeout } from "./web/timers.js";
  export { timer } from "./host/turns.js";
`;

const hostModules = {
  name: "host-modules",
  setup(to) {
    to.onResolve({ filter: /^wa[sz]i:/ }, ({ path }) => ({ path, namespace: "host" }));
    to.onLoad({ filter: /./, namespace: "host" }, () => ({ contents: "module.exports = host;" }));
  },
};

const { outputFiles: [{ text: script }] } = await build({
  stdin: { contents: SOURCE, resolveDir: new URL("../src", import.meta.url).pathname },
  bundle: true,
  write: false,
  format: "iife",
  globalName: "sdk",
  platform: "neutral",
  plugins: [hostModules],
});

/** What is written to it is read when all promises that can go on have done so. */
globalThis.wit = {
  Stream: () => ({ readable: { read: () => new Promise(setImmediate) }, writable: { async write() {} } }),
};

/** Each answer is sent `millis` after its request; `get` is what a future that is ready gives. */
class Host {
  now = 0;
  open = new Set();
  misused = [];

  constructor({ millis = 0, get = (host) => host.response() } = {}) {
    this.millis = millis;
    this.get = get;
  }

  /** Such a one as ends the component where it is used after it was dropped. */
  resource(name, methods) {
    const made = { name };
    const checked = (method, call) => (...values) => {
      if (!this.open.has(made)) {
        this.misused.push(`${name}.${method}`);
        throw new Error(`${name} is dropped`);
      }
      return call(...values);
    };
    for (const [method, call] of Object.entries(methods)) made[method] = checked(method, call);
    made[Symbol.dispose] = checked("drop", () => this.open.delete(made));
    this.open.add(made);
    return made;
  }

  response(headers = () => this.resource("fields", { entries: () => [] })) {
    return { tag: "ok", val: { tag: "ok", val: this.resource("response", { headers, status: () => 204 }) } };
  }

  pollable(at) {
    return this.resource("pollable", { at: () => at });
  }

  subscribeDuration = (nanos) => this.pollable(this.now + nanos / 1e6);

  poll = (list) => {
    const due = list.map((pollable) => pollable.at());
    this.now = Math.max(this.now, Math.min(...due));
    return [...due.keys()].filter((index) => due[index] <= this.now);
  };

  handle = () => {
    const at = this.now + this.millis;
    return this.resource("future", { subscribe: () => this.pollable(at), get: () => this.get(this) });
  };

  Fields = { fromList: () => ({}) };
  OutgoingRequest = class {
    setMethod() {}
    setScheme() {}
    setAuthority() {}
    setPathWithQuery() {}
  };

  sdk() {
    return new Function("host", `${script}; return sdk;`)(this);
  }
}

const settled = () => new Promise((done) => setTimeout(done, 5));

test("a request is answered", async () => {
  const host = new Host({ millis: 5 });
  const { makeFetch, send } = host.sdk();
  assert.equal((await makeFetch(send)("http://h/")).status, 204);
  assert.deepEqual([host.now, host.open.size, host.misused], [5, 0, []]);
});

test("a request whose time is over as its answer comes is ended once", async () => {
  const host = new Host({ millis: 5 });
  const { makeFetch, send, AbortSignal } = host.sdk();
  await assert.rejects(makeFetch(send)("http://h/", { signal: AbortSignal.timeout(5) }), { name: "TimeoutError" });
  await settled();
  assert.deepEqual([host.now, host.open.size, host.misused], [5, 0, []]);
});

test("an answer that comes as its request is aborted is dropped", async () => {
  const host = new Host({ millis: 5 });
  const { makeFetch, send, AbortController, setTimeout: later } = host.sdk();
  const controller = new AbortController();
  const fetched = makeFetch(send)("http://h/", { signal: controller.signal });
  later(() => controller.abort(), 5);
  await assert.rejects(fetched, { name: "AbortError" });
  await settled();
  assert.deepEqual([host.now, host.open.size, host.misused], [5, 0, []]);
});

test("a timer that another of its turn clears does nothing", async () => {
  const host = new Host();
  const { clearTimeout, setTimeout: later } = host.sdk();
  const called = [];
  later(() => {
    called.push("first");
    clearTimeout(second);
  }, 5);
  const second = later(() => called.push("second"), 5);
  await settled();
  assert.deepEqual([called, host.open.size, host.misused], [["first"], 0, []]);
});

test("an answer that redirects nowhere is dropped", async () => {
  const entries = () => [["location", new TextEncoder().encode("http://")]];
  const get = (host) => {
    const headers = () => host.resource("fields", { entries });
    return { tag: "ok", val: { tag: "ok", val: host.resource("response", { headers, status: () => 302 }) } };
  };
  const host = new Host({ get });
  const { makeFetch, send } = host.sdk();
  await assert.rejects(makeFetch(send)("http://h/"), TypeError);
  assert.deepEqual([host.open.size, host.misused], [0, []]);
});

const fails = () => {
  throw new Error("no such handle");
};

test("an answer that cannot be taken is a failure, and nothing waits for it", async () => {
  const request = { url: { scheme: "http", authority: "h", target: "/", origin: "http://h" }, method: "GET", headers: [] };
  for (const get of [fails, () => undefined, (host) => host.response(fails)])
    await assert.rejects(new Host({ get }).sdk().send(request).answer, /no such handle|undefined/);
});

test("what waits after a turn that failed is served", async (t) => {
  const host = new Host();
  const { timer } = host.sdk();
  // The failure itself is nobody's to catch; the runner would take it for the test's.
  const listeners = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  t.after(() => listeners.forEach((listener) => process.on("unhandledRejection", listener)));
  const failed = new Promise((done) => process.once("unhandledRejection", done));
  const { poll } = host;
  host.poll = () => {
    host.poll = poll;
    throw new Error("not now");
  };
  const first = timer(1).promise;
  assert.equal((await failed).message, "not now");
  await Promise.all([first, timer(2).promise]);
  assert.deepEqual([host.now, host.open.size], [2, 0]);
});
