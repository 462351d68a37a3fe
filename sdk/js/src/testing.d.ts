import type { Context, Handler, KinesisRecord } from "./index.js";

/** A record with that payload (text, bytes, or what becomes JSON); `fields` replaces what is made up. */
export declare function record(data: unknown, fields?: Partial<KinesisRecord>): KinesisRecord;

/** A context; `state` (JSON) and `fields` replace what is made up. */
export declare function context(fields?: Partial<Omit<Context, "state">> & { state?: unknown }): Context;

export interface Called {
  failed?: number[];
  failedFrom?: number;
  state?: any;
  /** The text of what the handler threw. */
  error?: string;
}

/** Calls the handler as the trigger does. */
export declare function call(handle: Handler, records: KinesisRecord[], where?: Context): Promise<Called>;

/** Gives `variable(name)` a value, in tests that Node runs. Key-value stores are there in memory. */
export declare function setVariable(name: string, value: string): void;
