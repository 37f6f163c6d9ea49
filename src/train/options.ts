/** The options of a training, with their defaults and checks, in one place. */
import type { Label } from "../data/labels.js";
import type { TrainingData } from "../data/dataset.js";
import { ENGINES, type EngineName } from "../engine/engine.js";
import { OptionError } from "../core/errors.js";
import {
  type Check,
  checkC,
  checkClassWeight,
  checkDevice,
  checkFractionOrData,
  checkInit,
  checkOptions,
  checkRate,
  checkSignal,
  isMap,
  notNegative,
  ofType,
  oneOf,
  positive,
  wholeNumber,
  inRange,
} from "../core/checks.js";
import type { Progress } from "../core/progress.js";
import { show } from "../core/show.js";
import type { Schedule } from "../solvers/minibatch/schedule.js";
import type { StartingModel } from "./init.js";
import type { Warning } from "../core/warnings.js";

export const SOLVERS = ["lbfgs", "newton", "gd", "sgd", "adam", "adamw"] as const;
const SAMPLINGS = ["uniform", "importance"] as const;
/** Name of a solver; see `TrainOptions.solver`. */
export type SolverName = (typeof SOLVERS)[number];

/**
 * Options of `train` and `trainer`. All of them have defaults. An option that is unknown, out of
 * range, or not read by the solver is an OptionError that names it.
 */
export interface TrainOptions<L extends Label = Label> {
  /**
   * What computes: "webgpu" (the GPU), "wasm" (SIMD kernels on the processor's threads) or "reference" (plain
   * loops in f64). Default "auto": webgpu where there is a GPU, wasm where there is none or its adapter is
   * software, and the reference where there is no SIMD either. "auto" goes on to the next engine where one
   * fails; an engine that is named fails with a DeviceError.
   */
  readonly engine?: "auto" | EngineName;
  /**
   * Kernels of the engine, by name. Default "auto": with webgpu and a first-order solver it times a few at
   * first use, for about a third of a second, where that pays. "table" never does. The name in
   * `model.engine.kernels` pins them: the same adapter then gives the same bits.
   */
  readonly kernels?: string;
  /**
   * A GPUDevice to share, which smigh leaves open. "auto" then tries webgpu first, whatever the adapter;
   * "wasm" and "reference" are an OptionError. Default: a device of smigh's own.
   */
  readonly device?: GPUDevice;

  /**
   * How to minimise. "lbfgs" (default; Liu & Nocedal 1989) and "newton" go to the optimum. "gd" takes all
   * examples at every step, as the derivation does: W ← W − α·∂J/∂W. "sgd", "adam" (Kingma & Ba 2015) and
   * "adamw" (Loshchilov & Hutter 2019) take mini-batches.
   */
  readonly solver?: SolverName;
  /**
   * For lbfgs and newton: they have converged when F − F* ≤ tolerance · max(F*, 0.01), where F* is the
   * minimum of the mean objective F, and no |∂F/∂w| exceeds the tolerance, with features in units near their
   * deviations. At 0 they go on to maxIterations, or as far as rounding allows. A number ≥ 0, default 1e-5.
   */
  readonly tolerance?: number;
  /**
   * For lbfgs and newton: the largest number of iterations. One of lbfgs takes about one pass over the data,
   * one of newton several. Default 1000.
   */
  readonly maxIterations?: number;
  /** For lbfgs: number of past steps that it remembers. Default 10. */
  readonly memory?: number;

