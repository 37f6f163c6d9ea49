/** The part of `npm run test:deno` that runs in Deno: the tests of the WebGPU engine that need no page. */
import "../../../test/unit/engine/webgpu/limits.browser.test.js";
import "../../../test/conformance/webgpu.browser.test.js";
import "../../../test/mutation/webgpu-descents.browser.test.js";
import process from "node:process";
import { adapterOrExit } from "./adapter.js";
import { runTests } from "./vitest.js";

console.log(`WebGPU adapter: ${await adapterOrExit()}`);

let passed = 0;
let failed = 0;
await runTests((path, errors) => {
  if (errors.length === 0) passed++;
  else failed++;
  console.log(`${errors.length === 0 ? "✓" : "×"} ${path}`);
  for (const error of errors) console.log(error);
});
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0 || passed === 0) process.exitCode = 1;
