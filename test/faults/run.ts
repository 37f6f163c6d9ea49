/**
 * Injects faults into the command, the library and its engines, and reports the outcome of each.
 *
 *   npm run test:faults -- [--only ITEM|NAME] [--every K] [--json FILE]
 *
 * --only takes the number of a kind, or a part of a name; --every K takes each K-th fault of WebGPU. Exit
 * status 1 if a fault is neither recovered nor named.
 */
import { writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { machineNow } from "../support/machine.js";
import { openChromium } from "./chromium.js";
import { cliFaults } from "./cli.js";
import type { Fault } from "./fault.js";
import { libraryFaults } from "./library.js";
import { type Judged, failures, report } from "./report.js";
import { wasmFaults } from "./wasm.js";

/** A fault that takes longer than this hangs, whatever its own limit. */
const LIMIT_MS = 600_000;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    every: { type: "string", default: "1" },
    json: { type: "string" },
  },
});
const every = Number(values.every);
if (!Number.isInteger(every) || every < 1) {
  throw new Error(`--every is ${values.every}, and must be a whole number from 1 on.`);
}

const browser = await openChromium();
const faults = [
  ...[...libraryFaults, ...cliFaults, ...wasmFaults].filter(wanted),
  ...browser.faults.filter(wanted).filter((_, n) => n % every === 0),
];
if (faults.length === 0) throw new Error(`No fault is of the kind or name ${values.only}.`);

const judged: Judged[] = [];
for (const fault of faults) {
  const one = await judge(fault);
  judged.push(one);
  console.error(
    `${judged.length} of ${faults.length}: ${one.name}: ${one.outcome}, ${one.seconds.toFixed(1)} s`,
  );
}
await browser.close();

const head = `${machineNow()}, Chromium ${browser.version}`;
console.log(report(head, judged));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ head, every, judged })}\n`);
process.exit(failures(judged).length > 0 ? 1 : 0);

function wanted({ name, item }: Fault): boolean {
  const { only } = values;
  return only === undefined || (/^\d+$/.test(only) ? item === Number(only) : name.includes(only));
}

async function judge({ name, item, run }: Fault): Promise<Judged> {
  const began = performance.now();
  const late = new Promise<"hang">((resolve) => setTimeout(resolve, LIMIT_MS, "hang").unref());
  const seconds = () => (performance.now() - began) / 1000;
  try {
    const outcome = await Promise.race([run(), late]);
    return { name, item, outcome, seconds: seconds() };
  } catch (error) {
    return { name, item, outcome: "unclear", seconds: seconds(), thrown: String(error) };
  }
}
