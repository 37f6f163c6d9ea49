/**
 * Full-batch training: evaluates all examples before each step and stops once F is known to be within the
 * tolerance of its minimum.
 */
import type { FloatArray } from "../../core/rows.js";
import { DivergenceError } from "../../core/errors.js";
import type { EpochRecord, Progress, Score } from "../../core/progress.js";
import type { Stopwatch } from "../../core/stopwatch.js";
import { type Method, type Point, readWeights } from "./method.js";
import { type End, aborted, converged, lostDigits, outOfPatience, unfinished } from "./reasons.js";
import { ReportClock } from "./report-clock.js";
import {
  StallDetector,
  type StoppingSettings,
  fractionDone,
  isSeparable,
  meetsTolerance,
} from "./stopping.js";
import { type Examples, type Outcome, score } from "../solver.js";

/** Iterations after which a method's guess of F − F* is accepted, where `enough` allows guesses. */
const EXPERIENCED = 10;

/** One method of a training. It continues from the weights of the method before it. */
export interface Phase {
  /** Creates the method, given the one before it, if any, and the passes taken so far. */
  begin(before: Method | undefined, passes: number): Promise<Method>;
  /**
   * Whether the method computes its distance from the minimum. Only such a phase ends a training as
   * converged, unless `enough` allows guesses.
   */
  readonly certifies: boolean;
}

/** The options that full-batch solvers read: `train` documents them. */
export interface OptimumSettings extends StoppingSettings {
  readonly solver: string;
  readonly maxIterations: number;
  /** Pairs in the history of L-BFGS. */
  readonly memory: number;
  readonly patience: number;
  readonly signal?: AbortSignal | undefined;
}

export interface SecondOrderOptions {
  /** Measures the time of the training. */
  readonly clock: Stopwatch;
  readonly examples: Examples;
  readonly settings: OptimumSettings;
  /** Returns how much F rises at a point when its weights are rounded as the model will have them. */
  readonly roundingLoss: (method: Method, point: Point) => Promise<number>;
  /**
   * If given, an F − F* up to this also counts as converged, and the first method's guess of it is accepted.
   */
  readonly enough?: number;
}

/** Runs the phases of a training one after another. */
export class SecondOrder {
  readonly #phases: Phase[];
  readonly #examples: Examples;
  readonly #settings: OptimumSettings;
  readonly #roundingLoss: SecondOrderOptions["roundingLoss"];
  readonly #enough: number | undefined;
  readonly #history: EpochRecord[] = [];
  readonly #clock: ReportClock;
  #method: Method | undefined;
  #certifies = false;
  #passesBefore = 0;
  #iteration = 0;
  #stall = new StallDetector();
  #best: { readonly loss: number; readonly iteration: number; readonly weights: FloatArray } | undefined;

  constructor(
    phases: readonly Phase[],
    { examples, settings, clock, roundingLoss, enough }: SecondOrderOptions,
  ) {
    this.#roundingLoss = roundingLoss;
    this.#clock = new ReportClock(clock);
    this.#phases = [...phases];
    this.#examples = examples;
    this.#settings = settings;
    this.#enough = enough;
  }

  /**
   * Returns the current weights, or the best by validation, (features + 1, classes). Call it only while no
   * iteration is running.
   */
  async weights(): Promise<FloatArray | undefined> {
    return this.#best?.weights ?? (this.#method && (await readWeights(this.#method)));
  }

  /** Runs the training: yields reports, and returns the weights and why it ended. */
  async *steps(): AsyncGenerator<Progress, Outcome> {
    const { maxIterations, tolerance, signal } = this.#settings;
    let point = await this.#next();
    if (!point) throw new Error("The first phase of a training has no method.");
    const first = point;
    let fraction = 0;
    for (;;) {
      // 1. Record F, its gradient and the validation loss at the current point.
      checkFinite(point, this.#iteration, this.#settings);
      const scored = await this.#record(point);
      // 2. End where the point is near enough to the minimum, or no further iteration is allowed.
      const end = await this.#endOf(point, scored.validation);
      if (end) return yield* this.#finish(scored, end);
      // 3. Report.
      if (this.#iteration === 0 || this.#clock.due) {
        const done = this.#iteration / maxIterations;
        fraction = Math.max(fraction, fractionDone(done, first, point, tolerance));
        yield this.#report(scored, fraction);
      }
      if (signal?.aborted) return this.#outcome(aborted(this.#iteration));
      // 4. Take a step, by the next method where this one hands over. End where none goes further.
      const next = await this.#advance(point);
      if (!next) return yield* this.#finish(scored, await this.#exhausted(point));
      point = next;
      this.#iteration++;
    }
  }

  async *#finish(scored: Scored, end: End): AsyncGenerator<Progress, Outcome> {
    yield this.#report(scored, 1);
    return this.#outcome(end);
  }

  /** Takes an iteration, or begins the next phase where the method hands over or goes no further. */
  async #advance(point: Point): Promise<Point | undefined> {
    const handsOver = !this.#certifies && this.#isNear(point, point.guess);
    this.#stall.observe(point);
    const next = handsOver || this.#stall.stalled ? undefined : await this.#method?.iterate(point);
    return next ?? (this.#isNear(point, this.#known(point)) ? undefined : this.#next());
  }

