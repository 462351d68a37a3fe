// Addresses of requests: absolute ones, and those that a redirect names.

import { wellFormed } from "../host-error.js";

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_.~!$&'()*+,;=%-]+)(?::(\d{0,5}))?$/;
const PORTS = { http: "80", https: "443" };

const escaped = (text) => wellFormed(text).replace(/[^\x21-\x7e]|["<>`{}]/gu, encodeURIComponent);

/** Without `.` and `..`; each is one segment less or none. */
function straight(path) {
  const kept = [];
  const segments = path.split("/").slice(1);
  segments.forEach((segment, at) => {
    const last = at === segments.length - 1;
    if (segment === "." || segment === "..") {
      if (segment === "..") kept.pop();
      if (last) kept.push("");
    } else {
      kept.push(segment);
    }
  });
  return `/${kept.join("/")}`;
}

function made(scheme, authority, path, query, fragment) {
  const target = `${straight(escaped(path || "/"))}${escaped(query ?? "")}`;
  const origin = `${scheme}://${authority}`;
  return { scheme, authority, target, origin, fragment: fragment ?? "", href: `${origin}${target}${escaped(fragment ?? "")}` };
}

/**
 * What messages may say of an address, for they go to logs: its host. What stands before an `@` or in a query may be a
 * secret; where it cannot be told what an `@` ends, nothing is said.
 */
function sayable(scheme, authority, whole) {
  const host = authority.slice(authority.lastIndexOf("@") + 1).replace(/:[^\]]*$/, "");
  const told = whole.split("@").length === authority.split("@").length && host !== "";
  return told ? JSON.stringify(scheme ? `${scheme}://${host}` : host) : "the address";
}

function authorityOf(scheme, text, whole) {
  const named = sayable(scheme, text, whole);
  if (text.includes("@")) throw new TypeError(`${named} is given with a password, which is not sent: use the header authorization`);
  const [, host, port = ""] = HOST.exec(text.toLowerCase()) ?? [];
  if (!host || Number(port) > 65535) throw new TypeError(`${named} names no server: its host or its port is none`);
  return port && port !== PORTS[scheme] ? `${host}:${Number(port)}` : host;
}

/** @param base what a relative address belongs to; without it none is understood */
export function parseUrl(text, base) {
  const whole = String(text).trim().replace(/[\t\n\r]/g, "");
  const [, scheme, authority, path, query, fragment] =
    /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/is.exec(whole);
  if (scheme !== undefined) {
    const name = scheme.toLowerCase();
    if (authority === undefined) throw new TypeError("the address has no host: it follows http:// or https://");
    if (name !== "http" && name !== "https")
      throw new TypeError(`${sayable(name, authority, whole)} is of the scheme ${name}: fetch knows http and https`);
    return made(name, authorityOf(name, authority, whole), path, query, fragment);
  }
  if (!base) throw new TypeError(`${sayable("", whole.split(/[/?#]/)[0], whole)} is no absolute address`);
  if (authority !== undefined) return made(base.scheme, authorityOf(base.scheme, authority, whole), path, query, fragment);
  const [basePath, ...rest] = base.target.split("?");
  if (path.startsWith("/")) return made(base.scheme, base.authority, path, query, fragment);
  if (path) return made(base.scheme, base.authority, basePath.slice(0, basePath.lastIndexOf("/") + 1) + path, query, fragment);
  const kept = query ?? (rest.length > 0 ? `?${rest.join("?")}` : "");
  return made(base.scheme, base.authority, basePath, kept, fragment);
}
