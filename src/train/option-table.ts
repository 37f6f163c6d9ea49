/** The options of a training: documentation, type, check and default of each, in one table. */
import type { Label } from "../data/labels.js";
import type { TrainingData } from "../data/dataset.js";
import { ENGINES, type EngineName } from "../engine/engine.js";
import type { GPUDevice } from "../engine/gpu-device.js";
import { type Runtime, checkRuntime } from "../engine/runtime.js";
import {
  type Check,
  checkAdapter,
  checkC,
  checkClassWeight,
  checkDevice,
  checkFactors,
  checkFractionOrData,
  checkInit,
  checkRate,
  checkSignal,
  notNegative,
  ofType,
  oneOf,
  positive,
  wholeNumber,
  inRange,
} from "../core/checks.js";
import type { Progress } from "../core/progress.js";
import type { Schedule } from "../solvers/minibatch/schedule.js";
import { SOLVER_NAMES, type SolverName } from "../solvers/solver-table.js";
import type { StartingModel } from "./init.js";
import type { Warning } from "../core/warnings.js";

/** A row of the option table, for an option of the type `Value`. */
export interface OptionRow<Value = unknown> {
  readonly check: Check;
  /** Solvers may have another (`defaults` in their table). Absent: the option may stay undefined. */
  readonly default?: Value;
  /** Engines that the option is for. Default: all. */
  readonly engines?: readonly EngineName[];
  /** False if the model does not record it: it changes no result, or cannot be plain data. */
  readonly recorded?: false;
  /** Default true: `--name VALUE`, `--name` where the default is false, `--no-name` where it is true. */
  readonly flag?: false;
}

/** A row of an option that has a default. */
export interface DefaultedRow<Value = unknown> extends OptionRow<Value> {
  readonly default: Value;
}

/** The type of the option of a row. */
export type ValueOf<Row> = Row extends OptionRow<infer Value> ? Value : never;

/** Gives a row the type of its option. */
export function option<Value>(row: DefaultedRow<Value>): DefaultedRow<Value>;
export function option<Value>(row: OptionRow<Value>): OptionRow<Value>;
export function option<Value>(row: OptionRow<Value>): OptionRow<Value> {
  return row;
}

const BOOLEAN = ofType("boolean", "true or false");
export const FUNCTION = ofType("function", "a function");

/**
 * The rows of all options, one each: documentation, type, check and default. Types, flags, help, the form of
 * the page and the table in the documents are made of them. Solvers say in their table which of them they
 * read.
 */
