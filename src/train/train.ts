/** Trains from end to end: data → rows → placed on an engine → steps → model. */
import { LinkedAbort, throwIfAborted } from "../core/abort.js";
import { Callbacks } from "./callbacks.js";
import type { TrainingData } from "../data/dataset.js";
import type { Label } from "../data/labels.js";
import { TrainerError } from "../core/errors.js";
import type { SoftmaxModel } from "../model/model.js";
import { openForTask } from "./open-engine.js";
import { type SolverName, isSecondOrder } from "../solvers/solver-table.js";
import type { TrainOptions } from "./option-table.js";
import { parseOptions } from "./options.js";
import { NO_PARITY, type Parity, mergeParity } from "../parity/stages.js";
import type { Progress } from "../core/progress.js";
import { show } from "../core/show.js";
import type { Outcome } from "../solvers/solver.js";
import type { Start } from "./optimise.js";
import { Stopwatch } from "../core/stopwatch.js";
import { prepareTask } from "./prepare.js";
import { type Task, createTask } from "./problem.js";
import { createModel, warnOf, warnOfEngine } from "./result.js";
import { Warnings } from "../core/warnings.js";

/**
 * Trains a softmax (multinomial logistic) classifier. Rejects bad data and options before it uploads
 * anything.
 *
 * `x`, `y`, `weights`, `offsets` and `classes` are copied before this returns its promise, so they may be
 * changed during the training.
 *
 * @param data features `x`, labels or soft targets `y`, and optionally weights, offsets and classes
 * @param options see {@link TrainOptions}. By default L-BFGS goes to the optimum of the loss with C = 1, on
 * the fastest engine of the machine.
 * @returns the model. `model.warnings` has what is worth knowing about the training and is no error.
 * @throws {DataError | OptionError | DeviceError | DivergenceError} as a rejection. An aborted training
 * rejects with the signal's reason itself; use a {@link trainer} to keep its weights so far. What
 * `onProgress` or `onWarning` throws, or rejects with, the training rejects with too.
 * @example
 * ```ts
 * const x = [[5.1, 3.5], [4.9, 3.0], [6.3, 3.3], [5.8, 2.7]];
 * const y = ["setosa", "setosa", "virginica", "virginica"];
 * const model = await train({ x, y }, { C: 10 });
 * model.predict([[5.0, 3.4]]); // ["setosa"]
 * ```
 */
export async function train<L extends Label>(
  data: TrainingData<L>,
  options: TrainOptions<L> = {},
): Promise<SoftmaxModel<L>> {
  const steps = fit({ ...prepare(data, options), result: { missing: NOT_ENDED }, ahead: true });
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return value;
  }
}

/**
 * Makes a training that the caller drives: each turn of the loop gets a progress report, and the training
 * goes on when the next one is requested. Afterwards `trainer.model` is the model, which is also the return
 * value of the generator. Where the loop was left by `break`, an error or an abort, `trainer.model` has the
 * weights so far.
 *
 * The data are copied before this returns. The engine opens when the loop begins.
 *
 * @param data as for {@link train}
 * @param options as for {@link train}
 * @returns the training, an async iterable of {@link Progress} that can be iterated once
 * @throws {DataError | OptionError} at once. The loop throws the other errors of {@link train}, and the
 * signal's reason when it aborts.
 * @example
 * ```ts
 * const training = trainer(data, { signal });
 * try {
 *   for await (const { loss } of training) console.log(loss);
 * } catch (error) {
 *   if (!signal.aborted) throw error;
 * }
 * training.model; // also where the signal aborted it
 * ```
 */
export function trainer<L extends Label>(data: TrainingData<L>, options: TrainOptions<L> = {}): Trainer<L> {
  return new Trainer(data, options);
}

/**
 * A training that the caller drives, made by {@link trainer}.
 *
 * @example
 * ```ts
 * const training = trainer({ x, y }, { solver: "sgd", epochs: 100 });
 * for await (const { epoch, loss } of training) {
 *   if (loss < 0.1) break; // the model then has the weights so far
 * }
 * training.model.predict(x);
 * ```
 */
export class Trainer<L extends Label = Label> implements AsyncIterable<Progress> {
  readonly #prepared: Prepared<L>;
  #started = false;
  readonly #result: Result<L> = { missing: NOT_ENDED };

  /**
   * Prepares a training, as {@link trainer} does.
   *
   * @param data as for {@link train}
   * @param options as for {@link train}
   * @throws {DataError | OptionError} where one of them cannot be used
   */
  constructor(data: TrainingData<L>, options: TrainOptions<L>) {
    this.#prepared = prepare(data, options);
  }

