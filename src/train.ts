/** A training from end to end: data → rows → placed on an engine → steps → model. */
import type { TrainingData } from "./data/dataset.js";
import type { Label } from "./data/labels.js";
import { chooseEngine } from "./engine/choose.js";
import type { Passes, Placement } from "./engine/engine.js";
import { AbortError, TrainerError } from "./errors.js";
import type { SoftmaxModel } from "./model/model.js";
import { type TrainOptions, isSecondOrder, settings } from "./options.js";
import { NO_PARITY, type Parity, parityOf, worst } from "./parity.js";
import type { Progress } from "./progress.js";
import { firstOrder } from "./solve/first-order.js";
import { Importance, uniform } from "./solve/sampling.js";
import { type Start, startSecondOrder } from "./start.js";
import { type Task, taskOf } from "./task.js";
import { modelOf } from "./trained.js";

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
    return yield* fit(this.#task, (model) => (this.#model = model));
  }
}

async function* fit<L extends Label>(
  task: Task<L>,
  keep: (model: SoftmaxModel<L>) => void,
): AsyncGenerator<Progress, SoftmaxModel<L>> {
  const { settings: chosen, rows } = task;
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
      ? startSecondOrder(task, placement, { watch })
      : startFirstOrder(task, placement, watch));
    releases.push(() => start.release());
    signal?.throwIfAborted();
    const { steps } = start;
    let step = await steps.next();
    for (; !step.done; step = await steps.next()) {
      onProgress?.(step.value);
      yield step.value;
    }
    const made = { name: engine.name, adapter: engine.adapter, kernels: start.kernels, why };
    const model = modelOf(task, step.value, made, chosen.parity ? parity : undefined);
    keep(model);
    if (signal?.aborted) throw withModel(signal.reason, model);
    return model;
  } finally {
    for (const release of releases.toReversed()) release();
  }
}

type Watch = ((seen: Parity) => void) | undefined;

async function startFirstOrder(task: Task<Label>, placement: Placement, watch: Watch): Promise<Start> {
  const { settings: chosen, rows, problem, examples, start, random } = task;
  const descent = await placement.descent(problem, start);
  const sampling =
    chosen.sampling === "importance"
      ? new Importance(placement, descent, problem, rows, examples.train, random)
      : uniform(rows, examples.train, chosen.shuffle, random);
  const seen = watch && ((passes: Passes) => watch(parityOf(passes, sampling.rows, problem)));
  const steps = firstOrder(descent, sampling, examples, chosen, seen);
  return { kernels: descent.kernels, steps, release: () => descent.release() };
}

/** The signal's reason, carrying the weights so far as its `model`; one that cannot carry it becomes an AbortError's cause. */
function withModel(reason: unknown, model: SoftmaxModel): unknown {
  const carries = typeof reason === "object" && reason !== null;
  if (carries && Reflect.defineProperty(reason, "model", { value: model, configurable: true })) return reason;
  return Object.assign(new AbortError(`The training was aborted: ${String(reason)}`, { cause: reason }), {
    model,
  });
}
