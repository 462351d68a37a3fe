import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
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
