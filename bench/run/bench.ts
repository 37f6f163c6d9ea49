/** `npm run bench`: measures smigh and its peers, and prints a table per workload. */
import process from "node:process";
import { parseArgs } from "node:util";
import { type BenchBrowser, openBenchBrowser } from "../browsers/benchmark.js";
import { higherPeaks } from "../measure/result.js";
import type { Measured } from "../measure/measure.js";
import { print, printPeaks, save } from "./output.js";
import { systems } from "../peers/all.js";
import { type Workload, workloads } from "../measure/workloads.js";

const usage = `Usage: npm run bench -- [--only WORKLOAD] [--systems a,b] [--json FILE]

Measures one training step of each system on each workload, in a headless Chrome.

  workloads  ${workloads.map(({ name, onlyByName }) => name + (onlyByName ? " (only by name)" : "")).join(", ")}
  systems    ${systems.map(({ name, onlyByName }) => name + (onlyByName ? " (only by name)" : "")).join(", ")}

Progress goes to standard error. Exit status: 0 done, 1 systems disagree or none could be measured, 2 the command
line is wrong. CHROME_PATH names the Chrome to use, SMIGH_ADAPTER its adapter: swiftshader or hardware.
`;

interface Choice {
  readonly workloads: readonly Workload[];
  readonly systems: readonly string[];
  readonly json: string | undefined;
}

class UsageError extends Error {
  override name = "UsageError";
}

try {
  const chosen = choice(process.argv.slice(2));
  if (chosen) process.exitCode = await bench(chosen);
  else process.stdout.write(usage);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${usage}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

/** Measures the chosen workloads and returns the exit status. */
async function bench({ workloads: chosen, systems: names, json }: Choice): Promise<number> {
  const browser = await openBenchBrowser();
  try {
    const all: Measured[] = [];
    let gpu = await browser.gpuAndPeaks();
    // Saved before measuring, so that an unwritable file fails at once.
    await save(json, browser.version, gpu, all);
    for (const workload of chosen) {
      const measured = await measuredIn(browser, workload, names);
      all.push(measured);
      print(workload, measured);
      await save(json, browser.version, gpu, all);
    }
    gpu = higherPeaks(gpu, await browser.gpuAndPeaks());
    await save(json, browser.version, gpu, all);
    printPeaks(gpu);
    const disagree = all.some(({ disagreements }) => disagreements.length > 0);
    return disagree || all.every(({ runs }) => runs.length === 0) ? 1 : 0;
  } finally {
    await browser.close();
  }
}

/** Measures one workload. If that fails altogether, each of its systems fails, and other workloads go on. */
async function measuredIn(
  browser: BenchBrowser,
  workload: Workload,
  names: readonly string[],
): Promise<Measured> {
  try {
    return await browser.measure(workload, names, (progress) => {
      process.stderr.write(`${workload.name}: ${progress}\n`);
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const failures = names.map((system) => ({ workload: workload.name, system, message }));
    return { runs: [], failures, disagreements: [] };
  }
}

/** Parses the command line. Undefined for --help; throws a UsageError when the arguments are wrong. */
function choice(args: string[]): Choice | undefined {
  const { help, only, systems: wanted, json } = options(args);
  if (help) return undefined;
  const chosen = workloads.filter(({ name, onlyByName }) =>
    only === undefined ? !onlyByName : name === only,
  );
  if (chosen.length === 0) throw new UsageError(`There is no workload ${JSON.stringify(only)}.`);
  const known = systems.map(({ name }) => name);
  const usual = systems.filter(({ onlyByName }) => !onlyByName).map(({ name }) => name);
  const names = wanted?.split(",") ?? usual;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`There is no system ${JSON.stringify(unknown)}.`);
  return { workloads: chosen, systems: names, json };
}

function options(args: string[]) {
  const text = { type: "string" } as const;
  const help = { type: "boolean", short: "h" } as const;
  try {
    return parseArgs({ args, options: { only: text, systems: text, json: text, help } }).values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