const createTable = <L extends Label>() => ({
  /**
   * The engine: "webgpu" (the GPU), "wasm" (SIMD kernels on the processor's threads) or "reference" (plain
   * loops in f64). Default "auto": webgpu where there is a GPU and a pass is large enough for one
   * (rows × features × classes ≥ 1e7 for lbfgs and newton, 1e8 in Firefox, where answers take longer; of a
   * mini-batch ≥ 1e6), otherwise wasm, and the reference where there is no SIMD either. "auto" goes on to the
   * next engine where one fails; an engine that is named fails with a DeviceError.
   */
  engine: option<"auto" | EngineName>({ check: oneOf("auto", ...ENGINES), default: "auto", recorded: false }),
  /**
   * Kernels of the engine, by name. Default "auto": with webgpu on a GPU it times a few at first use, for
   * about a third of a second, where that pays; for lbfgs and newton that is 2e10 multiply-adds a pass. A
   * page's storage keeps the name of the fastest. "table" never times. The name in `model.engine.kernels`
   * pins them: the same adapter then gives the same bits.
   */
  kernels: option<string>({
    check: ofType("string", '"auto", "table", or the name of a choice that a model recorded'),
    default: "auto",
  }),
  /**
   * A GPUDevice to share, which smigh leaves open. "auto" then tries webgpu first, whatever the adapter;
   * "wasm" and "reference" are an OptionError. Default: a device of smigh's own.
   */
  device: option<GPUDevice>({ check: checkDevice, engines: ["webgpu"], flag: false, recorded: false }),
  /**
   * The GPU adapter that webgpu opens, where there are several: "high-performance" (default) or "low-power".
   * In Node also part of its name, in any case, such as "nvidia"; `smigh doctor` lists them.
   */
  adapter: option<string>({
    recorded: false,
    check: checkAdapter,
    default: "high-performance",
    engines: ["webgpu"],
  }),
  /**
   * Owns the GPU device, threads, memory and tuned choices of kernels, and closes them: see `createRuntime`.
   * Default: one that trainings share.
   */
  runtime: option<Runtime>({ check: checkRuntime, flag: false, recorded: false }),

  /**
   * The algorithm that minimises the objective. "lbfgs" (default; Liu & Nocedal 1989) and "newton" go to the
   * optimum. "gd" takes all examples at every step, as the derivation does: W ← W − α·∂J/∂W. "sgd", "adam"
   * (Kingma & Ba 2015) and "adamw" (Loshchilov & Hutter 2019) take mini-batches.
   */
  solver: option<SolverName>({ check: oneOf(...SOLVER_NAMES), default: "lbfgs" }),
  /**
   * For lbfgs and newton: how near the minimum they stop. They have converged when
   * F − F* ≤ tolerance · max(F*, 0.01), where F* is the minimum of the mean objective F, and no |∂F/∂w|
   * exceeds the tolerance, with features in units near their deviations. At 0 they go on to maxIterations, or
   * as far as rounding allows. A number ≥ 0, default 1e-5.
   */
  tolerance: option<number>({ check: notNegative, default: 1e-5 }),
  /**
   * For lbfgs and newton: the largest number of iterations. One of lbfgs takes about one pass over the data,
   * one of newton several. Default 1000.
   */
  maxIterations: option<number>({ check: wholeNumber(1), default: 1000 }),
  /**
   * For lbfgs: number of past steps that it remembers. Default: one per 400 rows, at least 10, at most 150 or
   * as many as take 64 MiB.
   */
  memory: option<number>({ check: wholeNumber(1) }),

  /** For gd, sgd, adam and adamw: how often all examples are seen. Default 10; 100 for gd. */
  epochs: option<number>({ check: wholeNumber(1), default: 10 }),
  /** For sgd, adam and adamw: examples per step. Default 512, or all if there are fewer. */
  batchSize: option<number>({ check: wholeNumber(1), default: 512 }),
  /**
   * For gd, sgd, adam and adamw: the step length, a number above 0 or a schedule over the epochs. Default 0.5
   * for gd, 0.1 for sgd, 0.003 for adam and adamw.
   */
  learningRate: option<number | Schedule>({ check: checkRate, default: 0.003 }),
  /**
   * For sgd: how an epoch samples the examples. "uniform" (default) takes each once. "importance" takes the
   * same number, but examples with longer gradients more often and with less weight, so that the mean
   * gradient is the same. It pays where most examples are easy. `loss` and `accuracy` are then weighted means
   * over the draws, which estimate those of the data.
   */
  sampling: option<"uniform" | "importance">({
    check: oneOf("uniform", "importance"),
    default: "uniform",
  }),
  /** For sgd: v ← momentum·v + g. From 0 to below 1, default 0. */
  momentum: option<number>({ check: inRange(0, 1), default: 0 }),
  /** For sgd with momentum: step along g + momentum·v. Default false. */
  nesterov: option<boolean>({ check: BOOLEAN, default: false }),
  /** For adam and adamw: decay of the gradient's mean. From 0 to below 1, default 0.9. */
  beta1: option<number>({ check: inRange(0, 1), default: 0.9 }),
  /** For adam and adamw: decay of the gradient's mean square. From 0 to below 1, default 0.999. */
  beta2: option<number>({ check: inRange(0, 1), default: 0.999 }),
  /** For adam and adamw: added to the root of the mean square. Above 0, default 1e-7. */
  epsilon: option<number>({ check: positive, default: 1e-7 }),
  /**
   * For adamw: each step subtracts rate·weightDecay·W from the weights, without the intercept. A number ≥ 0,
   * default 0.01.
   */
  weightDecay: option<number>({ check: notNegative, default: 0 }),

  /**
   * Penalty on the mean objective, l2/2·‖W‖², without the intercept. A number ≥ 0, default 0. But lbfgs and
   * newton without any of l2, l1 and C take C = 1, as scikit-learn does: without a penalty the optimum may be
   * far away or not exist.
   */
  l2: option<number>({ check: notNegative, default: 0 }),
  /**
   * For lbfgs: a further penalty on the mean objective, l1·Σ|w|, without the intercept, which makes weights
   * exactly 0. With l2 or C it is an elastic net. A number ≥ 0, default 0.
   */
  l1: option<number>({ check: notNegative, default: 0 }),
  /**
   * The penalty as scikit-learn defines it, instead of l2: l2 = 1 / (C · total weight of the training
   * examples, with class weights). Above 0; Infinity is no penalty. Default: see `l2`. Giving both is an
   * OptionError.
   */
  C: option<number>({ check: checkC }),
  /**
   * (features) factors on the penalty of each feature, both on l2 (or C) and on l1, as glmnet's
   * penalty.factor without its rescaling: the penalty is Σ_d factor_d·(l2/2·‖w_d‖² + l1·Σ|w_d|). A feature
   * with 0 is free, as the intercept is. With `standardize` they are for the standardized weights. They do
   * not apply to weightDecay. Finite numbers ≥ 0, default 1 each.
   */
  penaltyFactors: option<ArrayLike<number>>({ check: checkFactors }),
  /**
   * For gd, sgd, adam and adamw: minimise the "mean" of the weighted losses (default) or their "sum", as in
   * the derivation. The penalty is scaled with it. The optimum is the same.
   */
  reduction: option<"mean" | "sum">({ check: oneOf("mean", "sum"), default: "mean" }),
  /** Fit an intercept. Default true. */
  intercept: option<boolean>({ check: BOOLEAN, default: true }),
  /**
   * Train on (x − mean) / deviation of every feature, so that units do not matter to the penalty or to a
   * step. Without an intercept, train on x / deviation. The weights of the model are for the original
   * features. Bytes and halves become floats on the device. Default false.
   */
  standardize: option<boolean>({ check: BOOLEAN, default: false }),
  /**
   * ε of label smoothing: training targets become (1 − ε)·y + ε/classes. Validation is against y itself. From
   * 0 to below 1, default 0.
   */
  labelSmoothing: option<number>({ check: inRange(0, 1), default: 0 }),
  /**
   * Factor ≥ 0 on the weights of each class's training rows: a Map, or an object with labels as keys. Classes
   * that are not named have 1; naming one that is not in the data is an OptionError. "balanced" is
   * rows ÷ (classes · rows of the class), by weight. Default 1 each. Not for soft targets.
   */
  classWeight: option<"balanced" | ReadonlyMap<L, number> | Readonly<Record<string, number>>>({
    check: checkClassWeight,
  }),

  /**
   * Initial weights: "zeros" (default), "centroids", or a model to continue from. Centroids predict the class
   * with the nearest mean, whatever the offsets. The model is a SoftmaxModel or your own numbers in arrays of
   * any kind, `{ classes, features, weights, bias, origin? }`. It needs the same number of features, and at
   * least one class of the data. Classes that are new to it start from the mean of its own.
   */
  init: option<"zeros" | "centroids" | StartingModel<L>>({ check: checkInit, default: "zeros" }),

  /**
   * Examples to score but not to train on: a fraction of the data between 0 and 1, chosen at random, or other
   * data. Default none.
   */
  validation: option<number | TrainingData<L>>({ check: checkFractionOrData }),
  /**
   * Stop after this many epochs (iterations of lbfgs and newton) without a lower validation loss. The model
   * has the weights of the lowest one. Needs `validation`. Default: never stop.
   */
  patience: option<number>({ check: wholeNumber(1), default: Infinity }),
  /**
   * Seeds shuffling, sampling and the choice of a validation fraction. The same seed, engine, adapter and
   * kernels give the same bits. A whole number ≥ 0, default 0.
   */
  seed: option<number>({ check: wholeNumber(0), default: 0 }),
  /** For sgd, adam and adamw: shuffle the rows before every epoch of more than one step. Default true. */
  shuffle: option<boolean>({ check: BOOLEAN, default: true }),

  /**
   * Check some passes of the running training against the f64 reference; `model.parity` has the result.
   * Default false.
   */
  parity: option<boolean>({ check: BOOLEAN, default: false, recorded: false }),
  /**
   * Called during the training, at most every 50 ms, and besides at the end of every epoch; for lbfgs and
   * newton at the beginning and the end. It may be asynchronous: the training waits for it only at the end.
   * Where it throws or rejects, the training stops and rejects with the same error.
   */
  onProgress: option<(progress: Progress) => void>({ check: FUNCTION, flag: false, recorded: false }),
  /** Called with each of `model.warnings` when it is raised. It may throw or reject, as onProgress may. */
  onWarning: option<(warning: Warning) => void>({ check: FUNCTION, flag: false, recorded: false }),
  /**
   * Aborts the training, which then rejects with the signal's reason. `trainer.model` has the weights so far.
   */
  signal: option<AbortSignal>({ check: checkSignal, flag: false, recorded: false }),
});

/** All options of a training. */
export const OPTION_TABLE = createTable();

export type OptionTable<L extends Label> = ReturnType<typeof createTable<L>>;
export type OptionName = keyof OptionTable<Label>;

/**
 * Options of `train` and `trainer`. All of them have defaults. An option that is unknown, out of range, or
 * not read by the solver or the engine is an OptionError that names it.
 */
export type TrainOptions<L extends Label = Label> = {
  readonly [name in OptionName]?: ValueOf<OptionTable<L>[name]> | undefined;
};

/** Returns the name of an option as a flag, in an address or in a form: "max-iterations". */
export function flagName(option: string): string {
  return option.replaceAll(/[a-z][A-Z]/g, ([a, b]) => `${a}-${b.toLowerCase()}`);
}
