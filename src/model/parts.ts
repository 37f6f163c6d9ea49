/** The data that a model consists of. */
import type { ReasonCode, EpochRecord } from "../core/progress.js";
import type { Label } from "../data/labels.js";
import type { Parity } from "../parity/stages.js";
import type { Warning } from "../core/warnings.js";

/** The fields of a model. All of them are plain data. */
export interface ModelParts<L extends Label = Label> {
  /** (classes) The class labels, in the order of logits and probabilities. */
  readonly classes: readonly L[];
  /** Features in a row. */
  readonly features: number;
  /** Value of a unit of a byte: features are `scale · byte`. Absent when the model was trained on floats. */
  readonly scale?: number;
  /** (features, classes) flat, row by row. */
  readonly weights: Float32Array;
  /** (classes) The intercept: the logits at the origin. */
  readonly bias: Float64Array;
  /** (features) Subtracted from x in f64 before every product. Default: zeros. */
  readonly origin?: Float64Array;
  /** True where the training had offsets, which the logits of the model are without. Absent otherwise. */
  readonly offsets?: true;
  /** Loss and accuracy of each epoch, or of each iteration of lbfgs and newton. */
  readonly history: readonly EpochRecord[];
  /** True where the training met its tolerance. False for the first-order solvers, which have none. */
  readonly converged: boolean;
  /** Why the training ended, in words. */
  readonly reason: string;
  /** The same for programs. Absent in models of older files. */
  readonly reasonCode?: ReasonCode;
  /** Number of steps taken. */
  readonly iterations: number;
  /** What is worth knowing about the training and is no error. */
  readonly warnings: readonly Warning[];
  /**
   * The engine and adapter that trained, the kernels (see the option of that name), and why the engine was
   * chosen.
   */
  readonly engine: {
    readonly name: string;
    readonly adapter: string;
    readonly kernels: string;
    readonly why: string;
  };
  /** Result of the checks against the f64 reference. Present with `parity: true`. */
  readonly parity?: Parity;
}
