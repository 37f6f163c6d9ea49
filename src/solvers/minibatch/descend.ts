/**
 * First-order training: gd, sgd with momentum, adam, adamw. Steps are queued and their results come back
 * late, so the engine never waits for this thread within an epoch, nor between epochs where it may run ahead.
 */
import {
  type Descent,
  type DescentSnapshot,
  type Epoch,
  type Passes,
  type Step,
  type StepResult,
} from "../../engine/descent.js";
import { yieldIfDue } from "../../core/event-loop.js";
import { ZERO_SUMS, type Sums, addSums } from "../../core/sums.js";
import { type FloatArray } from "../../core/rows.js";
import { DivergenceError } from "../../core/errors.js";
import type { EpochRecord, Progress, Score, ReasonCode } from "../../core/progress.js";
import type { Stopwatch } from "../../core/stopwatch.js";
import type { Sampling, SamplingState } from "./sampling.js";
import { type Schedule, rateAt } from "./schedule.js";
import { type Examples, type Outcome, type StateTaker, score } from "../solver.js";

/** Least time between reports within an epoch, in ms. */
const REPORT_MS = 50;
/** Least time over which a rate is measured, in ms. Results of many steps come at once. */
const LEAST_MS = 1;

/** The options that mini-batch solvers read: `train` documents them. */
export interface DescentSettings {
  readonly epochs: number;
  /** Default: all rows. */
  readonly batchSize?: number | undefined;
  readonly schedule: Schedule;
  readonly l2: number;
  readonly reduction: "mean" | "sum";
  readonly patience: number;
  readonly signal?: AbortSignal | undefined;
}

/** A first-order training between two steps, as plain values. */
export interface FirstOrderState {
  /** The name of the kernels: others would not give the same bits. */
  readonly kernels: string;
  readonly descent: DescentSnapshot;
  readonly sampling: SamplingState;
  /** The running epoch, from 1, the steps of it that are taken, and the sums over them. */
  readonly epoch: number;
  readonly taken: number;
  readonly sums: Sums;
  /** How long the training took so far. */
  readonly milliseconds: number;
  readonly history: readonly EpochRecord[];
  readonly best?: BestEpoch;
}

/** The weights after the epoch with the lowest validation loss so far. */
interface BestEpoch {
  readonly loss: number;
  readonly epoch: number;
  readonly weights: FloatArray;
}

export interface FirstOrderOptions {
  readonly descent: Descent;
  readonly sampling: Sampling;
  readonly examples: Examples;
  readonly settings: DescentSettings;
  readonly clock: Stopwatch;
  /**
   * Begins epochs before the one before them is reported, unless they depend on what is found at its end.
   * Default: no, so that a caller who holds the report of an epoch has its weights.
   */
  readonly ahead?: boolean | undefined;
  /** Gets the passes of four steps of the training. The clock is paused meanwhile. */
  readonly check?: ((passes: Passes) => Promise<void>) | undefined;
  readonly states?: StateTaker<FirstOrderState> | undefined;
  /** A state to go on from. Default: the first step. */
  readonly from?: FirstOrderState | undefined;
}

/**
 * Trains until all epochs are done, patience runs out or the signal aborts. Throws a `DivergenceError` when a
 * loss is not finite.
 */
