type Bytes = string | Uint8Array | ArrayBuffer | ArrayBufferView;

/** What the host or the server refuses is a `HostError`. Integers beyond 2^53 lose digits. */
export interface Redis {
  get(key: string): Uint8Array | null;
  /** The value as UTF-8. */
  getText(key: string): string | null;
  set(key: string, value: Bytes): void;
  incr(key: string): number;
  del(...keys: string[]): number;
  sadd(key: string, ...members: string[]): number;
  srem(key: string, ...members: string[]): number;
  smembers(key: string): string[];
  publish(channel: string, payload: Bytes): void;
  /** Any command; a list in its reply is flattened. */
  execute(command: string, ...args: (Bytes | number)[]): (Uint8Array | string | number | null)[];
}

/**
 * The server at `redis://[user:password@]host[:port][/database]` (or `rediss:` for TLS), which the component's
 * `allowed_outbound_hosts` must list. Connected at its first use.
 */
export declare function openRedis(address: string): Redis;