  /** For gd, sgd, adam and adamw: how often all examples are seen. Default 10; 100 for gd. */
  readonly epochs?: number;
  /** For sgd, adam and adamw: examples per step. Default 512, or all if there are fewer. */
  readonly batchSize?: number;
  /**
   * For gd, sgd, adam and adamw: a number above 0, or a schedule over the epochs. Default 0.5 for gd, 0.1 for
   * sgd, 0.003 for adam and adamw.
   */
  readonly learningRate?: number | Schedule;
  /**
   * For sgd: how an epoch samples the examples. "uniform" (default) takes each once. "importance" takes the
   * same number, but examples with longer gradients more often and with less weight, so that the mean
   * gradient is the same. It pays where most examples are easy. `loss` and `accuracy` are then weighted means
   * over the draws, which estimate those of the data.
   */
  readonly sampling?: (typeof SAMPLINGS)[number];
  /** For sgd: v ← momentum·v + g. From 0 to below 1, default 0. */
  readonly momentum?: number;
  /** For sgd with momentum: step along g + momentum·v. Default false. */
  readonly nesterov?: boolean;
  /** For adam and adamw: decay of the gradient's mean. From 0 to below 1, default 0.9. */
  readonly beta1?: number;
  /** For adam and adamw: decay of the gradient's mean square. From 0 to below 1, default 0.999. */
  readonly beta2?: number;
  /** For adam and adamw: added to the root of the mean square. Above 0, default 1e-7. */
  readonly epsilon?: number;
  /**
   * For adamw: each step subtracts rate·weightDecay·W from the weights, without the intercept. A number ≥ 0,
   * default 0.01.
   */
  readonly weightDecay?: number;

  /**
   * Penalty on the mean objective, l2/2·‖W‖², without the intercept. A number ≥ 0, default 0. But lbfgs and
   * newton without any of l2, l1 and C take C = 1, as scikit-learn does: without a penalty the optimum may be
   * far away or not exist.
   */
  readonly l2?: number;
  /**
   * For lbfgs: a further penalty on the mean objective, l1·Σ|w|, without the intercept, which makes weights
   * exactly 0. With l2 or C it is an elastic net. A number ≥ 0, default 0.
   */
  readonly l1?: number;
  /**
   * The penalty as scikit-learn defines it, instead of l2: l2 = 1 / (C · total weight of the training
   * examples, with class weights). Above 0; Infinity is no penalty. Default: see `l2`. Giving both is an
   * OptionError.
   */
  readonly C?: number;
  /**
   * For gd, sgd, adam and adamw: minimise the "mean" of the weighted losses (default) or their "sum", as in
   * the derivation. The penalty is scaled with it. The optimum is the same.
   */
  readonly reduction?: "mean" | "sum";
  /** Fit an intercept. Default true. */
  readonly intercept?: boolean;
  /**
   * Train on (x − mean) / deviation of every feature, so that units do not matter to the penalty or to a
   * step; without an intercept on x / deviation. The weights of the model are for the original features.
   * Bytes and halves become floats on the device. Default false.
   */
  readonly standardize?: boolean;
  /**
   * ε of label smoothing: training targets become (1 − ε)·y + ε/classes. Validation is against y itself. From
   * 0 to below 1, default 0.
   */
  readonly labelSmoothing?: number;
  /**
   * Factor ≥ 0 on the weights of each class's training rows: a Map, or an object with labels as keys. Classes
   * that are not named have 1; naming one that is not in the data is an OptionError. "balanced" is
   * rows ÷ (classes · rows of the class), by weight. Default 1 each. Not for soft targets.
   */
  readonly classWeight?: "balanced" | ReadonlyMap<L, number> | Readonly<Record<string, number>>;

  /**
   * Initial weights: "zeros" (default); "centroids", which predict the class with the nearest mean; or a
   * model to continue from, a SoftmaxModel or your own numbers in arrays of any kind,
   * `{ classes, features, weights, bias, origin? }`. It needs the same number of features, and at least one
   * class of the data. Classes that are new to it start from the mean of its own.
   */
  readonly init?: "zeros" | "centroids" | StartingModel<L>;

  /**
   * Examples to score but not to train on: a fraction of the data between 0 and 1, chosen at random, or other
   * data. Default none.
   */
  readonly validation?: number | TrainingData<L>;
  /**
   * Stop after this many epochs (iterations of lbfgs and newton) without a lower validation loss. The model
   * has the weights of the lowest one. Needs `validation`. Default: never stop.
   */
  readonly patience?: number;
  /**
   * Seeds shuffling, sampling and the choice of a validation fraction. The same seed, engine, adapter and
   * kernels give the same bits. A whole number ≥ 0, default 0.
   */
  readonly seed?: number;
  /** For sgd, adam and adamw: shuffle the rows before every epoch. Default true. */
  readonly shuffle?: boolean;