export async function* firstOrder({
  descent,
  sampling,
  examples,
  settings,
  clock,
  ahead = false,
  check,
  states,
  from,
}: FirstOrderOptions): AsyncGenerator<Progress, Outcome> {
  const { epochs } = settings;
  const { length } = examples.train;
  const batchSize = Math.min(settings.batchSize ?? length, length);
  const stepsPerEpoch = Math.ceil(length / batchSize);
  const captured = check ? captureSteps(epochs * stepsPerEpoch) : new Set<number>();
  let { epoch = 1, taken = 0, sums = ZERO_SUMS, best } = from ?? {};
  let iteration = (epoch - 1) * stepsPerEpoch + taken;
  clock.add(from?.milliseconds ?? 0);
  const history = [...(from?.history ?? [])];
  const report = new Reporter(
    epochs * length,
    clock,
    (epoch - 1) * length + Math.min(length, taken * batchSize),
  );
  let order = from && sampling.restore(from.sampling);
  if (from) descent.restore(from.descent);
  const isAhead = ahead && !sampling.adapts && !examples.validation;

  const rowsOf = (step: number) => Math.min(batchSize, length - step * batchSize);
  const rateOf = (number: number, step: number) =>
    rateAt(settings.schedule, (number - 1) * stepsPerEpoch + step, stepsPerEpoch, epochs);
  const stepsOf = (number: number) =>
    Array.from({ length: stepsPerEpoch }, (_, step) =>
      plan(
        step * batchSize,
        rowsOf(step),
        rateOf(number, step),
        examples,
        settings,
        captured.has((number - 1) * stepsPerEpoch + step),
      ),
    );

  /** Plans the steps from here to the end of the epoch, or of the training, or to where the state is due. */
  async function* planned(): AsyncGenerator<Epoch> {
    let done = iteration;
    for (let number = epoch, first = taken; number <= epochs; number++, first = 0) {
      order = (first > 0 && order) || (await sampling.next());
      const all = stepsOf(number);
      const isDue = (n: number) => n >= first && states?.isDue(done + n - first + 1);
      const stop = states ? all.findIndex((_, n) => isDue(n)) : -1;
      const steps = all.slice(first, stop < 0 ? stepsPerEpoch : stop + 1);
      done += steps.length;
      yield { order, steps };
      if (stop >= 0 || !isAhead) return;
    }
  }

  const outcome = async (code: ReasonCode, why: string): Promise<Outcome> => ({
    weights: best?.weights ?? (await descent.weights()),
    history,
    iterations: iteration,
    converged: false,
    reason: best ? `${why}; the weights are the best, of epoch ${best.epoch}` : why,
    reasonCode: code,
  });
  const state = async (): Promise<FirstOrderState> => ({
    kernels: descent.kernels,
    descent: await descent.snapshot(),
    sampling: sampling.state(),
    epoch,
    taken,
    sums,
    milliseconds: clock.milliseconds,
    history: [...history],
    ...(best && { best }),
  });

  /**
   * Ends the epoch: scores the validation rows, reports, and keeps the best weights. Returns the outcome
   * where patience runs out.
   */
  async function* endEpoch(): AsyncGenerator<Progress, Outcome | undefined> {
    const validation = examples.validation && score(await descent.evaluate(examples.validation));
    if (validation) checkValidation(validation, iteration, epoch);
    yield report.progress(iteration, epoch, validation);
    history.push({
      epoch,
      ...score(sums),
      learningRate: rateOf(epoch, stepsPerEpoch - 1),
      ...(validation && { validation }),
      elapsed: report.elapsed,
    });
    if (validation && settings.patience < Infinity) {
      if (!best || validation.loss < best.loss) {
        best = { loss: validation.loss, epoch, weights: await descent.weights() };
      } else if (epoch - best.epoch >= settings.patience) {
        return outcome("patience", `no lower validation loss for ${settings.patience} epochs`);
      }
    }
    epoch++;
    taken = 0;
    sums = ZERO_SUMS;
    return undefined;
  }

  for (;;) {
    if (taken === stepsPerEpoch) {
      const ending = yield* endEpoch();
      if (ending) return ending;
    }
    if (epoch > epochs) return outcome("epochs", `all ${epochs} epochs are done`);
    if (settings.signal?.aborted)
      return outcome("aborted", `aborted after step ${iteration}, in epoch ${taken > 0 ? epoch : epoch - 1}`);

    for await (const result of descent.run(planned())) {
      iteration++;
      checkFinite(result, iteration, settings);
      const { passes } = result;
      if (passes && check) await clock.pausedFor(() => check(passes));
      sums = addSums(sums, result.sums);
      report.add(result.sums, rowsOf(taken++));
      if (report.due && report.steps <= stepsPerEpoch - taken) yield report.progress(iteration, epoch);
      if (settings.signal?.aborted)
        return outcome("aborted", `aborted after step ${iteration}, in epoch ${epoch}`);
      if (states?.isDue(iteration)) await states.take(await state());
      else if (isAhead && taken === stepsPerEpoch) {
        yield* endEpoch();
        await yieldIfDue(); // many epochs may end at once
      }
    }
  }
}

