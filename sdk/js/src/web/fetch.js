// fetch, over something that sends one request.

import { unlessAborted } from "./abort.js";
import { outgoing } from "./body.js";
import { fromHost, Headers, toHost } from "./headers.js";
import { fetchedResponse } from "./response.js";
import { parseUrl } from "./url.js";

const MOST_REDIRECTS = 20;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const WITHOUT_BODY = new Set([101, 204, 205, 304]);
const NORMALIZED = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH"]);
const OF_THE_BODY = ["content-type", "content-length", "content-encoding", "content-language", "content-location"];

function methodOf(text) {
  const name = String(text);
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw new TypeError(`${JSON.stringify(name)} is no method`);
  const upper = name.toUpperCase();
  if (["CONNECT", "TRACE", "TRACK"].includes(upper)) throw new TypeError(`the method ${upper} cannot be sent`);
  return NORMALIZED.has(upper) ? upper : name;
}

/** In the host's words, which are `{ tag, val }`, and what the user can do. */
function problem({ tag, val }, url) {
  if (tag === "HTTP-request-denied") return `the component's allowed_outbound_hosts do not list "${url.origin}"`;
  if (tag === "destination-IP-prohibited") return "its address is in a network that the operator blocks";
  const words = tag.replaceAll("-", " ");
  return typeof val === "string" ? `${words}: ${val}` : words;
}

/** Without the query, which may hold a secret: messages go to logs. */
function failure(method, url, cause) {
  const { payload } = cause ?? {};
  if (!payload?.tag) return cause;
  const error = new TypeError(`${method} ${url.origin}${url.target.split("?")[0]}: ${problem(payload, url)}`, { cause });
  error.code = payload.tag;
  return error;
}

/** A body's pieces, with the errors and the end that a program knows. */
function reading(body, signal, method, url) {
  return {
    async next() {
      try {
        signal?.throwIfAborted();
        return await unlessAborted(signal, body.next(), () => body.cancel());
      } catch (cause) {
        throw failure(method, url, cause);
      }
    },
    cancel: () => body.cancel(),
  };
}

function requestOf(input, init) {
  const url = parseUrl(typeof input === "string" ? input : (input?.href ?? String(input)));
  const method = methodOf(init.method ?? "GET");
  const headers = new Headers(init.headers);
  const body = outgoing(init.body);
  if (body && (method === "GET" || method === "HEAD")) throw new TypeError(`a ${method} has no body`);
  if (body?.type && !headers.has("content-type")) headers.set("content-type", body.type);
  if (body?.length !== undefined) headers.set("content-length", body.length);
  else if (!body && (method === "POST" || method === "PUT")) headers.set("content-length", 0);
  if (!headers.has("accept")) headers.set("accept", "*/*");
  if (!headers.has("user-agent")) headers.set("user-agent", "spin-kinesis-sdk");
  return { url, method, headers, body };
}

/** The request that a redirect asks for; undefined where it is none. */
function redirectedTo({ url, method, headers, body }, status, location) {
  if (!REDIRECTS.has(status) || location === null) return undefined;
  const to = parseUrl(location, url);
  const next = { url: to, method, headers: new Headers(headers), body };
  if (status === 303 ? method !== "GET" && method !== "HEAD" : status < 303 && method === "POST") {
    next.method = "GET";
    next.body = undefined;
    for (const name of OF_THE_BODY) next.headers.delete(name);
  } else if (body?.once) {
    throw new TypeError(`${url.origin} redirects: a body that is read once cannot be sent again`);
  }
  if (to.origin !== url.origin) for (const name of ["authorization", "cookie"]) next.headers.delete(name);
  return next;
}

/**
 * @param send sends one request, `{ url, method, headers, pieces }`. It returns `{ answer, cancel }`; the answer is a
 *   promise of `{ status, headers, body(), drop() }`
 */
export function makeFetch(send) {
  return async function fetch(input, init = {}) {
    const signal = init.signal ?? undefined;
    const redirect = init.redirect ?? "follow";
    let request = requestOf(input, init);
    for (let redirects = 0; ; ++redirects) {
      signal?.throwIfAborted();
      const { url, method, headers, body } = request;
      let answer;
      try {
        const sent = send({ url, method, headers: toHost(headers), pieces: body?.pieces });
        answer = await unlessAborted(signal, sent.answer, sent.cancel, (late) => late.drop());
      } catch (cause) {
        throw failure(method, url, cause);
      }
      const { status } = answer;
      let received, next;
      try {
        received = fromHost(answer.headers);
        if (redirect !== "manual") next = redirectedTo(request, status, received.get("location"));
      } catch (cause) {
        answer.drop();
        throw cause;
      }
      if (!next) {
        const empty = method === "HEAD" || WITHOUT_BODY.has(status);
        if (empty) answer.drop();
        const source = empty ? undefined : reading(answer.body(), signal, method, url);
        return fetchedResponse({ status, headers: received, source, url: url.href, redirected: redirects > 0 });
      }
      answer.drop();
      if (redirect === "error") throw new TypeError(`${method} ${url.origin}: it redirects, which was not to be followed`);
      if (redirects === MOST_REDIRECTS) throw new TypeError(`${method} ${url.origin}: more than ${MOST_REDIRECTS} redirects`);
      request = next;
    }
  };
}
