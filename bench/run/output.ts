/** Output of the measuring commands: tables on standard output, a result in a file. Node only. */
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, release, type } from "node:os";
import process from "node:process";
import { significant } from "../measure/format.js";
import type { GpuAndPeak, Machine } from "../measure/machine.js";
import type { Result } from "../measure/result.js";
import type { Measured } from "../measure/measure.js";
import { table } from "../measure/report.js";
import type { Workload } from "../measure/workloads.js";

/** Describes this machine. `browser` is the browser or runtime, with its version. */
export function describeHost(browser: string): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    os: `${type()} ${release()} ${process.arch}`,
    browser,
  };
}

/** Writes the result so far to `file`, if given. `browser` is the browser or runtime, with its version. */
export async function save(
  file: string | undefined,
  browser: string,
  gpu: GpuAndPeak,
  all: readonly Measured[],
): Promise<void> {
  if (file === undefined) return;
  const result: Result = {
    date: new Date().toISOString(),
    machine: describeHost(browser),
    ...gpu,
    runs: all.flatMap(({ runs }) => runs),
    sweep: [],
    failures: all.flatMap(({ failures }) => failures),
    disagreements: all.flatMap(({ disagreements }) => disagreements),
  };
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
}

export function print(workload: Workload, { runs, failures, disagreements }: Measured): void {
  const lines = [
    table(workload, runs),
    ...failures.map(({ system, message }) => `${system} failed: ${message}`),
    ...disagreements,
  ];
  process.stdout.write(`\n${lines.join("\n")}\n`);
}

export function printPeaks({ peakGflops, cpuPeakGflops }: GpuAndPeak): void {
  const peaks = [
    ...(peakGflops === undefined ? [] : [`adapter ${significant(peakGflops)} GFLOP/s`]),
    ...(cpuPeakGflops === undefined ? [] : [`WebAssembly ${significant(cpuPeakGflops)} GFLOP/s`]),
  ];
  if (peaks.length > 0) process.stdout.write(`\nPeak multiply-add rate in registers: ${peaks.join(", ")}\n`);
}
