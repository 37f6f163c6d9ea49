/** The options of a training, with their defaults and checks, in one place. */
import type { Label } from "../data/labels.js";
import type { TrainingData } from "../data/dataset.js";
import { ENGINES, type EngineName } from "../engine/engine.js";
import type { Runtime } from "../engine/runtime.js";
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
  checkRuntime,
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
import {
  SOLVERS,
  SOLVER_NAMES,
  type SolverName,
  isSecondOrder,
  solversThatRead,
} from "../solvers/solver-table.js";
import type { StartingModel } from "./init.js";
import type { Warning } from "../core/warnings.js";

const SAMPLINGS = ["uniform", "importance"] as const;

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
   * Owns the GPU device, threads, memory and tuned choices of kernels, and closes them: see `createRuntime`.
   * Default: one that trainings share.
   */
  readonly runtime?: Runtime;

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
  | "runtime"
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

const BOOLEAN = ofType("boolean", "true or false");

/** An option: its check, its default if it has one, and whether the command line has a flag for it. */
export interface OptionRow {
  readonly check: Check;
  /** Solvers may have another (`defaults` in their table). Absent: the option may stay undefined. */
  readonly default?: unknown;
  /** Default true: `--name VALUE`, `--name` where the default is false, `--no-name` where it is true. */
  readonly flag?: false;
}

/** All options of a training, one row each. `TrainOptions` documents them. */
export const OPTION_TABLE = {
  engine: { check: oneOf("auto", ...ENGINES), default: "auto" },
  kernels: {
    check: ofType("string", '"auto", "table", or the name of a choice that a model recorded'),
    default: "auto",
  },
  device: { check: checkDevice, flag: false },
  runtime: { check: checkRuntime, flag: false },
  solver: { check: oneOf(...SOLVER_NAMES), default: "lbfgs" },
  tolerance: { check: notNegative, default: 1e-5 },
  maxIterations: { check: wholeNumber(1), default: 1000 },
  memory: { check: wholeNumber(1), default: 10 },
  epochs: { check: wholeNumber(1), default: 10 },
  batchSize: { check: wholeNumber(1), default: 512 },
  learningRate: { check: checkRate, default: 0.003 },
  sampling: { check: oneOf(...SAMPLINGS), default: "uniform" },
  momentum: { check: inRange(0, 1), default: 0 },
  nesterov: { check: BOOLEAN, default: false },
  beta1: { check: inRange(0, 1), default: 0.9 },
  beta2: { check: inRange(0, 1), default: 0.999 },
  epsilon: { check: positive, default: 1e-7 },
  weightDecay: { check: notNegative, default: 0 },
  l2: { check: notNegative, default: 0 },
  l1: { check: notNegative, default: 0 },
  C: { check: checkC },
  reduction: { check: oneOf("mean", "sum"), default: "mean" },
  intercept: { check: BOOLEAN, default: true },
  standardize: { check: BOOLEAN, default: false },
  labelSmoothing: { check: inRange(0, 1), default: 0 },
  classWeight: { check: checkClassWeight },
  init: { check: checkInit, default: "zeros" },
  validation: { check: checkFractionOrData },
  patience: { check: wholeNumber(1), default: Infinity },
  seed: { check: wholeNumber(0), default: 0 },
  shuffle: { check: BOOLEAN, default: true },
  parity: { check: BOOLEAN, default: false },
  onProgress: { check: ofType("function", "a function"), flag: false },
  onWarning: { check: ofType("function", "a function"), flag: false },
  signal: { check: checkSignal, flag: false },
} as const satisfies { readonly [option in keyof Required<TrainOptions>]: OptionRow };

type Table = typeof OPTION_TABLE;
type Defaults = {
  readonly [
    option in keyof Table as Table[option] extends { readonly default: unknown } ? option : never
  ]: Table[option] extends { readonly default: infer Value } ? Value : never;
};

/** The default of every option that has one. */
const DEFAULTS = Object.fromEntries(
  Object.entries<OptionRow>(OPTION_TABLE).flatMap(([name, row]) =>
    "default" in row ? [[name, row.default]] : [],
  ),
) as Defaults;

/**
 * Checks the options and fills in the defaults. Throws an OptionError that names the option, its value and
 * what it may be.
 */
export function parseOptions<L extends Label>(passed: TrainOptions<L>): Settings<L> {
  checkOptions(passed);
  const options = given(passed);
  const entries = Object.entries(options);
  for (const [name, value] of entries) {
    if (!isOption(name)) {
      throw new OptionError(`${name} is no option. The options are ${Object.keys(OPTION_TABLE).join(", ")}.`);
    }
    OPTION_TABLE[name].check(name, value);
  }
  const { solver = DEFAULTS.solver, engine = DEFAULTS.engine } = options;
  for (const [name, value] of entries) {
    const solvers = solversThatRead(name);
    if (!solvers.includes(solver)) {
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
  if (options.device && engine !== "auto" && engine !== "webgpu") {
    throw new OptionError(`device is given, but engine is "${engine}", which uses none.`);
  }
  const defaults = { ...DEFAULTS, ...SOLVERS[solver].defaults };
  const { epochs = defaults.epochs, learningRate: rate = defaults.learningRate } = options;
  const schedule: Schedule = typeof rate === "number" ? { kind: "constant", rate } : rate;
  if ((schedule.warmup ?? 0) >= epochs) {
    throw new OptionError(
      `learningRate warms up for ${schedule.warmup} epochs, but there are ${epochs}: make it shorter.`,
    );
  }
  const penalised = options.C !== undefined || options.l2 !== undefined || options.l1 !== undefined;
  const reads = (option: string) => solversThatRead(option).includes(solver);
  const { learningRate: _, batchSize: __, ...others } = defaults;
  const { learningRate: ___, classWeight, ...rest } = options;
  return {
    ...others,
    shuffle: reads("shuffle") && others.shuffle,
    ...(reads("batchSize") && { batchSize: defaults.batchSize }),
    ...(isSecondOrder(solver) && !penalised && { C: 1 }),
    ...rest,
    ...(classWeight !== undefined && {
      classWeight: isMap(classWeight) ? new Map(classWeight) : classWeight,
    }),
    schedule,
  };
}

/** Returns the options without those that are undefined. */
function given<T extends object>(options: T): T {
  const kept = { ...options };
  for (const name of Object.keys(kept))
    if (Reflect.get(kept, name) === undefined) Reflect.deleteProperty(kept, name);
  return kept;
}

function isOption(name: string): name is keyof TrainOptions {
  return Object.hasOwn(OPTION_TABLE, name);
}
