/** The benchmark's results as text. */
import type { Run } from "./measure.js";
import type { Workload } from "./workloads.js";

/** Every other system's time is given as a multiple of this one's. */
const BASE = "smigh/webgpu";

export function table({ name, features, classes, batch }: Workload, runs: readonly Run[]): string {
  const title = `${name}: ${features} features × ${classes} classes, batch ${batch}`;
  const base = runs.find(({ system }) => system === BASE)?.stepMs.median;
  const header = [
    "system",
    "adapter",
    "step, ms",
    "min – max",
    "samples",
    "cold ms",
    "examples/s",
    "GFLOP/s",
    "×",
  ];
  const rows = runs.map(({ system, adapter, stepMs, samples, coldMs, examplesPerSecond, gflops }) => [
    system,
    adapter,
    digits(stepMs.median),
    `${digits(stepMs.min)} – ${digits(stepMs.max)}`,
    String(samples),
    coldMs.toFixed(0),
    examplesPerSecond.toFixed(0),
    digits(gflops),
    base === undefined ? "" : digits(stepMs.median / base),
  ]);
  const widths = header.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = [header, ...rows].map((row) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return [title, ...lines].join("\n");
}

/** Three significant digits. */
function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