  /**
   * Check some passes of the running training against the f64 reference; `model.parity` has the result.
   * Default false.
   */
  readonly parity?: boolean;
  /**
   * Called during the training, at most every 50 ms, and besides at the end of every epoch; for lbfgs and
   * newton at the beginning and the end. It may be asynchronous: the training waits for it only at the end.
   * Where it throws or rejects, the training stops and rejects with the same error.
   */
  readonly onProgress?: (progress: Progress) => void;
  /** Called with each of `model.warnings` when it is raised. It may throw or reject, as onProgress may. */
  readonly onWarning?: (warning: Warning) => void;
  /**
   * Aborts the training, which then rejects with the signal's reason. `trainer.model` has the weights so far.
   */
  readonly signal?: AbortSignal;
}

/** Options that may stay undefined. */
type WithoutDefault =
  | "device"
  | "C"
  | "batchSize"
  | "classWeight"
  | "validation"
  | "onProgress"
  | "onWarning"
  | "signal";

/**
 * The options with their defaults filled in, and the learning rate as a schedule. Without a batch size, as
 * for gd, lbfgs and newton, a step takes all rows.
 */
export type Settings<L extends Label = Label> = Required<
  Omit<TrainOptions<L>, WithoutDefault | "learningRate">
> &
  Pick<TrainOptions<L>, WithoutDefault> & { readonly schedule: Schedule };

/** Defaults of epochs and learning rate. */
const EPOCHS = 10;
const GD_EPOCHS = 100;
const RATE = 0.003;
const RATES: Partial<Record<SolverName, number>> = { gd: 0.5, sgd: 0.1 };

/** The check of each option's value. */
const CHECKS: { readonly [option in keyof Required<TrainOptions>]: Check } = {
  engine: oneOf("auto", ...ENGINES),
  kernels: ofType("string", '"auto", "table", or the name of a choice that a model recorded'),
  device: checkDevice,
  solver: oneOf(...SOLVERS),
  tolerance: notNegative,
  maxIterations: wholeNumber(1),
  memory: wholeNumber(1),
  epochs: wholeNumber(1),
  batchSize: wholeNumber(1),
  learningRate: checkRate,
  sampling: oneOf(...SAMPLINGS),
  momentum: inRange(0, 1),
  nesterov: ofType("boolean", "true or false"),
  beta1: inRange(0, 1),
  beta2: inRange(0, 1),
  epsilon: positive,
  weightDecay: notNegative,
  l2: notNegative,
  l1: notNegative,
  C: checkC,
  reduction: oneOf("mean", "sum"),
  intercept: ofType("boolean", "true or false"),
  standardize: ofType("boolean", "true or false"),
  labelSmoothing: inRange(0, 1),
  classWeight: checkClassWeight,
  init: checkInit,
  validation: checkFractionOrData,
  patience: wholeNumber(1),
  seed: wholeNumber(0),
  shuffle: ofType("boolean", "true or false"),
  parity: ofType("boolean", "true or false"),
  onProgress: ofType("function", "a function"),
  onWarning: ofType("function", "a function"),
  signal: checkSignal,
};

const SECOND_ORDER = ["lbfgs", "newton"] as const;
const FIRST_ORDER = ["gd", "sgd", "adam", "adamw"] as const;

/**
 * Solvers that read an option, where not all do. Giving it to another is an error, since it would be ignored.
 */
const READERS: Partial<Record<keyof TrainOptions, readonly SolverName[]>> = {
  tolerance: SECOND_ORDER,
  maxIterations: SECOND_ORDER,
  memory: ["lbfgs"],
  l1: ["lbfgs"],
  epochs: FIRST_ORDER,
  learningRate: FIRST_ORDER,
  reduction: FIRST_ORDER,
  batchSize: ["sgd", "adam", "adamw"],
  shuffle: ["sgd", "adam", "adamw"],
  sampling: ["sgd"],
  momentum: ["sgd"],
  nesterov: ["sgd"],
  beta1: ["adam", "adamw"],
  beta2: ["adam", "adamw"],
  epsilon: ["adam", "adamw"],
  weightDecay: ["adamw"],
};

/**
 * Checks the options and fills in the defaults. Throws an OptionError that names the option, its value and
 * what it may be.
 */
