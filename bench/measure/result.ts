/** The file of a benchmark's result: `npm run bench -- --json` writes it, the page saves and reads it. */
import type { Cold } from "./contender.js";
import type { MeasureFailure, Run, Spread } from "./measure.js";
import type { GpuInfo, GpuAndPeak, Machine } from "./machine.js";

export interface Result {
  /** ISO 8601 */
  readonly date: string;
  readonly machine: Machine;
  readonly gpu?: GpuInfo;
  /** Measured peak of the adapter's multiply-adds, with all operands in registers. */
  readonly peakGflops?: number;
  /** The same for all threads of the processor together, in WebAssembly. */
  readonly cpuPeakGflops?: number;
  readonly runs: readonly Run[];
  /** Runs over batch sizes. */
  readonly sweep: readonly Run[];
  readonly failures: readonly MeasureFailure[];
  readonly disagreements: readonly string[];
}

/** Takes the higher peaks of two measurements: a session's first may find an adapter that is still idle. */
export function higherPeaks(first: GpuAndPeak, second: GpuAndPeak): GpuAndPeak {
  const gpu = second.gpu ?? first.gpu;
  const peakGflops = higher(first.peakGflops, second.peakGflops);
  const cpuPeakGflops = higher(first.cpuPeakGflops, second.cpuPeakGflops);
  return {
    ...(gpu && { gpu }),
    ...(peakGflops !== undefined && { peakGflops }),
    ...(cpuPeakGflops !== undefined && { cpuPeakGflops }),
  };
}

function higher(first: number | undefined, second: number | undefined): number | undefined {
  return first === undefined || second === undefined ? (first ?? second) : Math.max(first, second);
}

/** The file is not a valid result. */
export class ResultError extends Error {
  override name = "ResultError";
}

/** Parses and checks a result. Throws a ResultError that names the wrong field and what it must be. */
export function readResult(json: string): Result {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ResultError(`The file is not JSON: ${reason}.`, { cause });
  }
  const result = object(value, "The file");
  const peakGflops = optional(result["peakGflops"], "peakGflops", positive);
  const cpuPeakGflops = optional(result["cpuPeakGflops"], "cpuPeakGflops", positive);
  const gpu = optional(result["gpu"], "gpu", gpuOf);
  return {
    date: dateOf(result["date"], "date"),
    machine: machineOf(result["machine"], "machine"),
    ...(gpu && { gpu }),
    ...(peakGflops !== undefined && { peakGflops }),
    ...(cpuPeakGflops !== undefined && { cpuPeakGflops }),
    runs: list(result["runs"], "runs", runOf),
    sweep: optional(result["sweep"], "sweep", (value, at) => list(value, at, runOf)) ?? [],
    failures: optional(result["failures"], "failures", (value, at) => list(value, at, failureOf)) ?? [],
    disagreements:
      optional(result["disagreements"], "disagreements", (value, at) => list(value, at, text)) ?? [],
  };
}

function machineOf(value: unknown, at: string): Machine {
  const machine = object(value, at);
  const cpu = optional(machine["cpu"], `${at}.cpu`, text);
  return {
    browser: text(machine["browser"], `${at}.browser`),
    os: text(machine["os"], `${at}.os`),
    cores: positive(machine["cores"], `${at}.cores`),
    ...(cpu !== undefined && { cpu }),
  };
}

function gpuOf(value: unknown, at: string): GpuInfo {
  const gpu = object(value, at);
  const limits = object(gpu["limits"], `${at}.limits`);
  const subgroupSizes = optional(gpu["subgroupSizes"], `${at}.subgroupSizes`, (value, at) => {
    const { min, max } = object(value, at);
    return { min: positive(min, `${at}.min`), max: positive(max, `${at}.max`) };
  });
  return {
    vendor: text(gpu["vendor"], `${at}.vendor`),
    architecture: text(gpu["architecture"], `${at}.architecture`),
    device: text(gpu["device"], `${at}.device`),
    description: text(gpu["description"], `${at}.description`),
    software: flag(gpu["software"], `${at}.software`),
    ...(subgroupSizes && { subgroupSizes }),
    features: list(gpu["features"], `${at}.features`, text),
    limits: Object.fromEntries(
      Object.entries(limits).map(([name, limit]) => [name, positive(limit, `${at}.limits.${name}`)]),
    ),
  };
}

