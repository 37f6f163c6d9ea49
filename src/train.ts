/** A training from end to end: data → rows → placed on an engine → steps → model. */
import type { TrainingData } from "./data/dataset.js";
import type { Label } from "./data/labels.js";
import { fromStandardised } from "./data/standardisation.js";
import { chooseEngine } from "./engine/choose.js";
import type { FloatArray, Objective, Passes, Placement } from "./engine/engine.js";
import { AbortError, DivergenceError, TrainerError } from "./errors.js";
import { SoftmaxModel } from "./model/model.js";
import { type TrainOptions, isSecondOrder, settings } from "./options.js";
import { objectiveParity } from "./objective-parity.js";
import { NO_PARITY, type Parity, parityOf, worst } from "./parity.js";
import type { Progress } from "./progress.js";
import { firstOrder } from "./solve/first-order.js";
import { Lbfgs } from "./solve/lbfgs.js";
import { Newton } from "./solve/newton.js";
import { pays, preconditioner } from "./solve/preconditioner.js";
import { secondOrder } from "./solve/second-order.js";
import type { Outcome } from "./solve/solver.js";
import { Tilted, tiltOf } from "./solve/tilted.js";
import { type Task, taskOf } from "./task.js";

/** Trains a softmax classifier. Bad data and options are rejected before anything is uploaded. */
export async function train<L extends Label>(
  data: TrainingData<L>,
  options: TrainOptions<L> = {},
): Promise<SoftmaxModel<L>> {
  const steps = trainer(data, options)[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return value;
  }
}

/**
 * A training that the caller drives: each turn of the loop is a report of progress, and the training goes on when the
 * next one is asked for. The generator's return value, and afterwards `trainer.model`, is the model.
 */
export function trainer<L extends Label>(data: TrainingData<L>, options: TrainOptions<L> = {}): Trainer<L> {
  return new Trainer(data, options);
}

export class Trainer<L extends Label = Label> implements AsyncIterable<Progress> {
  readonly #task: Task<L>;
  #started = false;
  #model: SoftmaxModel<L> | undefined;

  constructor(data: TrainingData<L>, options: TrainOptions<L>) {
    this.#task = taskOf(data, settings(options));
  }

  /** Throws a TrainerError before the training has ended. */
  get model(): SoftmaxModel<L> {
    if (this.#model) return this.#model;
    throw new TrainerError("There is no model yet: the training has not ended. Take it after the loop.");
  }

  /** Starts the training. Throws a TrainerError when it was started before: make a new trainer for another fit. */
  [Symbol.asyncIterator](): AsyncGenerator<Progress, SoftmaxModel<L>> {
    if (this.#started) {
      throw new TrainerError(
        "This trainer was started before, and a trainer trains once: make a new one for another fit.",
      );
    }
    this.#started = true;
    return this.#run();
  }

  async *#run(): AsyncGenerator<Progress, SoftmaxModel<L>> {
    this.#model = yield* fit(this.#task);
    return this.#model;
  }
}

async function* fit<L extends Label>(task: Task<L>): AsyncGenerator<Progress, SoftmaxModel<L>> {
  const { settings: chosen, rows, scale, classes } = task;
  const { signal, onProgress } = chosen;
  const releases: (() => void)[] = [];
  try {
    signal?.throwIfAborted();
    const { engine, why } = await chooseEngine(chosen.engine, chosen.device);
    releases.push(() => engine.close());
    const placement = await engine.place(rows);
    releases.push(() => placement.release());
    signal?.throwIfAborted();
    let parity = NO_PARITY;
    const watch = chosen.parity ? (seen: Parity) => (parity = worst(parity, seen)) : undefined;
    const start = await (isSecondOrder(chosen.solver)
      ? startSecondOrder(task, placement, watch)
      : startFirstOrder(task, placement, watch));
    releases.push(() => start.release());
    signal?.throwIfAborted();
    const { steps } = start;
    let step = await steps.next();
    for (; !step.done; step = await steps.next()) {
      onProgress?.(step.value);
      yield step.value;
    }
    const { weights: found, ...outcome } = step.value;
    const weights = task.standardisation
      ? fromStandardised(found, task.standardisation, classes.length)
      : found;
    checkWeights(weights, outcome.iterations);
    const intercepts = rows.features * classes.length;
    const model = new SoftmaxModel({
      ...outcome,
      classes,
      features: rows.features,
      ...(scale !== undefined && { scale }),
      weights: Float32Array.from(weights.subarray(0, intercepts)),
      bias: Float32Array.from(weights.subarray(intercepts)),
      engine: { name: engine.name, adapter: engine.adapter, kernels: start.kernels, why },
      ...(chosen.parity && { parity }),
    });
    if (signal?.aborted) throw withModel(signal.reason, model);
    return model;
  } finally {
    for (const release of releases.toReversed()) release();
  }
}

