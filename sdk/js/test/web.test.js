import assert from "node:assert/strict";
import { test } from "node:test";
import { AbortController, AbortSignal } from "../src/web/abort.js";
import { collected } from "../src/web/body.js";
import { makeFetch } from "../src/web/fetch.js";
import { fromHost, Headers, toHost } from "../src/web/headers.js";
import { Response } from "../src/web/response.js";
import { clearTimeout as clear, setTimeout as later } from "../src/web/timers.js";
import { parseUrl } from "../src/web/url.js";

const bytes = (text) => new TextEncoder().encode(text);

/** A body of these pieces, which tells whether it was given up. */
function body(...pieces) {
  return {
    cancelled: false,
    async next() {
      const piece = pieces.shift();
      if (piece instanceof Error) throw piece;
      return piece;
    },
    async cancel() {
      this.cancelled = true;
    },
  };
}

/** A `send` with prepared answers, and what it was asked. */
function server(...answers) {
  const asked = [];
  const answered = async (answer) => {
    if (answer instanceof Error) throw answer;
    const { status = 200, headers = {}, body: given = body() } = answer;
    return { status, headers: toHost(new Headers(headers)), body: () => given, drop: () => (given.cancelled = true) };
  };
  const send = (request) => {
    asked.push(request);
    return { answer: answered(answers.shift()), cancel() {} };
  };
  return { fetch: makeFetch(send), asked };
}

const refusal = (tag, val) => Object.assign(new Error("[object Object]"), { payload: { tag, val } });

test("an address is taken apart as the platform does it", () => {
  for (const text of ["http://h", "HTTP://Host:80/a b?x=ü#f", "https://h:443/a/./b/../c/", "https://h:8443?q", "http://[::1]:8080/%41",
    "http://h/..", "http://h/a/..", "  http://h/\t\n", "http://h/a?b?c#d#e", "http://h/😀"]) {
    const expected = new URL(text);
    const { href, scheme, authority, target } = parseUrl(text);
    assert.deepEqual([href, `${scheme}:`, authority, target],
      [expected.href, expected.protocol, expected.host, expected.pathname + expected.search], text);
  }
});

test("a relative address belongs to another", () => {
  const base = "http://h:81/a/b?c=d#e";
  for (const text of ["x", "./x", "../x?y", "/x", "//other/x", "?y", "#f", "", "https://o/"])
    assert.equal(parseUrl(text, parseUrl(base)).href, new URL(text, base).href, text);
});

test("what is no address is refused", () => {
  for (const text of ["", "/x", "h", "ftp://h/", "http:", "http:///x", "http://a b/", "http://h:99999/", "http://u:p@h/", "mailto:a@b"])
    assert.throws(() => parseUrl(text), TypeError, text);
});

test("messages about addresses tell the host, and no secret", async () => {
  const messages = {
    "http://user:secret@h:81/p?token=secret": '"http://h" is given with a password, which is not sent: use the header authorization',
    "https://u:sec@ret@h/": '"https://h" is given with a password, which is not sent: use the header authorization',
    "http://u:sec@ret/secret@h/": "the address is given with a password, which is not sent: use the header authorization",
    "http://a b/p?token=secret": '"http://a b" names no server: its host or its port is none',
    "http://h:99999/?token=secret#secret": '"http://h" names no server: its host or its port is none',
    "http://user:secret?secret@h/": "the address names no server: its host or its port is none",
    "http:///?token=secret": "the address names no server: its host or its port is none",
    "ftp://user:secret@h/?token=secret": '"ftp://h" is of the scheme ftp: fetch knows http and https',
    "user:secret@h/": "the address has no host: it follows http:// or https://",
    "http:user:secret@h/?token=secret": "the address has no host: it follows http:// or https://",
    "nowhere": '"nowhere" is no absolute address',
    "api.h/p?token=secret": '"api.h" is no absolute address',
    "1user:secret@h/p": '"h" is no absolute address',
    "1user:sec/ret@h?token=secret": "the address is no absolute address",
    "/p?token=secret": "the address is no absolute address",
  };
  for (const [text, message] of Object.entries(messages)) {
    assert.throws(() => parseUrl(text), { name: "TypeError", message }, text);
    assert.ok(!message.includes("secret"));
  }
  for (const [location, message] of [
    ["https://user:secret@other/?token=secret", '"https://other" is given with a password, which is not sent: use the header authorization'],
    ["//user:secret@other/", '"http://other" is given with a password, which is not sent: use the header authorization'],
    ["//oth er/?token=secret", '"http://oth er" names no server: its host or its port is none'],
  ]) await assert.rejects(server({ status: 302, headers: { location } }).fetch("http://h/?token=secret"), { name: "TypeError", message });
});