export function settings<L extends Label>(passed: TrainOptions<L>): Settings<L> {
  checkOptions(passed);
  const options = { ...passed };
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (!isOption(name)) {
      throw new OptionError(`${name} is no option. The options are ${Object.keys(CHECKS).join(", ")}.`);
    }
    CHECKS[name](name, value);
  }
  const solver = options.solver ?? "lbfgs";
  for (const [name, value] of given) {
    const solvers = isOption(name) ? READERS[name] : undefined;
    if (solvers && !solvers.includes(solver)) {
      throw new OptionError(
        `${name} is ${show(value)}, but solver is "${solver}"${options.solver ? "" : ", the default"}: ` +
          `${name} is for ${solvers.join(", ")}.`,
      );
    }
  }
  if (options.nesterov && !options.momentum) {
    throw new OptionError(
      `nesterov is true, but momentum is ${options.momentum ?? 0}: give a momentum, such as 0.9.`,
    );
  }
  if (options.sampling === "importance" && options.shuffle === false) {
    throw new OptionError(
      'sampling is "importance", but shuffle is false: examples are drawn in random order, so leave shuffle out.',
    );
  }
  if (options.C !== undefined && options.l2 !== undefined) {
    throw new OptionError(
      `C is ${options.C} and l2 is ${options.l2}: they are two ways to say one thing, so give one.`,
    );
  }
  if (options.patience !== undefined && options.validation === undefined) {
    throw new OptionError(
      `patience is ${options.patience}, but there is no validation to watch: give validation, such as 0.1.`,
    );
  }
  const { engine = "auto" } = options;
  if (options.device && engine !== "auto" && engine !== "webgpu") {
    throw new OptionError(`device is given, but engine is "${engine}", which uses none.`);
  }
  const epochs = options.epochs ?? (solver === "gd" ? GD_EPOCHS : EPOCHS);
  const rate = options.learningRate ?? RATES[solver] ?? RATE;
  const schedule: Schedule = typeof rate === "number" ? { kind: "constant", rate } : rate;
  if ((schedule.warmup ?? 0) >= epochs) {
    throw new OptionError(
      `learningRate warms up for ${schedule.warmup} epochs, but there are ${epochs}: make it shorter.`,
    );
  }
  const penalised = options.C !== undefined || options.l2 !== undefined || options.l1 !== undefined;
  const { batchSize, learningRate: _, classWeight, ...rest } = options;
  return {
    ...rest,
    ...(classWeight !== undefined && {
      classWeight: isMap(classWeight) ? new Map(classWeight) : classWeight,
    }),
    engine,
    kernels: options.kernels ?? "auto",
    solver,
    epochs,
    ...(reads(solver, "batchSize") && { batchSize: batchSize ?? 512 }),
    tolerance: options.tolerance ?? 1e-5,
    maxIterations: options.maxIterations ?? 1000,
    memory: options.memory ?? 10,
    schedule,
    sampling: options.sampling ?? "uniform",
    momentum: options.momentum ?? 0,
    nesterov: options.nesterov ?? false,
    beta1: options.beta1 ?? 0.9,
    beta2: options.beta2 ?? 0.999,
    epsilon: options.epsilon ?? 1e-7,
    weightDecay: options.weightDecay ?? (solver === "adamw" ? 0.01 : 0),
    ...(isSecondOrder(solver) && !penalised && { C: 1 }),
    l2: options.l2 ?? 0,
    l1: options.l1 ?? 0,
    reduction: options.reduction ?? "mean",
    intercept: options.intercept ?? true,
    standardize: options.standardize ?? false,
    labelSmoothing: options.labelSmoothing ?? 0,
    init: options.init ?? "zeros",
    patience: options.patience ?? Infinity,
    seed: options.seed ?? 0,
    shuffle: options.shuffle ?? reads(solver, "shuffle"),
    parity: options.parity ?? false,
  };
}

/** Tells whether the solver reads the option. */
function reads(solver: SolverName, name: keyof TrainOptions): boolean {
  return READERS[name]?.includes(solver) ?? true;
}

/** Tells whether the solver is lbfgs or newton, which evaluate all examples at every step. */
export function isSecondOrder(solver: SolverName): boolean {
  return SECOND_ORDER.some((one) => one === solver);
}

function isOption(name: string): name is keyof TrainOptions {
  return Object.hasOwn(CHECKS, name);
}
