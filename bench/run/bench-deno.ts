/** `npm run bench:deno`: measures smigh and jax-js on Deno's WebGPU, the same way as in Chrome. */
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { GpuAndPeak } from "../measure/machine.js";
import type { Measured } from "../measure/measure.js";
import { mnistFolder } from "../../scripts/mnist-plugin.js";
import { print, printPeaks, save } from "./output.js";
import { type Workload, workloads } from "../measure/workloads.js";
import { type Script, denoScript } from "../browsers/deno/deno.js";
import { denoSystems } from "../peers/all.js";

const usage = `Usage: npm run bench:deno -- [--only WORKLOAD] [--json FILE]

Measures one training step of each system on each workload, in Deno, whose WebGPU is not Chrome's.

  workloads  ${workloads.map(({ name, onlyByName }) => name + (onlyByName ? " (only by name)" : "")).join(", ")}
  systems    ${denoSystems.map(({ name }) => name).join(", ")}

Progress goes to standard error. Exit status: 0 done, 1 systems disagree or one could not be measured, 2 the command
line is wrong. Deno is taken from PATH, else npx gets the npm package; DENO_WEBGPU_BACKEND names its backend.
`;

class UsageError extends Error {
  override name = "UsageError";
}

interface Choice {
  readonly chosen: readonly Workload[];
  readonly json: string | undefined;
}

try {
  const line = choice();
  if (line) process.exitCode = await bench(line);
  else process.stdout.write(usage);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${usage}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

/** Measures the chosen workloads and returns the exit status. */
async function bench({ chosen, json }: Choice): Promise<number> {
  const script = await denoScript("measure-in-deno.ts");
  try {
    const look = await script.run({ captured: true });
    if (look.status !== 0) return look.status;
    const gpu: GpuAndPeak = lastLine(look.output);
    const all: Measured[] = [];
    // Saved before measuring, so that an unwritable file fails at once.
    await save(json, script.version, gpu, all);
    for (const workload of chosen) {
      const measured = await measuredIn(script, workload);
      all.push(measured);
      print(workload, measured);
      await save(json, script.version, gpu, all);
    }
    printPeaks(gpu);
    return all.some(({ failures, disagreements }) => failures.length + disagreements.length > 0) ? 1 : 0;
  } finally {
    await script.close();
  }
}

/** Measures in a fresh process, so that no workload is measured in memory that another one left behind. */
async function measuredIn(script: Script, { name }: Workload): Promise<Measured> {
  const mnist = pathToFileURL(join(mnistFolder, "/")).href;
  const { status, output } = await script.run({ args: [name, mnist], mayRead: mnistFolder, captured: true });
  if (status === 0) return lastLine(output);
  const message = `${script.version} exited with status ${status}`;
  const failures = denoSystems.map(({ name: system }) => ({ workload: name, system, message }));
  return { runs: [], failures, disagreements: [] };
}

function lastLine(output: string) {
  return JSON.parse(output.trimEnd().split("\n").at(-1) ?? "");
}

/** Parses the command line. Undefined for --help; throws a UsageError when the arguments are wrong. */
function choice(): Choice | undefined {
  const { help, only, json } = options();
  if (help) return undefined;
  const chosen = workloads.filter(({ name, onlyByName }) =>
    only === undefined ? !onlyByName : name === only,
  );
  if (chosen.length === 0) throw new UsageError(`There is no workload ${JSON.stringify(only)}.`);
  return { chosen, json };
}

function options() {
  const text = { type: "string" } as const;
  const help = { type: "boolean", short: "h" } as const;
  try {
    return parseArgs({ options: { only: text, json: text, help } }).values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
