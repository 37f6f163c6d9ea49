/** Every option of a training, its default and its check, in one place. */
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
export type SolverName = (typeof SOLVERS)[number];

export interface TrainOptions<L extends Label = Label> {
  /**
   * What computes: the GPU, SIMD kernels on the processor's threads, or plain loops in f64. Default "auto": webgpu where
   * there is a GPU, wasm where there is none or its adapter is software, and the reference where there is no SIMD either.
   */
  readonly engine?: "auto" | EngineName;
  /**
   * Which kernels of the engine. "auto" (default) times a few at first use, for at most a third of a second, where that
   * pays; "table" never does; the name in `model.engine.kernels` pins them, and the same adapter then gives the same bits.
   */
  readonly kernels?: string;
  /** A GPUDevice to share, for webgpu, which "auto" then is. It is left open. Default: one of smigh's own. */
  readonly device?: GPUDevice;

  /**
   * Default "lbfgs" (Liu & Nocedal 1989), which goes to the optimum, as "newton" does. "gd" is the derivation's: the whole data at
   * every step, W ← W − α·∂J/∂W. "sgd", "adam" (Kingma & Ba 2015) and "adamw" (Loshchilov & Hutter 2019) take mini-batches.
   */
  readonly solver?: SolverName;
  /**
   * For lbfgs and newton: they have converged when F − F* ≤ tolerance · max(F*, 0.01), F* the minimum of the
   * mean objective F, and no |∂F/∂w| is larger than the tolerance, with features in units of about their
   * deviation. At 0 they go on to maxIterations, or as far as rounding lets them. Default 1e-5.
   */
  readonly tolerance?: number;
  /** For lbfgs and newton: the most iterations, each of about one pass over the data. Default 1000. */
  readonly maxIterations?: number;
  /** For lbfgs: steps that it remembers. Default 10. */
  readonly memory?: number;

  /** For the others: times that all examples are seen. Default 10, for gd 100. */
  readonly epochs?: number;
  /** Examples in a step. Default 512, or all if there are fewer. Not for gd. */
  readonly batchSize?: number;
  /** A number, or a schedule in epochs. Default: gd 0.5, sgd 0.1, adam and adamw 0.003. */
  readonly learningRate?: number | Schedule;
  /**
   * For sgd: which examples an epoch takes. "uniform" (default): each once. "importance": as many, but those with longer
   * gradients more often, and with less weight, so that the mean gradient is the same. It pays where most
   * examples are easy. `loss` and `accuracy` are then means over the draws by those weights: estimates of the data's.
   */
  readonly sampling?: (typeof SAMPLINGS)[number];
  /** For sgd: v ← momentum·v + g. Default 0. */
  readonly momentum?: number;
  /** For sgd with momentum: step along g + momentum·v. Default false. */
  readonly nesterov?: boolean;
  /** For adam and adamw: decay of the gradient's mean. Default 0.9. */
  readonly beta1?: number;
  /** For adam and adamw: decay of the gradient's mean square. Default 0.999. */
  readonly beta2?: number;
  /** For adam and adamw: added to the root of the mean square. Default 1e-7. */
  readonly epsilon?: number;
  /** For adamw: each step takes rate·weightDecay of the weights off them. Default 0.01. */
  readonly weightDecay?: number;