function runOf(value: unknown, at: string): Run {
  const run = object(value, at);
  const stepMs = spreadOf(run["stepMs"], `${at}.stepMs`);
  const examplesPerSecond = positive(run["examplesPerSecond"], `${at}.examplesPerSecond`);
  const batch = optional(run["batch"], `${at}.batch`, positive);
  const samples = optional(run["samples"], `${at}.samples`, positive);
  const cold = optional(run["cold"], `${at}.cold`, coldOf);
  const bytesMoved = optional(run["bytesMoved"], `${at}.bytesMoved`, positive);
  const leastBytes = optional(run["leastBytes"], `${at}.leastBytes`, positive);
  return {
    workload: text(run["workload"], `${at}.workload`),
    system: text(run["system"], `${at}.system`),
    adapter: text(run["adapter"], `${at}.adapter`),
    engineVersion: text(run["engineVersion"], `${at}.engineVersion`),
    batch: batch ?? Math.round((examplesPerSecond * stepMs.median) / 1000),
    stepMs,
    ...(samples !== undefined && { samples }),
    coldMs: positive(run["coldMs"], `${at}.coldMs`),
    ...(cold && { cold }),
    examplesPerSecond,
    gflops: positive(run["gflops"], `${at}.gflops`),
    ...(bytesMoved !== undefined && { bytesMoved }),
    ...(leastBytes !== undefined && { leastBytes }),
    loss: number(run["loss"], `${at}.loss`),
  };
}

function spreadOf(value: unknown, at: string): Spread {
  const spread = object(value, at);
  const min = positive(spread["min"], `${at}.min`);
  const median = positive(spread["median"], `${at}.median`);
  const max = positive(spread["max"], `${at}.max`);
  if (min <= median && median <= max) return { min, median, max };
  throw new ResultError(`${at} is min ${min}, median ${median}, max ${max}, and they must ascend.`);
}

function coldOf(value: unknown, at: string): Cold {
  const cold = object(value, at);
  return {
    loadMs: number(cold["loadMs"], `${at}.loadMs`),
    openMs: number(cold["openMs"], `${at}.openMs`),
    firstStepMs: number(cold["firstStepMs"], `${at}.firstStepMs`),
  };
}

function failureOf(value: unknown, at: string): MeasureFailure {
  const failure = object(value, at);
  const batch = optional(failure["batch"], `${at}.batch`, positive);
  return {
    workload: text(failure["workload"], `${at}.workload`),
    system: text(failure["system"], `${at}.system`),
    ...(batch !== undefined && { batch }),
    message: text(failure["message"], `${at}.message`),
  };
}

type Read<T> = (value: unknown, at: string) => T;

function optional<T>(value: unknown, at: string, read: Read<T>): T | undefined {
  return value === undefined || value === null ? undefined : read(value, at);
}

function object(value: unknown, at: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw wrong(value, at, "an object");
}

function list<T>(value: unknown, at: string, read: Read<T>): T[] {
  if (Array.isArray(value)) return value.map((item, index) => read(item, `${at}[${index}]`));
  throw wrong(value, at, "a list");
}

function text(value: unknown, at: string): string {
  if (typeof value === "string") return value;
  throw wrong(value, at, "a string");
}

function flag(value: unknown, at: string): boolean {
  if (typeof value === "boolean") return value;
  throw wrong(value, at, "true or false");
}

/** No check for NaN, which JSON cannot express. */
function number(value: unknown, at: string): number {
  if (typeof value === "number") return value;
  throw wrong(value, at, "a number");
}

function positive(value: unknown, at: string): number {
  const given = number(value, at);
  if (given > 0) return given;
  throw wrong(value, at, "above 0");
}

function dateOf(value: unknown, at: string): string {
  const given = text(value, at);
  if (!Number.isNaN(Date.parse(given))) return given;
  throw wrong(value, at, "a date such as 2026-11-24T22:51:00Z");
}

function wrong(value: unknown, at: string, wanted: string): ResultError {
  if (value === undefined) return new ResultError(`${at} is missing, and must be ${wanted}.`);
  const given = JSON.stringify(value);
  const shown = given.length > 60 ? `${given.slice(0, 60)}…` : given;
  return new ResultError(`${at} is ${shown}, and must be ${wanted}.`);
}
