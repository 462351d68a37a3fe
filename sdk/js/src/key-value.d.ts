/** What a store refuses is a `HostError`. */
export interface Store {
  get(key: string): Uint8Array | null;
  /** The value as UTF-8. */
  getText(key: string): string | null;
  getJson<T = any>(key: string): T | null;
  set(key: string, value: string | Uint8Array | ArrayBuffer | ArrayBufferView): void;
  setJson(key: string, value: unknown): void;
  delete(key: string): void;
  exists(key: string): boolean;
  getKeys(): string[];
}

/** The store with that label ("default"), which the component's `key_value_stores` must name. Opened at its first use. */
export declare function openStore(label?: string): Store;