  /**
   * Penalty on the mean objective: l2/2·‖W‖², without the intercept. Default 0; for lbfgs and newton, where neither it nor l1
   * is given, what C = 1 makes it, as in scikit-learn: without a penalty the optimum may be far, or nowhere.
   */
  readonly l2?: number;
  /**
   * For lbfgs: penalty on the mean objective besides, l1·Σ|w|, without the intercept, which makes weights exactly 0. With l2
   * or C an elastic net. Default 0.
   */
  readonly l1?: number;
  /**
   * The penalty as scikit-learn has it, instead of l2: l2 = 1 / (C · total weight of the examples to train
   * on); Infinity is no penalty. Default: see l2.
   */
  readonly C?: number;
  /** Not for lbfgs and newton, whose optimum is the same: "mean" (default) of the weighted losses, or their "sum", as in the derivation; the penalty is scaled with it. */
  readonly reduction?: "mean" | "sum";
  /** Fit an intercept. Default true. */
  readonly intercept?: boolean;
  /**
   * Train on (x − mean) / deviation of every feature, so that units do not matter to the penalty or to a step. The model's
   * weights are for the features as they came. Bytes and halves become floats on the device. Default false.
   */
  readonly standardize?: boolean;
  /** ε, where the targets of training become (1 − ε)·y + ε/classes. Validation is of y itself. Default 0. */
  readonly labelSmoothing?: number;
  /** Weights ≥ 0 of classes, times those of rows; "balanced" is rows ÷ (classes · rows of the class). Default 1 each. */
  readonly classWeight?: "balanced" | ReadonlyMap<L, number> | Readonly<Record<string, number>>;

  /**
   * Where the weights start: "zeros" (default); "centroids", which asks which class' mean is nearest; or a
   * model to go on from, of as many features, whose classes may be other ones: those that are new start from
   * the mean of its own. It may be numbers of your own in arrays of any kind: { classes, features, weights,
   * bias, origin? }.
   */
  readonly init?: "zeros" | "centroids" | StartingModel<L>;

  /** Examples to watch but not train on: a fraction of the data, or data of their own. Default none. */
  readonly validation?: number | TrainingData<L>;
  /** Stop after this many epochs (of lbfgs and newton: iterations) without a lower validation loss, and return the best weights. Default: never. */
  readonly patience?: number;
  /** Of the shuffling and of a fraction's choice. Same seed, engine and adapter: the same bits. Default 0. */
  readonly seed?: number;
  /** Shuffle the rows before every epoch. Default true. Not for gd. */
  readonly shuffle?: boolean;

  /** Check passes of the running training against the f64 reference; see `model.parity`. Default false. */
  readonly parity?: boolean;
  /**
   * Called during training, at most every 50 ms, and at the end of every epoch. It may be asynchronous: it is
   * not waited for until the training ends. Where it throws or rejects, the training stops and rejects with
   * the same.
   */
  readonly onProgress?: (progress: Progress) => void;
  /**
   * Called with each of `model.warnings` when it arises: what is worth knowing and is no error. May throw
   * like onProgress.
   */
  readonly onWarning?: (warning: Warning) => void;
  /**
   * Aborts the training, which then rejects with the signal's reason. The weights so far are `trainer.model`.
   */
  readonly signal?: AbortSignal;
}

type WithoutDefault =
  | "device"
  | "C"
  | "batchSize"
  | "classWeight"
  | "validation"
  | "onProgress"
  | "onWarning"
  | "signal";

/** The options with every default filled in; the learning rate is a schedule. For gd and lbfgs there is no batch size: all rows. */
export type Settings<L extends Label = Label> = Required<
  Omit<TrainOptions<L>, WithoutDefault | "learningRate">
> &
  Pick<TrainOptions<L>, WithoutDefault> & { readonly schedule: Schedule };

const EPOCHS = 10;
const GD_EPOCHS = 100;
const RATE = 0.003;
const RATES: Partial<Record<SolverName, number>> = { gd: 0.5, sgd: 0.1 };

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

/** Options that only some solvers read: given to another they would be ignored, which is an error. */
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

/** Checks the options and fills in the defaults. Throws an OptionError that names the option, its value and what it may be. */
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

/** Whether the solver reads the option. */
function reads(solver: SolverName, name: keyof TrainOptions): boolean {
  return READERS[name]?.includes(solver) ?? true;
}

export function isSecondOrder(solver: SolverName): boolean {
  return SECOND_ORDER.some((one) => one === solver);
}

function isOption(name: string): name is keyof TrainOptions {
  return Object.hasOwn(CHECKS, name);
}
