import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildComponent, bundleHandler } from "spin-kinesis-sdk/build";

async function inFolder(source, use) {
  const folder = await mkdtemp(join(tmpdir(), "spin-kinesis-sdk-"));
  try {
    await writeFile(join(folder, "handler.ts"), source);
    return await use(join(folder, "handler.ts"), folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("the prelude is evaluated before the handler's module", () =>
  inFolder("const now: string = 'mine'; console.log(now); export default () => {};", async (source) => {
    const text = await bundleHandler(source);
    assert.ok(text.indexOf("globalThis.console") < text.indexOf('"mine"'));
    assert.match(text, /handleAsync/);
    assert.match(text, /from "wasi:cli\/stdout@0\.2\.12"/);
  }));

test("each world's component is a component", () =>
  inFolder("export default () => {};", async (source, folder) => {
    for (const world of ["stream-handler-async", "stream-handler", "spin-kinesis"]) {
      const output = join(folder, "made", `${world}.wasm`);
      const size = await buildComponent(source, output, { world });
      const bytes = await readFile(output);
      assert.equal(bytes.length, size);
      assert.deepEqual([...bytes.subarray(0, 8)], [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
    }
  }));

const importsOf = (text) => [...text.matchAll(/(?:from|import)\s*"((?:wasi|wazi|fermyon):[^"]*)"/g)].map(([, name]) => name).sort();

test("a handler has the imports of what it uses, and no others", async () => {
  const own = ["wasi:cli/stderr@0.2.12", "wasi:cli/stdout@0.2.12", "wasi:random/random@0.2.12"];
  const timers = ["wasi:cli/stdin@0.3.0", "wazi:clocks/monotonic-clock@0.2.0", "wazi:io/poll@0.2.0"];
  const http = [...timers, "wazi:http/outgoing-handler@0.2.0", "wazi:http/types@0.2.0"];
  const cases = [
    ["export default () => {};", []],
    ["import { openStore } from 'spin-kinesis-sdk/key-value'; export default () => {};", []],
    ["import { openStore } from 'spin-kinesis-sdk/key-value'; export default () => openStore().getKeys();", ["fermyon:spin/key-value@2.0.0"]],
    ["import { variable } from 'spin-kinesis-sdk/variables'; export default () => variable('a');", ["fermyon:spin/variables@2.0.0"]],
    ["export default () => setTimeout(() => {}, 1);", timers],
    ["export default () => { const fetch = () => {}; fetch(new Headers()); };", []],
    ["export default () => fetch('http://h/');", http],
    ["export default () => globalThis.fetch('http://h/');", http],
  ];
  for (const [source, more] of cases)
    await inFolder(source, async (file, folder) => {
      await mkdir(join(folder, "node_modules"));
      await symlink(new URL("..", import.meta.url).pathname, join(folder, "node_modules/spin-kinesis-sdk"));
      assert.deepEqual(importsOf(await bundleHandler(file)), [...more, ...own].sort(), source);
    });
});

test("a component's imports are those of its module", () =>
  inFolder("export default () => fetch('http://h/');", async (source, folder) => {
    await buildComponent(source, join(folder, "x.wasm"));
    const bytes = await readFile(join(folder, "x.wasm"), "latin1");
    assert.match(bytes, /wasi:http\/outgoing-handler@0\.2\.0/);
    assert.doesNotMatch(bytes, /wazi:/);
    assert.doesNotMatch(bytes, /fermyon:spin/);
  }));

test("where a handler cannot wait, fetch says so", () =>
  inFolder("export default () => fetch('http://h/');", async (source) => {
    const text = await bundleHandler(source, { world: "stream-handler" });
    assert.match(text, /build it for stream-handler-async/);
    assert.doesNotMatch(text, /wasi:http/);
  }));

test("mistakes are named", () =>
  inFolder("export default 5;", async (source, folder) => {
    await assert.rejects(buildComponent(source, join(folder, "x.wasm")), /default export/);
    await assert.rejects(bundleHandler(source, { world: "http" }), /no world http: there are stream-handler-async/);
    await assert.rejects(bundleHandler(join(folder, "missing.js")));
  }));

test("the worlds are those of the trigger", async () => {
  const text = (path) => readFile(new URL(path, import.meta.url), "utf8");
  assert.equal(await text("../wit/deps/handler/handler.wit"), await text("../../../wit/handler.wit"));
  assert.equal(await text("../wit/deps/spin-kinesis/kinesis.wit"), await text("../../../wit/kinesis.wit"));
});
