#!/usr/bin/env node
// spin-kinesis-build: makes a component of a handler.

import { parseArgs } from "node:util";
import { buildComponent, WORLDS } from "../src/build.js";

const USAGE = `usage: spin-kinesis-build <handler.js | handler.ts> -o <component.wasm> [--world <world>] [--size]
  -o, --output   the component's file
  --world        ${Object.keys(WORLDS).join(", ")}; the first is the default, and the only one whose handlers may wait
  --size         a smaller component, whose code runs slower`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      output: { type: "string", short: "o" },
      world: { type: "string" },
      size: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
  } else if (positionals.length !== 1 || !values.output) {
    console.error(USAGE);
    process.exitCode = 2;
  } else {
    const size = await buildComponent(positionals[0], values.output, { world: values.world, optimizeForSize: values.size });
    console.log(`${values.output}: ${size.toLocaleString("en-US")} bytes`);
  }
} catch (problem) {
  const details = problem.errors?.map(({ location, text }) => `${location?.file}:${location?.line}: ${text}`).join("\n");
  console.error(`spin-kinesis-build: ${details ?? problem.message}`);
  process.exitCode = 1;
}