/** Plans a step on the mean of the batch's losses, or on their sum, with the penalty times its weight. */
function plan(
  first: number,
  rows: number,
  learningRate: number,
  { meanWeight, weightScale }: Examples,
  settings: DescentSettings,
  capture: boolean,
): Step {
  // The batch weighs rows · mean weight, whatever rows it drew, so that the gradient is unbiased.
  const weight = rows * meanWeight;
  return settings.reduction === "mean"
    ? { first, rows, learningRate, gradientScale: 1 / weight, penalty: settings.l2, capture }
    : {
        first,
        rows,
        learningRate,
        gradientScale: 1 / weightScale,
        penalty: (weight / weightScale) * settings.l2,
        capture,
      };
}

/** Numbers of four steps (from 0), evenly spaced from the first to the last. */
function captureSteps(steps: number): Set<number> {
  return new Set([0, 1, 2, 3].map((n) => Math.round((n * (steps - 1)) / 3)));
}

function checkFinite({ sums }: StepResult, iteration: number, settings: DescentSettings): void {
  if (Number.isFinite(sums.loss)) return;
  throw new DivergenceError(
    iteration,
    `The loss is ${sums.loss} at step ${iteration}: the training diverged. Lower learningRate (its schedule begins at ` +
      `${settings.schedule.rate})${settings.l2 > 0 ? ` or l2 (${settings.l2})` : ""}, or bring the features to a range near 1.`,
  );
}

/** Checks the validation loss: features larger than those trained on can overflow where training does not. */
function checkValidation({ loss }: Score, iteration: number, epoch: number): void {
  if (Number.isFinite(loss)) return;
  throw new DivergenceError(
    iteration,
    `The validation loss is ${loss} after epoch ${epoch}: bring the features of all rows to a range near 1, ` +
      "or lower learningRate.",
  );
}

/** Adds up results between reports. */
class Reporter {
  readonly #examples: number;
  readonly #clock: Stopwatch;
  #seen: number;
  #sums = ZERO_SUMS;
  #steps = 0;
  /** When the first result since the last report came in, in ms. */
  #began: number;
  #reportedAt: number;
  #reportedSeen: number;
  #rate = 0;
  #validation: Score | undefined;

  /** `examples` will be seen in all, and `seen` were by a training that goes on. */
  constructor(examples: number, clock: Stopwatch, seen: number) {
    this.#examples = examples;
    this.#seen = this.#reportedSeen = seen;
    this.#clock = clock;
    this.#began = this.#reportedAt = clock.milliseconds;
  }

  get elapsed(): number {
    return this.#clock.milliseconds / 1000;
  }

  get due(): boolean {
    return this.#clock.milliseconds - this.#began > REPORT_MS;
  }

  /**
   * Steps since the last report. The last report of an epoch covers at least as many as the one before it.
   */
  get steps(): number {
    return this.#steps;
  }

  add(sums: Sums, rows: number): void {
    if (this.#steps === 0) this.#began = this.#clock.milliseconds;
    this.#sums = addSums(this.#sums, sums);
    this.#seen += rows;
    this.#steps++;
  }

  progress(iteration: number, epoch: number, validation = this.#validation): Progress {
    this.#measureRate();
    const progress = {
      iteration,
      epoch,
      examples: this.#seen,
      ...score(this.#sums),
      ...(validation && { validation }),
      examplesPerSecond: this.#rate,
      elapsed: this.elapsed,
      fraction: this.#seen / this.#examples,
    };
    this.#sums = ZERO_SUMS;
    this.#steps = 0;
    this.#validation = validation;
    return progress;
  }

  /** Measures the rate since it was last measured. Reports that come at once have the rate of the first. */
  #measureRate(): void {
    const now = this.#clock.milliseconds;
    const milliseconds = now - this.#reportedAt;
    if (milliseconds < LEAST_MS && this.#rate > 0) return;
    this.#rate = (1000 * (this.#seen - this.#reportedSeen)) / Math.max(milliseconds, 1e-3);
    this.#reportedAt = now;
    this.#reportedSeen = this.#seen;
  }
}
