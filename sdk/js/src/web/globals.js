// What the build puts in the place of these names where a handler's modules use them, and nothing of it where they do not.

import { makeFetch } from "./fetch.js";
import { send } from "./send.js";

export { AbortController, AbortSignal } from "./abort.js";
export { Headers } from "./headers.js";
export { Response } from "./response.js";
export { clearTimeout, setTimeout } from "./timers.js";

export const fetch = /* @__PURE__ */ makeFetch(send);
export { fetch as "globalThis.fetch" };
