/** Integers beyond 2^53 lose digits: select them as text. */
export type Value = string | number | Uint8Array | null;

export type Parameter = Value | boolean | undefined | ArrayBuffer | ArrayBufferView;

/** What a database refuses is a `HostError`. */
export interface Database {
  /** Runs the first statement of the text. */
  execute(statement: string, parameters?: Iterable<Parameter>): { columns: string[]; rows: Value[][] };
  /** The rows as objects, by their columns' names. */
  query<T = Record<string, Value>>(statement: string, parameters?: Iterable<Parameter>): T[];
}

/** The database with that label ("default"), which the component's `sqlite_databases` must name. Opened at its first use. */
export declare function openDatabase(label?: string): Database;
