// From a handler's source to a component: esbuild makes one module of it, componentize-qjs a component of that.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { componentize } from "componentize-qjs";
import { build as bundle } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

/** By world: the SDK's adapter, and the name of what the component exports. */
export const WORLDS = {
  "stream-handler-async": { adapter: "streamHandlerAsync", exported: "handleAsync" },
  "stream-handler": { adapter: "streamHandler", exported: "handle" },
  "spin-kinesis": { adapter: "spinKinesis", exported: "handleBatchRecords" },
};

/** What `import "wasi:…"` names comes from the host. */
const hostImports = {
  name: "host-imports",
  setup(build) {
    build.onResolve({ filter: /^[a-z][a-z0-9-]*:[a-z0-9-]+\// }, ({ path }) =>
      path.startsWith("node:") ? undefined : { path, external: true });
  },
};

/** The component's one module, as text. */
export async function bundleHandler(source, { world = "stream-handler-async", minify = false } = {}) {
  const { adapter, exported } = worldNamed(world);
  const path = (file) => JSON.stringify(file);
  const entry = [
    `import ${path(resolve(here, "prelude.js"))};`,
    `import { ${adapter} } from ${path(resolve(here, "worlds.js"))};`,
    `import * as module from ${path(resolve(source))};`,
    `export const ${exported} = ${adapter}(module.default);`,
  ].join("\n");
  const { outputFiles } = await bundle({
    stdin: { contents: entry, resolveDir: dirname(resolve(source)), sourcefile: "handler-entry.js" },
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2023",
    charset: "utf8",
    minify,
    logLevel: "silent",
    plugins: [hostImports],
  });
  return outputFiles[0].text;
}

/** Writes the component to `output` and returns its size in bytes. */
export async function buildComponent(source, output, { world = "stream-handler-async", optimizeForSize = false } = {}) {
  const jsSource = await bundleHandler(source, { world, minify: true });
  const { component } = await componentize({
    witPath: resolve(here, "../wit"),
    world,
    jsSource,
    sync: world !== "stream-handler-async",
    optSize: optimizeForSize,
  });
  await mkdir(dirname(resolve(output)), { recursive: true });
  await writeFile(output, component);
  return component.length;
}

function worldNamed(name) {
  if (Object.hasOwn(WORLDS, name)) return WORLDS[name];
  throw new Error(`no world ${name}: there are ${Object.keys(WORLDS).join(", ")}`);
}
