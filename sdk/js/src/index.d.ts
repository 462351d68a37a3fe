/** A record. Its payload and texts are the runtime's own, not copies. */
export declare class KinesisRecord {
  private constructor();
  /** The payload. */
  readonly data: Uint8Array;
  readonly partitionKey: string;
  /** Of the stream; user records of one KPL aggregate share it. */
  readonly sequenceNumber: string;
  /** When the service noted it; undefined when that is not known. */
  readonly approximateArrival: Date | undefined;
  /** The place within a KPL aggregate; 0 of a plain record. Not in the world `spin-kinesis`. */
  readonly subSequenceNumber: number;
  /** Of a user record that was put with one. Not in the world `spin-kinesis`. */
  readonly explicitHashKey: string | null;
  /** The same at every delivery of this record, and of no other record. Not in the world `spin-kinesis`. */
  readonly idempotencyKey: string;
  /** "NONE" or "KMS"; only in the world `spin-kinesis`. */
  readonly encryption: "NONE" | "KMS" | undefined;
  /** The payload as text; throws when it is not UTF-8. */
  text(): string;
  /** The payload as JSON; throws, naming the record, when it is none. */
  json<T = any>(): T;
}

export interface Window {
  readonly startMillis: number;
  readonly endMillis: number;
  /** The window's last call; it has no records. */
  readonly finalCall: boolean;
  readonly terminatedEarly: boolean;
}

/** Where a call stands. */
export declare class Context {
  private constructor();
  readonly streamArn: string;
  readonly shardId: string;
  /** 1 at the first call with these records. */
  readonly attempt: number;
  readonly millisBehindLatest: number;
  /** Grows each time the shard changes hands: refuse writes that carry a smaller one than you saw. */
  readonly fencingToken: number;
  /** With `tumbling_window_seconds`. */
  readonly window: Window | null;
  /** The window's state, as bytes. */
  readonly windowState: Uint8Array | null;
  /** The window's state as the last successful call returned it; `initial` at the window's first call. */
  state<T>(initial: T): T;
}

/** What a handler may return; nothing means that all records are handled. */
export interface Result {
  /** These records, or indexes, failed: from the first of them on the batch comes again. */
  failed?: Iterable<KinesisRecord | number>;
  /** The records before this one are handled; it and all behind it come again. */
  failedFrom?: KinesisRecord | number;
  /** The window's new state: bytes, or what becomes JSON. Without it the state stays. */
  state?: unknown;
}

/** What it throws is an error: the batch comes again, and the text is in the trigger's log. */
export type Handler = (records: KinesisRecord[], context: Context) => void | Result | Promise<void | Result>;

/** Says that `handle` is the handler: `export default handler(async (records, context) => { … })`. */
export declare function handler(handle: Handler): Handler;

/**
 * A handler that calls `handle` for each record, in order. When it throws, the records before that one are handled;
 * that one and all behind it come again.
 */
export declare function eachRecord(handle: (record: KinesisRecord, context: Context) => void | Promise<void>): Handler;

/** The records by partition key, in order within each key; keys in order of their first record. */
export declare function groupByKey(records: Iterable<KinesisRecord>): Map<string, KinesisRecord[]>;

/** Thrown for one record: those before it are handled, it and all behind it come again. */
export declare class RecordFailed extends Error {
  constructor(record: KinesisRecord, message?: string, options?: { cause?: unknown });
  readonly record: KinesisRecord;
}

/** What the host refused or could not do, with its own text. */
export declare class HostError extends Error {
  constructor(message: string, code: string, options?: { cause?: unknown });
  /** The interface's name of it, like "access-denied". */
  readonly code: string;
}

declare global {
  /** What the SDK's prelude offers where no other library declares it. */
  interface Console {
    log(...values: unknown[]): void;
    info(...values: unknown[]): void;
    debug(...values: unknown[]): void;
    warn(...values: unknown[]): void;
    error(...values: unknown[]): void;
  }
  var console: Console;
}