test("headers are kept as the platform keeps them", () => {
  for (const make of [() => ({ "X-One": "1", b: " 2 " }), () => [["b", "1"], ["a", "2"], ["B", "3"]]]) {
    assert.deepEqual([...new Headers(make())], [...new globalThis.Headers(make())]);
  }
  const headers = new Headers({ a: "1" });
  headers.append("A", "2");
  headers.append("set-cookie", "x=1");
  headers.append("set-cookie", "y=2");
  assert.equal(headers.get("a"), "1, 2");
  assert.deepEqual(headers.getSetCookie(), ["x=1", "y=2"]);
  assert.equal(headers.get("none"), null);
  assert.equal(headers.has("A"), true);
  headers.delete("a");
  assert.deepEqual([...headers.keys()], ["set-cookie", "set-cookie"]);
  for (const wrong of [{ "a b": "1" }, { a: "1\r\nb: 2" }, { a: "\u20ac" }, { "": "1" }]) assert.throws(() => new Headers(wrong), TypeError);
  assert.equal(fromHost(toHost(new Headers({ name: "gr\u00fcn" }))).get("name"), "gr\u00fcn");
});

test("fetch sends what it is given", async () => {
  const { fetch, asked } = server({}, {}, {}, {});
  await fetch("http://h/p?q=1");
  assert.deepEqual({ ...asked[0], headers: fromHost(asked[0].headers).get("accept") },
    { url: parseUrl("http://h/p?q=1"), method: "GET", headers: "*/*", pieces: undefined });
  await fetch(new URL("https://h/"), { method: "post", body: "\u00fc", headers: { "x-a": "b" } });
  assert.deepEqual(asked[1].pieces, [bytes("\u00fc")]);
  assert.deepEqual([...fromHost(asked[1].headers)].filter(([name]) => name !== "user-agent"),
    [["accept", "*/*"], ["content-length", "2"], ["content-type", "text/plain;charset=UTF-8"], ["x-a", "b"]]);
  await fetch("http://h/", { method: "PUT" });
  assert.equal(fromHost(asked[2].headers).get("content-length"), "0");
  for (const [input, init] of [["/p"], ["http://h/", { body: "x" }], ["http://h/", { method: "a b" }], ["http://h/", { method: "CONNECT" }],
    ["http://h/", { method: "POST", body: { a: 1 } }]]) await assert.rejects(fetch(input, init), TypeError);
  await fetch("http://h/", { method: "POST", body: new URLSearchParams({ a: "b c" }) });
  assert.deepEqual([fromHost(asked[3].headers).get("content-type"), asked[3].pieces],
    ["application/x-www-form-urlencoded;charset=UTF-8", [bytes("a=b+c")]]);
  assert.equal(asked.length, 4);
});

test("a response has what programs expect", async () => {
  const { fetch } = server({ status: 201, headers: { "content-type": "application/json" }, body: body(bytes('{"a":'), bytes("1}")) },
    { status: 404, body: body(bytes("no")) }, { status: 204 }, { body: body(bytes("ab"), bytes("c")) });
  const created = await fetch("http://h/x#f");
  assert.deepEqual([created.status, created.ok, created.url, created.redirected, created.bodyUsed], [201, true, "http://h/x#f", false, false]);
  assert.equal(created.headers.get("Content-Type"), "application/json");
  assert.deepEqual(await created.json(), { a: 1 });
  assert.equal(created.bodyUsed, true);
  await assert.rejects(created.text(), /read already/);
  const missing = await fetch("http://h/");
  assert.equal(missing.ok, false);
  assert.deepEqual(new Uint8Array(await missing.arrayBuffer()), bytes("no"));
  const empty = await fetch("http://h/");
  assert.equal(empty.body, null);
  assert.equal(await empty.text(), "");
  const pieces = [];
  for await (const piece of (await fetch("http://h/")).body) pieces.push(piece.length);
  assert.deepEqual(pieces, [2, 1]);
});

test("a response may be made by hand", async () => {
  const made = new Response("grün", { status: 202, headers: { a: "b" } });
  assert.deepEqual([made.ok, made.headers.get("a"), await made.text()], [true, "b", "grün"]);
  assert.throws(() => new Response("", { status: 12 }), RangeError);
});

test("a body that is not read to its end is given up", async () => {
  const long = body(bytes("a"), bytes("b"));
  const { fetch } = server({ body: long });
  for await (const _ of (await fetch("http://h/")).body) break;
  assert.equal(long.cancelled, true);
});

