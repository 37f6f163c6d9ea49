/**
 * Runs the long checks, half an hour or more in all, one after another, and prints a summary.
 *
 *   npm run test:long -- [convergence] [tests] [memory] [hidden] [faults]
 *
 * Names choose some of them; default: all. Exit status 1 if one fails.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { memoryStays } from "./faults/wasm.js";
import { machineNow } from "./support/machine.js";

interface Check {
  readonly title: string;
  passes(): Promise<boolean>;
}

const CHECKS: Readonly<Record<string, Check>> = {
  convergence: {
    title:
      "What 5,000 random fits, 200 tall ones and 1,000 with factors or offsets say of themselves is true",
    passes: async () =>
      (await run("tsx", "test/convergence/run.ts", "--seeds", "0..5000")) &&
      (await run("tsx", "test/convergence/run.ts", "--seeds", "0..200", "--tall")) &&
      (await run("tsx", "test/convergence/run.ts", "--seeds", "0..1000", "--adjusted")),
  },
  tests: {
    title: "All cases of the tests pass, 200 random fits on WebGPU among them",
    passes: () => {
      process.env["SMIGH_LONG"] = "1";
      return run("vitest", "run");
    },
  },
  memory: {
    title: "60 fits of 300 MB on wasm end with the memory of the second",
    passes: async () => (await memoryStays(60, 300)) === "recovered",
  },
  hidden: {
    title: "Fits in a hidden tab have at least 80 % of the visible speed",
    passes: () => run("tsx", "bench/studies/hidden.ts"),
  },
  faults: {
    title: "Every fault is recovered from or named",
    passes: () => run("tsx", "test/faults/run.ts"),
  },
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(CHECKS, name));
if (unknown !== undefined) {
  throw new Error(`There is no check ${unknown}; the checks are ${Object.keys(CHECKS).join(", ")}.`);
}

const lines: string[] = [];
for (const [name, { title, passes }] of Object.entries(CHECKS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const began = performance.now();
  const passed = await passes().catch((error: unknown) => {
    console.error(error);
    return false;
  });
  const minutes = (performance.now() - began) / 60_000;
  if (!passed) process.exitCode = 1;
  lines.push(`${passed ? "passed" : "FAILED"}  ${name}: ${title} (${minutes.toFixed(1)} min)`);
  console.log(lines.at(-1));
}
console.log(`\n${machineNow()}\n${lines.join("\n")}`);

/** Runs a program of node_modules with its output shown. Returns whether its exit status is 0. */
async function run(program: string, ...words: string[]): Promise<boolean> {
  const [status] = await once(spawn("npx", [program, ...words], { stdio: "inherit" }), "close");
  return status === 0;
}
