/** The file that `npm run bench:gpu` writes, and the tables that the documents make of it. Plain data. */
import { significant } from "./format.js";
import type { GpuPeaks, TimedKernels } from "./gpu.js";
import type { Machine } from "./machine.js";
import type { Measured } from "./measure.js";
import { markdownTable } from "./report.js";
import type { TimedTrainings } from "./trainings.js";

/** Measurements in Chrome, or in Node through Dawn. Absent parts did not run; `missing` says why. */
export interface GpuPlace {
  readonly place: "Chrome" | "Node";
  readonly peaks?: GpuPeaks;
  readonly conformance?: Conformance;
  readonly steps: readonly Measured[];
  readonly kernels: readonly TimedKernels[];
  readonly trainings?: TimedTrainings;
  readonly missing: readonly string[];
}

export interface Conformance {
  readonly passed: number;
  readonly failed: number;
  /** Names of tests that failed. */
  readonly failures: readonly string[];
}

export interface GpuReport {
  /** ISO 8601 */
  readonly date: string;
  /** The version of smigh. */
  readonly version: string;
  readonly quick: boolean;
  /** Its `browser` is the version of Node. */
  readonly machine: Machine;
  readonly places: readonly GpuPlace[];
}

/** Formats a report as Markdown. */
export function gpuTables({ date, version, quick, machine, places }: GpuReport): string {
  const { cpu = "unknown processor", cores, os, browser } = machine;
  const head = `${date.slice(0, 10)}, smigh ${version}${quick ? ", quick" : ""}, ${os}, ${cpu}, ${cores} threads, ${browser}.`;
  return `${[head, ...places.flatMap(placeTables)].join("\n\n")}\n`;
}

function placeTables(place: GpuPlace): string[] {
  const { peaks, conformance, steps, kernels, trainings, missing } = place;
  return [
    `## ${place.place}${peaks ? `: ${nameOf(peaks)}` : ""}`,
    ...(peaks
      ? [
          `${significant(peaks.peakGflops)} GFLOP/s of multiply-adds in registers, ` +
            `${significant(peaks.copyGigabytes)} GB/s in a copy.`,
        ]
      : []),
    ...(conformance
      ? [
          `Conformance: ${conformance.passed} passed, ${conformance.failed} failed.`,
          ...conformance.failures.map((name) => `- ${name}`),
        ]
      : []),
    ...stepTables(steps, peaks),
    ...(kernels.length > 0 ? [kernelTable(kernels)] : []),
    ...(trainings ? [trainingTable(trainings)] : []),
    ...(missing.length > 0 ? [missing.map((why) => `- ${oneLine(why)}`).join("\n")] : []),
  ];
}

function nameOf({ gpu }: GpuPeaks): string {
  const { vendor, architecture, device, description, software } = gpu;
  const names = [vendor, architecture, device, description].filter(Boolean).join(" ");
  return `${names || "an adapter without a name"}${software ? ", a software adapter" : ""}`;
}

function stepTables(steps: readonly Measured[], peaks: GpuPeaks | undefined): string[] {
  const rows = steps.flatMap(({ runs }) =>
    runs.map(({ workload, system, stepMs, gflops, bytesMoved }) => [
      workload,
      system,
      microseconds(stepMs.median),
      `${microseconds(stepMs.min)} – ${microseconds(stepMs.max)}`,
      significant(gflops),
      peaks && system.endsWith("webgpu") ? `${significant((100 * gflops) / peaks.peakGflops)} %` : "",
      bytesMoved === undefined ? "" : significant(bytesMoved / stepMs.median / 1e6),
    ]),
  );
  const heads = ["workload", "system", "step, µs", "min – max", "GFLOP/s", "of the peak", "GB/s"];
  const notes = steps.flatMap(({ failures, disagreements }) => [
    ...failures.map(
      ({ workload, system, message }) => `- ${workload}: ${system} failed: ${oneLine(message)}`,
    ),
    ...disagreements.map((line) => `- ${line}`),
  ]);
  return [
    ...(rows.length > 0 ? [markdownTable(heads, 2, rows)] : []),
    ...(notes.length > 0 ? [notes.join("\n")] : []),
  ];
}

function kernelTable(kernels: readonly TimedKernels[]): string {
  const rows = kernels.flatMap(({ workload, chosen, candidates }) => [
    ...candidates.runs.map(({ system, stepMs }) => [
      workload,
      system === chosen ? `**${system}**` : system,
      microseconds(stepMs.median),
    ]),
    ...candidates.failures.map(({ system, message }) => [workload, system, oneLine(message)]),
    ...candidates.disagreements.map((line) => [workload, line, ""]),
  ]);
  return markdownTable(["workload", "kernels (chosen by `auto`)", "step, µs"], 2, rows);
}

function trainingTable({ trainings, epochsRatio }: TimedTrainings): string {
  const rows = trainings.map(({ name, unit, perSecond }) => [name, `${significant(perSecond)} ${unit}`]);
  return markdownTable(["`train()`", "per second"], 1, [
    ...rows,
    ["time of 300 epochs over that of one", `${significant(epochsRatio)} ×`],
  ]);
}

function microseconds(milliseconds: number): string {
  return significant(1000 * milliseconds);
}

function oneLine(message: string): string {
  return message.replaceAll(/\s+/g, " ");
}
