import type { Label } from "../data/labels.js";
import type { Parity } from "../parity/stages.js";
import type { EpochRecord } from "../core/progress.js";
import type { Warning } from "../core/warnings.js";

/** What a model is made of. All of it is plain data. */
export interface ModelParts<L extends Label = Label> {
  /** In the order of logits and probabilities. */
  readonly classes: readonly L[];
  /** Features in a row. */
  readonly features: number;
  /** What a unit of a byte means. Absent when the model was trained on floats. */
  readonly scale?: number;
  /** (features, classes) */
  readonly weights: Float32Array;
  /** (classes) the intercept: the logits at the origin. */
  readonly bias: Float64Array;
  /** (features) taken off x in f64 before every product. 0 when absent. */
  readonly origin?: Float64Array;
  readonly history: readonly EpochRecord[];
  /** Whether a tolerance was met; the first-order solvers have none, so false for them. */
  readonly converged: boolean;
  /** Why the training ended, in words. */
  readonly reason: string;
  /** Steps taken. */
  readonly iterations: number;
  /** Things worth knowing about the training that are no errors. */
  readonly warnings: readonly Warning[];
  /** What computed, with which kernels (see the option of that name), and why it was chosen. */
  readonly engine: {
    readonly name: string;
    readonly adapter: string;
    readonly kernels: string;
    readonly why: string;
  };
  /** What `parity: true` found. */
  readonly parity?: Parity;
}
