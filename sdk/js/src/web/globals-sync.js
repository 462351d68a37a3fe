// In the place of these names in worlds whose handlers cannot wait.

export { Headers } from "./headers.js";
export { Response } from "./response.js";

export function fetch() {
  throw new TypeError("fetch needs a handler that can wait: build it for stream-handler-async");
}
export { fetch as "globalThis.fetch" };
