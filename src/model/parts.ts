/** The data that a model consists of. */
import type { ReasonCode, EpochRecord } from "../core/progress.js";
import type { Label } from "../data/labels.js";
import type { Schema } from "../data/schema.js";
import type { Parity } from "../parity/stages.js";
import type { Warning } from "../core/warnings.js";

/** A value of an option as plain data. */
export type OptionValue =
  | string
  | number
  | boolean
  | readonly OptionValue[]
  | { readonly [name: string]: OptionValue };

/** The options of a training by name, as far as its solver read them, with their defaults. */
export interface ModelOptions {
  readonly [name: string]: OptionValue;
}

/** Size and hash of the data that a model was trained on. */
export interface TrainedOn {
  /** Rows with a weight above 0, those for validation included. */
  readonly rows: number;
  /** Features in a row. */
  readonly features: number;
  /** 16 hexadecimal digits: a hash of features, labels or targets, and weights. Other data have another. */
  readonly hash: string;
}

/** The fields of a model. All of them are plain data. */
export interface ModelParts<L extends Label = Label> {
  /** (classes) The class labels, in the order of logits and probabilities. */
  readonly classes: readonly L[];
  /** Features in a row. */
  readonly features: number;
  /** Value of a unit of a byte: features are `scale · byte`. Absent when the model was trained on floats. */
  readonly scale?: number | undefined;
  /** (features, classes) flat, row by row. */
  readonly weights: Float32Array;
  /** (classes) The intercept: the logits at the origin. */
  readonly bias: Float64Array;
  /** (features) Subtracted from x in f64 before every product. Default: zeros. */
  readonly origin?: Float64Array | undefined;
  /** (features) The name of each feature, where the data had names. */
  readonly featureNames?: readonly string[] | undefined;
  /** How the columns of a file become features, where the data were read from one. */
  readonly schema?: Schema | undefined;
  /** True where the training had offsets, which the logits of the model are without. Absent otherwise. */
  readonly offsets?: true | undefined;
  /**
   * The options that the training was made with, defaults included: `l2` also where C was given, and
   * `classWeight` as a factor for each class. Empty where the model was not trained by smigh.
   */
  readonly options: ModelOptions;
  /** The version of smigh that trained it. */
  readonly version?: string | undefined;
  /** The data that it was trained on. */
  readonly data?: TrainedOn | undefined;
  /** Loss and accuracy of each epoch, or of each iteration of lbfgs and newton. */
  readonly history: readonly EpochRecord[];
  /** True where the training met its tolerance. False for the first-order solvers, which have none. */
  readonly converged: boolean;
  /** Why the training ended, in words. */
  readonly reason: string;
  /** The same for programs. Absent in models of older files. */
  readonly reasonCode?: ReasonCode | undefined;
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
  readonly parity?: Parity | undefined;
}

/** The parts that a model is made of: `classes` and `weights` are enough, and the others have defaults. */
export interface GivenParts<L extends Label = Label> extends Partial<
  Omit<ModelParts<L>, "classes" | "weights" | "bias" | "origin">
> {
  /** (classes) The class labels: at least two different ones of one type. */
  readonly classes: ArrayLike<L>;
  /** (features, classes) flat, row by row. */
  readonly weights: ArrayLike<number>;
  /** (classes) The intercept. Default zeros. */
  readonly bias?: ArrayLike<number> | undefined;
  /** (features) Subtracted from x. Default zeros. */
  readonly origin?: ArrayLike<number> | undefined;
}
