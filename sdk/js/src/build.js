// From a handler's source to a component: esbuild makes one module of it, componentize-qjs a component of that.

import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { componentize } from "componentize-qjs";
import { build as bundle } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const WIT = resolve(here, "../wit");

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
export async function bundleHandler(source, options) {
  return (await bundled(source, options)).text;
}

/** The module, and the host's interfaces that it imports. */
async function bundled(source, { world = "stream-handler-async", minify = false } = {}) {
  const { adapter, exported } = worldNamed(world);
  const path = (file) => JSON.stringify(file);
  const entry = [
    `import ${path(resolve(here, "prelude.js"))};`,
    `import { ${adapter} } from ${path(resolve(here, "worlds.js"))};`,
    `import * as module from ${path(resolve(source))};`,
    `export const ${exported} = ${adapter}(module.default);`,
  ].join("\n");
  const { outputFiles, metafile } = await bundle({
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
    metafile: true,
    // Names of the web that QuickJS has not: what the handler's modules use of them comes with the component.
    inject: [resolve(here, world === "stream-handler-async" ? "web/globals.js" : "web/globals-sync.js")],
    plugins: [hostImports],
  });
  const imports = Object.values(metafile.outputs)[0].imports.filter(({ external }) => external).map(({ path }) => path);
  return { text: outputFiles[0].text, imports: [...new Set(imports)] };
}

/** Writes the component to `output` and returns its size in bytes. */
export async function buildComponent(source, output, { world = "stream-handler-async", optimizeForSize = false } = {}) {
  const { text: jsSource, imports } = await bundled(source, { world, minify: true });
  const { component } = await inWorld(world, imports, (witPath, named) => componentize({
    witPath,
    world: named,
    jsSource,
    sync: world !== "stream-handler-async",
    optSize: optimizeForSize,
  }));
  renameInterfaces(component);
  await mkdir(dirname(resolve(output)), { recursive: true });
  await writeFile(output, component);
  return component.length;
}

/**
 * Calls `make` with the folder and the name of a world that has these imports and no others: a component that imports
 * what it does not use is refused by hosts that do not have it.
 */
async function inWorld(world, imports, make) {
  const worlds = await readFile(join(WIT, "worlds.wit"), "utf8");
  const more = imports.filter((name) => !worlds.includes(`import ${name};`));
  if (more.length === 0) return make(WIT, world);
  const folder = await mkdtemp(join(tmpdir(), "spin-kinesis-build-"));
  try {
    await cp(WIT, folder, { recursive: true });
    const lines = [`include ${world};`, ...more.map((name) => `import ${name};`)];
    await writeFile(join(folder, "worlds.wit"), `${worlds}\nworld with-imports {\n    ${lines.join("\n    ")}\n}\n`);
    return await make(folder, "with-imports");
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * componentize-qjs runs the module in a host that has `wasi:io` but not `wasi:http`, and refuses an interface which it has
 * not and which uses a resource that it has. Under a name that is nobody's it has none of them; the name is as long.
 */
function renameInterfaces(component) {
  for (const name of ["wazi:io/", "wazi:http/", "wazi:clocks/"])
    for (let at = 0; (at = component.indexOf(name, at)) >= 0; ) component.write(name.replace("wazi", "wasi"), at, "latin1");
}

function worldNamed(name) {
  if (Object.hasOwn(WORLDS, name)) return WORLDS[name];
  throw new Error(`no world ${name}: there are ${Object.keys(WORLDS).join(", ")}`);
}
