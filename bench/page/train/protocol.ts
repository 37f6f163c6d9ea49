/** What the page, its worker and the driver in Node say to each other. All of it is plain data. */
import type { Parity, Progress, SoftmaxModel } from "../../../src/index.js";
import type { SolverName } from "../../../src/train/options.js";
import type { Job, Limit } from "./job.js";

/** From the page to the worker. */
export type Command =
  /** The first one. `from` is the address of the folder with the digits. */
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
  /** The training is over, and the model is being tried on all digits. */
  | { readonly kind: "evaluating" }
  | { readonly kind: "ended"; readonly summary: Summary; readonly file: string; readonly pictures: Pictures }
  /** Stopped before the first step, so that there is no model. */
  | { readonly kind: "cancelled" }
  /** A solver's turn in the comparison goes on, from one point to the next. */
  | { readonly kind: "compared"; readonly point: ComparedPoint }
  /** All solvers have had their turns, or they were stopped. */
  | { readonly kind: "comparison-ended"; readonly stopped: boolean }
  | { readonly kind: "failed"; readonly failure: Failure };

export interface Ready {
  readonly train: number;
  readonly test: number;
  readonly webgpu: WebGpu;
  /** What "auto" takes here. */
  readonly auto: Chosen;
  /** Some of the test digits. */
  readonly digits: readonly Digit[];
}

/** The adapter's name, or why there is none. */
export type WebGpu = { readonly adapter: string } | { readonly missing: string };

export type Chosen = Pick<SoftmaxModel["engine"], "name" | "adapter" | "why">;

export interface Digit {
  /** (28, 28) from 0, paper, to 255, ink */
  readonly pixels: Uint8Array;
  readonly truth: number;
}

/** A digit and what the model says of it. */
export interface Answer extends Digit {
  readonly prediction: number;
  readonly probability: number;
}

export interface Summary {
  /** False: stopped, so the model is that of the last step taken. */
  readonly completed: boolean;
  readonly reason: string;
  readonly engine: SoftmaxModel["engine"];
  /** Training digits. */
  readonly examples: number;
  readonly limit: Limit;
  /** Epochs begun, or iterations. */
  readonly taken: number;
  readonly converged: boolean;
  /** The largest |∂F/∂w| of the final weights, of the solvers that look at it. */
  readonly gradientMax?: number;
  /** Of the final weights, on the training digits. */
  readonly loss: number;
  readonly trainAccuracy: number;
  readonly testAccuracy: number;
  readonly testExamples: number;
  /** Of training, without pauses. */
  readonly seconds: number;
  /** Of the solvers that it is checked for. */
  readonly parity?: Parity;
}

/** A model that a solver made in so many passes over the data, and how good it is. */
export interface ComparedPoint {
  readonly solver: SolverName;
  readonly passes: number;
  /** Of the training that made it. */
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
  /** Wrong answers, the surest first. */
  readonly mistakes: readonly Answer[];
}

export interface Failure {
  readonly name: string;
  readonly message: string;
}

/** What the driver hears: the worker's reports without their pictures. */
export type DriverReport =
  | Exclude<Report, { kind: "ended" | "ready" }>
  | { readonly kind: "ready"; readonly webgpu: WebGpu }
  | { readonly kind: "ended"; readonly summary: Summary; readonly file: string };

declare global {
  interface Window {
    /** Given by the driver. */
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
