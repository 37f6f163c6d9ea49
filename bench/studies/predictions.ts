/**
 * Times predictions against an epoch of training on the same placed rows, 20,000 × 768 × 100 in f32, one
 * after the other in one run, and single rows on the calling thread.
 *
 *   npm run bench:predict -- [wasm] [webgpu]
 *
 * Prints medians, and the median ratio. webgpu is the optional peer of Node.
 */
import process from "node:process";
import type * as predictions from "../measure/predictions.js";
import { importSource } from "../run/library.js";
import { machineNow } from "../../test/support/machine.js";

const asked = process.argv.slice(2);
const engines = (["wasm", "webgpu"] as const).filter((name) =>
  asked.length > 0 ? asked.includes(name) : name === "wasm",
);
const { singleRow, timePredictions } = await importSource<typeof predictions>("bench/measure/predictions.ts");
console.log(machineNow());
for (const name of engines) {
  const { adapter, epochMs, labelsMs, ratio } = await timePredictions(name);
  console.log(
    `${name} (${adapter}): an epoch ${epochMs.toFixed(0)} ms, labels of all rows ${labelsMs.toFixed(0)} ms, ` +
      `${ratio.toFixed(2)} of an epoch`,
  );
}
console.log(`one row of 768 × 100: ${singleRow().toFixed(1)} µs`);
process.exit();