  /**
   * The model, or the weights so far of a training that was left or aborted.
   *
   * @throws {TrainerError} before the training has ended, where it was left or aborted before its first
   * iteration, and where it failed
   */
  get model(): SoftmaxModel<L> {
    if (this.#result.model) return this.#result.model;
    throw new TrainerError(this.#result.missing);
  }

  /**
   * Starts the training.
   *
   * @returns a generator of progress reports, whose return value is the model
   * @throws {TrainerError} when this trainer was started before: make a new one for another fit
   */
  [Symbol.asyncIterator](): AsyncGenerator<Progress, SoftmaxModel<L>> {
    if (this.#started) {
      throw new TrainerError(
        "This trainer was started before, and a trainer trains once: make a new one for another fit.",
      );
    }
    this.#started = true;
    return fit({ ...this.#prepared, result: this.#result, ahead: false });
  }
}

const NOT_ENDED = "There is no model yet: the training has not ended. Take it after the loop.";
const BEFORE_FIRST =
  "The training was aborted, or its loop left, before the first iteration: there is no model.";

/** The result of a training: its model, or why there is none. */
interface Result<L extends Label> {
  model?: SoftmaxModel<L>;
  /** Why there is no model. */
  missing: string;
}

/** A training that is checked and copied, before its engine opens. */
interface Prepared<L extends Label> {
  readonly given: Task<L>;
  readonly callbacks: Callbacks;
}

function prepare<L extends Label>(data: TrainingData<L>, options: TrainOptions<L>): Prepared<L> {
  const callbacks = new Callbacks();
  const chosen = parseOptions(options);
  const warnings = new Warnings((warning) => callbacks.call(chosen.onWarning, warning));
  return { given: createTask(data, chosen, warnings), callbacks };
}

interface Fit<L extends Label> extends Prepared<L> {
  /** Keeps the model. */
  readonly result: Result<L>;
  /** True if nobody holds a report, so that the engine may work ahead of it. */
  readonly ahead: boolean;
}

/** Runs the training and yields its reports. */
async function* fit<L extends Label>({
  given,
  callbacks,
  result,
  ahead,
}: Fit<L>): AsyncGenerator<Progress, SoftmaxModel<L>> {
  const { settings: chosen, warnings } = given;
  const { signal, onProgress } = chosen;
  const stop = new LinkedAbort(signal);
  const releases = [() => stop.unlink()];
  try {
    let parity = NO_PARITY;
    const watch = chosen.parity ? (seen: Parity) => (parity = mergeParity(parity, seen)) : undefined;
    const task = await prepareTask(given);
    const stoppable = { ...task, settings: { ...chosen, signal: stop.signal } };
    const start = await loadSolver(chosen.solver);
    const opened = await openForTask(task, (placement) => {
      const clock = new Stopwatch(); // opening the engine and placing the rows is not training
      return start(stoppable, placement, { watch, clock, ahead });
    });
    const { engine, why, started } = opened;
    const { steps, kernels } = started;
    releases.push(opened.release, () => started.release());
    warnOfEngine(warnings, opened);
    throwIfAborted(signal);
    const made = { name: engine.name, adapter: engine.adapter, kernels, why };
    const modelFrom = (outcome: Outcome) =>
      createModel(task, outcome, made, chosen.parity ? parity : undefined);

    let step = await steps.next();
    while (!step.done) {
      let left = true;
      try {
        callbacks.check();
        callbacks.call(onProgress, step.value);
        yield step.value;
        left = false;
      } finally {
        if (left) {
          stop.abort();
          await keepSoFar(result, outcomeOf(steps), modelFrom);
        }
      }
      step = await steps.next();
    }
    if (signal?.aborted) {
      await keepSoFar(result, Promise.resolve(step.value), modelFrom);
      throw signal.reason;
    }
    warnOf(task, step.value, engine.name, parity);
    const model = modelFrom(step.value);
    result.model = model;
    await callbacks.settle();
    return model;
  } catch (error) {
    if (!(signal?.aborted && error === signal.reason)) result.missing = failed(error);
    else if (result.missing === NOT_ENDED) result.missing = BEFORE_FIRST;
    throw error;
  } finally {
    for (const release of releases.toReversed()) release();
  }
}

/** Runs a solver that was told to stop to its end, and returns what it has. */
async function outcomeOf(steps: Start["steps"]): Promise<Outcome> {
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return value;
  }
}

/**
 * Keeps the weights of a training that ends early. An error here is only noted, since the training ends with
 * another.
 */
async function keepSoFar<L extends Label>(
  result: Result<L>,
  ending: Promise<Outcome>,
  modelFrom: (outcome: Outcome) => SoftmaxModel<L>,
): Promise<void> {
  try {
    const outcome = await ending;
    if (outcome.iterations > 0) result.model = modelFrom(outcome);
    else result.missing = BEFORE_FIRST;
  } catch (error) {
    result.missing = failed(error);
  }
}

function failed(error: unknown): string {
  return `There is no model: the training failed. ${error instanceof Error ? error.message : show(error)}`;
}

/** Loads the code of the solver: most trainings need only one of the two kinds. */
async function loadSolver(solver: SolverName) {
  return isSecondOrder(solver)
    ? (await import("./optimise.js")).startSecondOrder
    : (await import("./first-order.js")).startFirstOrder;
}
