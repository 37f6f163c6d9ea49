/** Messages between the training page, its worker and the driver in Node. All of it is plain data. */
import type { Parity, Progress, SoftmaxModel } from "../../../src/index.js";
import type { SolverName } from "../../../src/solvers/solver-table.js";
import type { Job, Limit } from "./job.js";

/** From the page to the worker. */
export type Command =
  /** The first command. `from` is the address of the folder with the digits. */
  | { readonly kind: "load"; readonly from: string }
  | { readonly kind: "start"; readonly job: Job }
  | { readonly kind: "compare"; readonly engine: Job["engine"] }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "stop" };

/** From the worker to the page. */
export type Report =
  | { readonly kind: "loading"; readonly bytes: number; readonly total: number }
  | ({ readonly kind: "ready" } & Ready)
  | { readonly kind: "progress"; readonly progress: Progress; readonly limit: Limit }
  /** The training is over, and the model is being evaluated on all digits. */
  | { readonly kind: "evaluating" }
  | { readonly kind: "ended"; readonly summary: Summary; readonly file: string; readonly pictures: Pictures }
  /** Stopped before the first step, so there is no model. */
  | { readonly kind: "cancelled" }
  /** A solver has reached its next point in the comparison. */
  | { readonly kind: "compared"; readonly point: ComparedPoint }
  /** All solvers have been compared, or the comparison was stopped. */
  | { readonly kind: "comparison-ended"; readonly stopped: boolean }
  | { readonly kind: "failed"; readonly failure: Failure };

export interface Ready {
  readonly train: number;
  readonly test: number;
  readonly webgpu: WebGpu;
  /** The engine that "auto" chooses on this machine. */
  readonly auto: Chosen;
  /** Some of the test digits. */
  readonly digits: readonly Digit[];
}

/** The adapter's name, or why there is none. */
export type WebGpu = { readonly adapter: string } | { readonly missing: string };

export type Chosen = Pick<SoftmaxModel["engine"], "name" | "adapter" | "why">;

export interface Digit {
  /** (28, 28), from 0 (paper) to 255 (ink). */
  readonly pixels: Uint8Array;
  readonly truth: number;
}

/** A digit and the model's prediction. */
export interface Answer extends Digit {
  readonly prediction: number;
  readonly probability: number;
}

export interface Summary {
  /** False if stopped: then the model is that of the last step taken. */
  readonly completed: boolean;
  readonly reason: string;
  readonly engine: SoftmaxModel["engine"];
  /** Number of training digits. */
  readonly examples: number;
  readonly limit: Limit;
  /** Epochs begun, or iterations. */
  readonly taken: number;
  readonly converged: boolean;
  /** Largest |∂F/∂w| at the final weights, for solvers that compute it. */
  readonly gradientMax?: number;
  /** Loss of the final weights on the training digits. */
  readonly loss: number;
  readonly trainAccuracy: number;
  readonly testAccuracy: number;
  readonly testExamples: number;
  /** Training time, without pauses. */
  readonly seconds: number;
  /** Absent for solvers whose parity is not checked. */
  readonly parity?: Parity;
}

/** How good a solver's model is after some passes over the data. */
export interface ComparedPoint {
  readonly solver: SolverName;
  readonly passes: number;
  /** Time of the training that made the model. */
  readonly seconds: number;
  /** F, in f64. */
  readonly objective: number;
  /** The largest |∂F/∂w|, in f64. */
  readonly gradientMax: number;
  readonly reason: string;
}

export interface Pictures {
  /** (features, classes) */
  readonly weights: Float32Array;
  /** `confusion[truth][prediction]` on the test digits. */
  readonly confusion: readonly (readonly number[])[];
  readonly sample: readonly Answer[];
  /** Wrong answers, the most confident first. */
  readonly mistakes: readonly Answer[];
}

export interface Failure {
  readonly name: string;
  readonly message: string;
}

/** What the driver receives: the worker's reports without pictures and digits. */
export type DriverReport =
  | Exclude<Report, { kind: "ended" | "ready" }>
  | { readonly kind: "ready"; readonly webgpu: WebGpu }
  | { readonly kind: "ended"; readonly summary: Summary; readonly file: string };

declare global {
  interface Window {
    /** Provided by the driver. */
    reportToDriver?: (report: DriverReport) => void;
  }
}

export function forDriver(report: Report): DriverReport {
  switch (report.kind) {
    case "ready":
      return { kind: report.kind, webgpu: report.webgpu };
    case "ended":
      return { kind: report.kind, summary: report.summary, file: report.file };
    default:
      return report;
  }
}