/** A solver that is about to begin. */
interface Start {
  readonly kernels: string;
  readonly steps: AsyncGenerator<Progress, Outcome>;
  release(): void;
}

type Watch = ((seen: Parity) => void) | undefined;

async function startFirstOrder(task: Task<Label>, placement: Placement, watch: Watch): Promise<Start> {
  const { settings: chosen, rows, problem, examples, start, random } = task;
  const descent = await placement.descent(problem, start);
  const seen = watch && ((passes: Passes) => watch(parityOf(passes, rows, problem)));
  const steps = firstOrder(descent, examples, chosen, random, seen);
  return { kernels: descent.kernels, steps, release: () => descent.release() };
}

async function startSecondOrder(task: Task<Label>, placement: Placement, watch: Watch): Promise<Start> {
  const { settings: chosen, rows, classes, problem, examples } = task;
  const { train } = examples;
  const { intercept, kernels } = problem;
  const scale = 1 / (train.length * examples.meanWeight);
  const penalty = chosen.l2;
  const ofClasses = {
    classes: classes.length,
    intercept,
    scale,
    penalty,
    rows: train,
    ...(kernels !== undefined && { kernels }),
  };
  const ofLabels = await placement.objective(ofClasses);
  try {
    const objective = await softened(ofLabels, scale, task);
    const matrix = pays(train.length, rows.features, classes.length)
      ? objective.matrix(await preconditioner(rows, train, penalty, intercept))
      : undefined;
    const start = objective.vector(task.start);
    const lbfgs = () => new Lbfgs(objective, { scale, penalty }, chosen.memory, start, matrix);
    const newton = () => new Newton(objective, { scale, penalty }, chosen.tolerance, start, matrix);
    const steps =
      chosen.solver === "lbfgs"
        ? secondOrder(lbfgs, newton, objective, examples, chosen)
        : secondOrder(newton, undefined, objective, examples, chosen);
    const look = async (weights: FloatArray) =>
      watch?.(await objectiveParity(placement, rows, ofClasses, weights));
    return {
      kernels: objective.kernels,
      steps: watch ? watched(steps, () => objective.read(start), look) : steps,
      release: () => objective.release(),
    };
  } catch (error) {
    ofLabels.release();
    throw error;
  }
}

/** Looks at the weights about the iterations 1, 10, 100 and so on, and at those that come out in the end. */
async function* watched(
  steps: AsyncGenerator<Progress, Outcome>,
  weights: () => Promise<FloatArray>,
  look: (weights: FloatArray) => Promise<void>,
): AsyncGenerator<Progress, Outcome> {
  let due = 1;
  let step = await steps.next();
  for (; !step.done; step = await steps.next()) {
    if (step.value.iteration >= due && step.value.fraction < 1) {
      await look(await weights());
      while (due <= step.value.iteration) due *= 10;
    }
    yield step.value;
  }
  await look(step.value.weights);
  return step.value;
}

/** The objective with the targets that the examples have instead of one label each, where they have any. */
async function softened(objective: Objective, scale: number, task: Task<Label>): Promise<Objective> {
  const { settings: chosen, rows, classes, problem, examples, targets } = task;
  if (!targets && chosen.labelSmoothing === 0) return objective;
  const of = (some: Uint32Array, smoothing: number) =>
    tiltOf(rows, some, classes.length, problem.intercept, smoothing, targets);
  const tilt = await of(examples.train, chosen.labelSmoothing);
  const validationTilt = targets && examples.validation && (await of(examples.validation, 0));
  return new Tilted(objective, scale, tilt, validationTilt);
}

/** Weights that are not finite are never handed out as a model. */
function checkWeights(weights: FloatArray, iterations: number): void {
  const bad = weights.findIndex((value: number) => !Number.isFinite(Math.fround(value)));
  if (bad < 0) return;
  throw new DivergenceError(
    iterations,
    `After step ${iterations} a weight is ${weights[bad]}: the training diverged. Lower learningRate, or bring the features to a range near 1.`,
  );
}

/** The signal's reason, carrying the weights so far as its `model`; one that cannot carry it becomes an AbortError's cause. */
function withModel(reason: unknown, model: SoftmaxModel): unknown {
  const carries = typeof reason === "object" && reason !== null;
  if (carries && Reflect.defineProperty(reason, "model", { value: model, configurable: true })) return reason;
  return Object.assign(new AbortError(`The training was aborted: ${String(reason)}`, { cause: reason }), {
    model,
  });
}
