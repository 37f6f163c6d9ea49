/** The metrics that the board's bars can show. */
import type { Run, Spread } from "./measure.js";
import { duration, significant } from "./format.js";

export interface Metric {
  readonly key: string;
  readonly name: string;
  readonly note?: string;
  /** Undefined where the run has no such number. */
  of(run: Run): Spread | undefined;
  format(value: number): string;
}

/** Spread of work per second, where each step does `work`. */
function perSecond({ stepMs: { min, median, max } }: Run, work: number): Spread {
  return { min: (1000 * work) / max, median: (1000 * work) / median, max: (1000 * work) / min };
}

const EXAMPLES: Metric = {
  key: "examples",
  name: "Examples/s",
  of: (run) => perSecond(run, run.batch),
  format: significant,
};

const GFLOPS: Metric = {
  key: "gflops",
  name: "GFLOP/s",
  of: (run) => perSecond(run, (run.gflops * run.stepMs.median) / 1000),
  format: significant,
};

const BYTES: Metric = {
  key: "bytes",
  name: "GB/s moved",
  of: (run) => (run.bytesMoved === undefined ? undefined : perSecond(run, run.bytesMoved / 1e9)),
  format: significant,
};

const STEP: Metric = {
  key: "step",
  name: "Time per step",
  note: "Shorter is faster.",
  of: ({ stepMs }) => stepMs,
  format: duration,
};

export const metrics: readonly Metric[] = [EXAMPLES, GFLOPS, BYTES, STEP];

/** Whether a measured peak bounds the metric. */
export function isBounded(metric: Metric): boolean {
  return metric === GFLOPS;
}
