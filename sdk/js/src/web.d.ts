// The names of the web that the build puts into a component whose modules use them. In tsconfig.json:
// "types": ["spin-kinesis-sdk/web"], where no other library (TypeScript's "dom", Node's types) declares them.

interface Headers {
  append(name: string, value: string): void;
  delete(name: string): void;
  get(name: string): string | null;
  getSetCookie(): string[];
  has(name: string): boolean;
  set(name: string, value: string): void;
  forEach(call: (value: string, name: string, parent: Headers) => void): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

type HeadersGiven = Headers | Iterable<readonly [string, string]> | Record<string, string>;

interface Response {
  readonly status: number;
  readonly ok: boolean;
  readonly statusText: string;
  readonly headers: Headers;
  /** After redirects. */
  readonly url: string;
  readonly redirected: boolean;
  readonly bodyUsed: boolean;
  /** Its pieces as they come; it may be of any length. */
  readonly body: (AsyncIterable<Uint8Array> & { cancel(): Promise<void> }) | null;
  /** Like `json`, `bytes` and `arrayBuffer`: of 128 MiB at most. */
  text(): Promise<string>;
  json(): Promise<any>;
  bytes(): Promise<Uint8Array>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

type BodyGiven = string | ArrayBuffer | ArrayBufferView | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

interface RequestInit {
  method?: string;
  headers?: HeadersGiven;
  /** An iterable is sent piece by piece. */
  body?: BodyGiven | null;
  signal?: AbortSignal | null;
  /** "follow" without it. */
  redirect?: "follow" | "error" | "manual";
}

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: any;
  onabort: ((event: any) => void) | null;
  addEventListener(type: "abort", call: (event: any) => void): void;
  removeEventListener(type: "abort", call: (event: any) => void): void;
  throwIfAborted(): void;
}

interface AbortController {
  readonly signal: AbortSignal;
  abort(reason?: any): void;
}

declare var Headers: {
  new (init?: HeadersGiven): Headers;
};

declare var Response: {
  new (body?: BodyGiven | null, init?: { status?: number; statusText?: string; headers?: HeadersGiven }): Response;
};

declare var AbortSignal: {
  abort(reason?: any): AbortSignal;
  /** Aborted after so many milliseconds. */
  timeout(millis: number): AbortSignal;
  any(signals: Iterable<AbortSignal>): AbortSignal;
};

declare var AbortController: {
  new (): AbortController;
};

/** Only of hosts in the component's `allowed_outbound_hosts`. Not in worlds whose handlers cannot wait. */
declare function fetch(input: string | { readonly href: string }, init?: RequestInit): Promise<Response>;

declare function setTimeout(call: (...values: any[]) => void, millis?: number, ...values: any[]): number;
declare function clearTimeout(id: number | undefined): void;