test("a whole body has a limit, and holds no more than it is", async () => {
  const small = body(...Array.from({ length: 100 }, () => bytes("x").subarray(0)));
  assert.equal((await collected(small, NaN, 100)).length, 100);
  const large = body(bytes("xx"), bytes("xx"));
  await assert.rejects(collected(large, NaN, 3), /longer than 3 bytes/);
  assert.equal(large.cancelled, true);
  const told = body(bytes("xxxx"));
  await assert.rejects(collected(told, 4, 3), /longer than 3 bytes/);
  assert.equal(told.cancelled, true);
});

test("what the host refuses is told in words that help", async () => {
  const { fetch } = server(refusal("HTTP-request-denied"), refusal("connection-refused"), refusal("internal-error", "oh"),
    { body: body(bytes("a"), refusal("HTTP-response-incomplete")) });
  await assert.rejects(fetch("http://h:81/p?token=secret"),
    { name: "TypeError", code: "HTTP-request-denied", message: 'GET http://h:81/p: the component\'s allowed_outbound_hosts do not list "http://h:81"' });
  await assert.rejects(fetch("http://h/"), { message: "GET http://h/: connection refused" });
  await assert.rejects(fetch("http://h/"), { message: "GET http://h/: internal error: oh" });
  await assert.rejects((await fetch("http://h/")).text(), { message: "GET http://h/: HTTP response incomplete", code: "HTTP-response-incomplete" });
});

test("redirects are followed, and take no secrets elsewhere", async () => {
  const to = (status, location) => ({ status, headers: { location } });
  const { fetch, asked } = server(to(302, "/b"), to(307, "http://other/c"), { body: body(bytes("there")) });
  const response = await fetch("http://h/a", { method: "POST", body: "x", headers: { authorization: "secret" } });
  assert.deepEqual(asked.map(({ method, url }) => `${method} ${url.href}`), ["POST http://h/a", "GET http://h/b", "GET http://other/c"]);
  assert.deepEqual(asked.map(({ headers }) => fromHost(headers).get("authorization")), ["secret", "secret", null]);
  assert.equal(fromHost(asked[1].headers).get("content-length"), null);
  assert.deepEqual([response.redirected, response.url, await response.text()], [true, "http://other/c", "there"]);

  const kept = server(to(308, "/b"), {});
  await kept.fetch("http://h/a", { method: "POST", body: "x" });
  assert.deepEqual(kept.asked.map(({ method, pieces }) => [method, pieces]), [["POST", [bytes("x")]], ["POST", [bytes("x")]]]);

  assert.equal((await server(to(302, "/b")).fetch("http://h/", { redirect: "manual" })).status, 302);
  await assert.rejects(server(to(302, "/b")).fetch("http://h/", { redirect: "error" }), /redirects/);
  await assert.rejects(server(to(307, "/b")).fetch("http://h/", { method: "POST", body: (function* () {})() }), /read once/);
  await assert.rejects(server(...Array.from({ length: 30 }, () => to(302, "/"))).fetch("http://h/"), /more than 20/);
});

test("a signal ends a request and the reading of its body", async () => {
  const dropped = body();
  let answer;
  let cancelled = 0;
  const waiting = makeFetch(() => ({ answer: new Promise((resolve) => (answer = resolve)), cancel: () => ++cancelled }));
  const controller = new AbortController();
  const fetched = waiting("http://h/", { signal: controller.signal });
  controller.abort();
  await assert.rejects(fetched, { name: "AbortError" });
  assert.equal(cancelled, 1);
  answer({ status: 200, headers: [], drop: () => (dropped.cancelled = true) });
  await new Promise((done) => setTimeout(done));
  assert.equal(dropped.cancelled, true);
  await assert.rejects(waiting("http://h/", { signal: AbortSignal.abort("why") }), (reason) => reason === "why");
  await assert.rejects(waiting("http://h/", { signal: AbortSignal.timeout(1) }), { name: "TimeoutError" });
  await assert.rejects(waiting("http://h/", { signal: AbortSignal.any([new AbortController().signal, AbortSignal.timeout(1)]) }), { name: "TimeoutError" });

  const endless = { ...body(), next: () => new Promise(() => {}) };
  const { fetch } = server({ body: endless });
  const response = await fetch("http://h/", { signal: AbortSignal.timeout(20) });
  await assert.rejects(response.text(), { name: "TimeoutError" });
  assert.equal(endless.cancelled, true);
});

test("timers call later, unless they are cleared", async () => {
  const called = [];
  clear(later(() => called.push("cleared"), 1));
  later((value) => called.push(value), 1, "one");
  await new Promise((done) => later(done, 20));
  assert.deepEqual(called, ["one"]);
});
