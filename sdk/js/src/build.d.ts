export type World = "stream-handler-async" | "stream-handler" | "spin-kinesis";

/** Writes the component of the handler in `source` to `output` and returns its size in bytes. */
export declare function buildComponent(
  source: string,
  output: string,
  options?: { world?: World; optimizeForSize?: boolean },
): Promise<number>;

/** The handler and the SDK as one module, as text. */
export declare function bundleHandler(source: string, options?: { world?: World; minify?: boolean }): Promise<string>;
