/**
 * Tries the package, as it is packed, with each consumer of the matrix.
 *
 *   npm run test:consumers -- [--table] [NAME…]
 *
 * Without names all are tried. --table prints a table of what was tried. Exit status 1 if a consumer fails.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import type { Browser } from "playwright";
import { machineNow } from "../support/machine.js";
import type { Attempt, Consumer } from "./consumer.js";
import { CONSUMERS } from "./consumers.js";
import { openChrome } from "./pages.js";
import { pack } from "./project.js";
import { type Report, faultsOf } from "./report.js";
import { type Tried, tableOf } from "./table.js";

const { values, positionals: names } = parseArgs({
  options: { table: { type: "boolean" } },
  allowPositionals: true,
});
const unknown = names.filter((name) => CONSUMERS.every((one) => one.name !== name));
if (unknown.length > 0) {
  const known = CONSUMERS.map(({ name }) => name).join(", ");
  throw new Error(`There is no consumer ${unknown.join(", ")}. There are ${known}.`);
}

let browser: Promise<Browser> | undefined;
const chrome = () => (browser ??= openChrome());
const packed = await pack();
const all: Tried[] = [];
try {
  for (const consumer of CONSUMERS) {
    if (names.length > 0 && !names.includes(consumer.name)) continue;
    try {
      const project = await packed.createProject(consumer.name, consumer.packages);
      for await (const attempt of consumer.attempts(project, chrome)) await tryOne(consumer, attempt);
    } catch (error) {
      record({ ...consumer, where: "", trained: {}, faults: [String(error)] }, performance.now());
    }
  }
} finally {
  await (await browser)?.close();
  await packed.remove();
}

const failed = all.filter(({ faults }) => faults.length > 0);
if (values.table) console.log(`\n${machineNow()}\n\n${tableOf(all)}\n`);
console.log(`${all.length - failed.length} passed, ${failed.length} failed`);
if (failed.length > 0) process.exitCode = 1;

async function tryOne(consumer: Consumer, { where, expected, run }: Attempt): Promise<void> {
  const began = performance.now();
  let report: Report | undefined;
  let faults: readonly string[];
  try {
    report = await run();
    faults = report && expected ? faultsOf(report, expected) : [];
  } catch (error) {
    faults = [String(error)];
  }
  record({ ...consumer, where, trained: report?.trained ?? {}, faults }, began);
}

/** Keeps what was tried, and prints it. */
function record(one: Tried, began: number): void {
  const { name, where, trained, faults } = one;
  all.push(one);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${faults.length === 0 ? "✓" : "×"} ${[name, where].join(" ").trim()}, ${seconds} s`);
  for (const [wanted, found] of Object.entries(trained)) {
    console.log(
      `    ${wanted}: ${"error" in found ? found.error : `${found.name}, ${found.adapter}: ${found.why}`}`,
    );
  }
  for (const fault of faults) console.log(`  × ${fault.replaceAll("\n", "\n    ")}`);
}
