/** Formats the benchmark's results as text: a table for the terminal, and Markdown. */
import { duration, significant } from "./format.js";
import type { Result } from "./result.js";
import type { Run } from "./measure.js";
import { adapterName } from "../peers/system.js";
import type { Workload } from "./workloads.js";

/** Every other system's time is given as a multiple of this one's. */
export const BASE = "smigh/webgpu";

/** Formats a workload's runs as a table with aligned columns. */
export function table(workload: Workload, runs: readonly Run[]): string {
  const rows = [HEADER, ...cells(runs)];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column < TEXT_COLUMNS ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return [titleOf(workload), ...lines].join("\n");
}

/** Formats the whole result as Markdown. */
export function markdown(result: Result, workloads: readonly Workload[]): string {
  const tables = [...new Set(result.runs.map(({ workload }) => workload))].map((name) => {
    const workload = workloads.find((one) => one.name === name);
    const runs = result.runs.filter((run) => run.workload === name);
    return `### ${workload ? titleOf(workload) : name}\n\n${markdownTable(HEADER, TEXT_COLUMNS, cells(runs))}`;
  });
  const sweeps = [...new Set(result.sweep.map(({ workload }) => workload))].map((name) => {
    const runs = result.sweep.filter((run) => run.workload === name);
    return `### ${name}: examples/s by batch size\n\n${sweepTable(runs)}`;
  });
  const failures = result.failures.map(({ workload, system, batch, message }) => {
    const place = batch === undefined ? workload : `${workload}, batch ${batch}`;
    return `- ${place}: ${system} failed: ${message.replaceAll(/\s+/g, " ")}`;
  });
  const notes = [...failures, ...result.disagreements.map((line) => `- ${line}`)];
  return `${[headOf(result), ...tables, ...sweeps, ...(notes.length > 0 ? [notes.join("\n")] : [])].join("\n\n")}\n`;
}

const HEADER = [
  "system",
  "adapter",
  "step",
  "min – max",
  "cold start",
  "examples/s",
  "GFLOP/s",
  "GB/s",
  "bytes ×",
  "time ×",
];
const TEXT_COLUMNS = 2;

function cells(runs: readonly Run[]): string[][] {
  const base = runs.find(({ system }) => system === BASE)?.stepMs.median;
  return runs.map((run) => [
    run.system,
    run.adapter,
    duration(run.stepMs.median),
    `${duration(run.stepMs.min)} – ${duration(run.stepMs.max)}`,
    duration(run.coldMs),
    significant(run.examplesPerSecond),
    significant(run.gflops),
    run.bytesMoved === undefined ? "" : significant(run.bytesMoved / run.stepMs.median / 1e6),
    run.bytesMoved === undefined || run.leastBytes === undefined
      ? ""
      : significant(run.bytesMoved / run.leastBytes),
    base === undefined ? "" : significant(run.stepMs.median / base),
  ]);
}

/** One row per system, one column per batch size. */
function sweepTable(runs: readonly Run[]): string {
  const sizes = [...new Set(runs.map(({ batch }) => batch))].toSorted((a, b) => a - b);
  const systems = [...new Set(runs.map(({ system }) => system))];
  const rows = systems.map((name) => [
    name,
    ...sizes.map((size) => {
      const run = runs.find(({ system, batch }) => system === name && batch === size);
      return run ? significant(run.examplesPerSecond) : "";
    }),
  ]);
  return markdownTable(["system", ...sizes.map(significant)], 1, rows);
}

export function markdownTable(
  header: readonly string[],
  textColumns: number,
  rows: readonly string[][],
): string {
  const line = (row: readonly string[]) =>
    `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = header.map((_, column) => (column < textColumns ? "---" : "---:"));
  return [line(header), line(rule), ...rows.map(line)].join("\n");
}

function headOf({ date, machine, gpu, peakGflops, cpuPeakGflops }: Result): string {
  const { browser, os, cores, cpu } = machine;
  const parts = [
    `${date.slice(0, 10)}, ${browser}, ${os}, ${cpu ? `${cpu}, ` : ""}${cores} threads`,
    ...(gpu ? [`WebGPU on ${adapterName(gpu)}${gpu.software ? ", a software adapter" : ""}`] : []),
    ...(peakGflops === undefined ? [] : [`its peak multiply-add rate: ${significant(peakGflops)} GFLOP/s`]),
    ...(cpuPeakGflops === undefined ? [] : [`in WebAssembly: ${significant(cpuPeakGflops)} GFLOP/s`]),
  ];
  return `${parts.join("; ")}.`;
}

function titleOf({ name, features, classes, batch }: Workload): string {
  return `${name}: ${features} features × ${classes} classes, batch ${batch}`;
}