  /** Begins the next phase and evaluates its method. Returns undefined after the last phase. */
  async #next(): Promise<Point | undefined> {
    const phase = this.#phases.shift();
    if (!phase) return undefined;
    const passes = this.#passesBefore + (this.#method?.passes ?? 0);
    this.#method = await phase.begin(this.#method, passes);
    [this.#certifies, this.#passesBefore] = [phase.certifies, passes];
    this.#stall = new StallDetector();
    return this.#method.evaluate();
  }

  /**
   * Whether the point meets the tolerance if F − F* is at most `distance`. It never does where the classes
   * are separable and nothing bounds the weights.
   */
  #isNear(point: Point, distance: number): boolean {
    return (
      meetsTolerance(point, distance, this.#settings.tolerance, this.#enough) && !this.#isSeparable(point)
    );
  }

  #isSeparable({ sums }: Point): boolean {
    return isSeparable(sums, this.#examples, this.#settings);
  }

  async #record(point: Point): Promise<Scored> {
    const { validation: rows } = this.#examples;
    const method = this.#method;
    const validation = rows && method && score(await method.objective.evaluate(method.weights, rows));
    const scored = {
      ...score(point.sums),
      gradientMax: point.gradientMax,
      ...(validation && { validation }),
    };
    if (this.#iteration > 0) {
      const { elapsed } = this.#clock;
      this.#history.push({ epoch: this.#iteration, ...scored, learningRate: point.step, elapsed });
    }
    return scored;
  }

  /** Returns why the training ends at this point, or undefined where another iteration should be tried. */
  async #endOf(point: Point, validation: Score | undefined): Promise<End | undefined> {
    const { maxIterations, patience, tolerance } = this.#settings;
    if (validation && patience < Infinity) {
      if (!this.#best || validation.loss < this.#best.loss) {
        const weights = this.#method && (await readWeights(this.#method));
        if (weights) this.#best = { loss: validation.loss, iteration: this.#iteration, weights };
      } else if (this.#iteration - this.#best.iteration >= patience) {
        return outOfPatience(patience);
      }
    }
    const known = this.#known(point);
    // Where F* is below 0.01, the tolerance allows more than this fraction of F. The fit still goes on to
    // this fraction while it can.
    if (this.#isNear(point, known) && (this.#enough !== undefined || known <= tolerance * point.value)) {
      return this.#converged(point, known);
    }
    if (this.#iteration < maxIterations) return undefined;
    if (this.#isNear(point, known)) return this.#converged(point, known);
    return this.#unfinished("max-iterations", point);
  }

  /** The bound on F − F* that the training accepts; infinite where there is none. */
  #known(point: Point): number {
    const believed = this.#enough !== undefined && this.#iteration >= EXPERIENCED;
    if (this.#certifies) return Math.min(point.distance ?? Infinity, point.value); // F* is not below 0
    return believed ? point.guess : Infinity;
  }

  async #converged(point: Point, distance: number): Promise<End> {
    const lost = this.#method ? await this.#roundingLoss(this.#method, point) : 0;
    return this.#isNear(point, distance + lost)
      ? converged(point, distance + lost, this.#settings.tolerance)
      : lostDigits(point, distance + lost, lost);
  }

  /** Returns how the training ends where no phase can go further. */
  async #exhausted(point: Point): Promise<End> {
    const known = this.#known(point);
    if (this.#isNear(point, known)) return this.#converged(point, known);
    if (point.distance === undefined) {
      return this.#unfinished(this.#method?.budgetExhausted ? "unknown-distance" : "rounding", point);
    }
    const lost = this.#method ? await this.#roundingLoss(this.#method, point) : 0;
    const whole = { ...point, distance: point.distance + lost };
    return this.#unfinished(this.#method?.budgetExhausted ? "stalled" : "rounding", whole);
  }

  #unfinished(cause: Parameters<typeof unfinished>[0], point: Point): End {
    const { maxIterations } = this.#settings;
    return unfinished(cause, point, { maxIterations, separable: this.#isSeparable(point) });
  }

  #report(scored: Scored, fraction: number): Progress {
    const passes = this.#passesBefore + (this.#method?.passes ?? 0);
    return {
      iteration: this.#iteration,
      epoch: this.#iteration,
      ...scored,
      ...this.#clock.report(passes * this.#examples.train.length),
      fraction,
    };
  }

  async #outcome({ code, text }: End): Promise<Outcome> {
    const best = this.#best;
    const weights = await this.weights();
    if (!weights) throw new Error("The training has no weights.");
    return {
      weights,
      history: this.#history,
      iterations: this.#iteration,
      converged: code === "converged",
      reason: best ? `${text}; the weights are the best, of iteration ${best.iteration}` : text,
      reasonCode: code,
    };
  }
}

type Scored = Pick<Progress, "loss" | "accuracy" | "gradientMax" | "validation">;

function checkFinite({ sums, gradientMax }: Point, iteration: number, settings: OptimumSettings): void {
  if (Number.isFinite(sums.loss) && Number.isFinite(gradientMax)) return;
  throw new DivergenceError(
    iteration,
    `At iteration ${iteration} the loss is ${sums.loss} and the largest gradient ${gradientMax}: bring the features to a ` +
      `range near 1${settings.l2 > 0 ? ` or lower l2 (${settings.l2})` : ""}.`,
  );
}
