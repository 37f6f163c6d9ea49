/**
 * Full-batch training: evaluates all examples before each step and stops once F is known to be within the
 * tolerance of its minimum.
 */
import type { FloatArray } from "../../core/rows.js";
import { DivergenceError } from "../../core/errors.js";
import type { EpochRecord, Progress, Score } from "../../core/progress.js";
import type { Stopwatch } from "../../core/stopwatch.js";
import { type Method, type Point, allowedDistance, readWeights } from "./method.js";
import { type Examples, type Outcome, score } from "../solver.js";

/** Least time between reports, in ms. */
const REPORT_MS = 50;
/**
 * A method has stalled when for `STALLED` iterations F has not fallen by more than its relative rounding, and
 * neither the largest gradient nor the distance has reached a new low.
 */
const STALLED = 20;
const ROUNDING = 1e-7;
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
export interface OptimumSettings {
  readonly solver: string;
  readonly tolerance: number;
  readonly maxIterations: number;
  /** Pairs in the history of L-BFGS. */
  readonly memory: number;
  readonly patience: number;
  readonly l1: number;
  readonly l2: number;
  readonly labelSmoothing: number;
  readonly signal?: AbortSignal | undefined;
}

export interface SecondOrderOptions {
  /** Measures the time of the training. */
  readonly clock: Stopwatch;
  readonly examples: Examples;
  readonly settings: OptimumSettings;
  /** Returns how much F rises at a point when its weights are rounded as the model will have them. */
  readonly lostByRounding: (method: Method, point: Point) => Promise<number>;
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
  readonly #lostByRounding: SecondOrderOptions["lostByRounding"];
  readonly #enough: number | undefined;
  readonly #history: EpochRecord[] = [];
  readonly #clock: Clock;
  #method: Method | undefined;
  #certifies = false;
  #passesBefore = 0;
  #iteration = 0;
  #stall = new StallDetector();
  #best: { readonly loss: number; readonly iteration: number; readonly weights: FloatArray } | undefined;

  constructor(
    phases: readonly Phase[],
    { examples, settings, clock, lostByRounding, enough }: SecondOrderOptions,
  ) {
    this.#lostByRounding = lostByRounding;
    this.#clock = new Clock(clock);
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

  async *steps(): AsyncGenerator<Progress, Outcome> {
    const { maxIterations, signal } = this.#settings;
    let point = await this.#next();
    if (!point) throw new Error("The first phase of a training has no method.");
    const first = point;
    let fraction = 0;
    for (;;) {
      checkFinite(point, this.#iteration, this.#settings);
      const scored = await this.#record(point);
      const end = await this.#endOf(point, scored.validation);
      if (end) {
        yield this.#report(scored, 1);
        return this.#outcome(end);
      }
      if (this.#iteration === 0 || this.#clock.elapsedMs - this.#clock.reportedMs >= REPORT_MS) {
        const done = this.#iteration / maxIterations;
        fraction = Math.max(fraction, fractionOf(done, first, point, this.#settings.tolerance));
        yield this.#report(scored, fraction);
      }
      if (signal?.aborted) return this.#outcome(stopped(`aborted after iteration ${this.#iteration}`));
      const next = await this.#advance(point);
      if (!next) {
        yield this.#report(scored, 1);
        return this.#outcome(await this.#exhausted(point));
      }
      point = next;
      this.#iteration++;
    }
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
    const { tolerance } = this.#settings;
    const allowed = Math.max(allowedDistance(point.value, tolerance), this.#enough ?? 0);
    return (
      point.gradientMax <= tolerance &&
      distance <= allowed &&
      !isSeparable(point, this.#examples, this.#settings)
    );
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
      const elapsed = this.#clock.elapsedMs / 1000;
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
        return stopped(`no lower validation loss for ${patience} iterations`);
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
    return stopped(
      `all ${maxIterations} iterations are done, and ${this.#standing(point)}${this.#separable(point)}`,
    );
  }

  /** The bound on F − F* that the training accepts; infinite where there is none. */
  #known(point: Point): number {
    const believed = this.#enough !== undefined && this.#iteration >= EXPERIENCED;
    if (this.#certifies) return Math.min(point.distance ?? Infinity, point.value); // F* is not below 0
    return believed ? point.guess : Infinity;
  }

  async #converged(point: Point, distance: number): Promise<End> {
    const { tolerance } = this.#settings;
    const lost = this.#method ? await this.#lostByRounding(this.#method, point) : 0;
    const standing = this.#standing({ ...point, distance: distance + lost });
    if (this.#isNear(point, distance + lost)) {
      return { converged: true, why: `${standing}: within tolerance ${shown(tolerance, 3)}` };
    }
    return stopped(
      `${standing}, but rounding its weights to f32 raises it by ${shown(lost / point.value, 1)} of itself: ` +
        "take a mean off the features, or train with an intercept",
    );
  }

  /** Returns how the training ends where no phase can go further. */
  async #exhausted(point: Point): Promise<End> {
    const known = this.#known(point);
    if (this.#isNear(point, known)) return this.#converged(point, known);
    const why = !this.#method?.budgetExhausted
      ? "rounding hides any lower point"
      : point.distance === undefined
        ? "how near F is to its minimum took more passes to find out than the training"
        : "L-BFGS and Newton's method both stalled";
    const { distance } = point;
    const lost = distance !== undefined && this.#method ? await this.#lostByRounding(this.#method, point) : 0;
    const whole = distance === undefined ? point : { ...point, distance: distance + lost };
    return stopped(`${why}: ${this.#standing(whole)}${this.#separable(point)}`);
  }

  #standing({ gradientMax, distance, value }: Point): string {
    const gradient = `the largest gradient is ${shown(gradientMax, 2)}`;
    if (distance === undefined) return gradient;
    const known = Math.min(distance, value); // F* is not below 0
    const part = known / Math.max(value - known, 0.01);
    return `${gradient}, and F within about ${shown(part, 1)} of its minimum`;
  }

  /** Explains why a training without a penalty may never converge; empty where that does not apply. */
  #separable(point: Point): string {
    return isSeparable(point, this.#examples, this.#settings)
      ? ". The classes are separable and there is no penalty, so that ever larger weights fit ever better: give l2 or C"
      : "";
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

  async #outcome({ converged, why }: End): Promise<Outcome> {
    const best = this.#best;
    const weights = await this.weights();
    if (!weights) throw new Error("The training has no weights.");
    return {
      weights,
      history: this.#history,
      iterations: this.#iteration,
      converged,
      reason: best ? `${why}; the weights are the best, of iteration ${best.iteration}` : why,
    };
  }
}

/** Why a training ends. */
interface End {
  readonly converged: boolean;
  readonly why: string;
}

function stopped(why: string): End {
  return { converged: false, why };
}

type Scored = Pick<Progress, "loss" | "accuracy" | "gradientMax" | "validation">;

/** Elapsed time, and examples per second since the last report. */
class Clock {
  readonly #stopwatch: Stopwatch;
  #reported = { ms: 0, examples: 0 };

  constructor(stopwatch: Stopwatch) {
    this.#stopwatch = stopwatch;
  }

  get elapsedMs(): number {
    return this.#stopwatch.milliseconds;
  }

  get reportedMs(): number {
    return this.#reported.ms;
  }

  report(examples: number): Pick<Progress, "examples" | "examplesPerSecond" | "elapsed"> {
    const before = this.#reported;
    this.#reported = { ms: this.elapsedMs, examples };
    const seconds = Math.max(this.#reported.ms - before.ms, 1e-3) / 1000;
    return {
      examples,
      examplesPerSecond: (examples - before.examples) / seconds,
      elapsed: this.#reported.ms / 1000,
    };
  }
}

/** Detects when F, the largest gradient and the distance have all stopped falling. */
class StallDetector {
  #value = Infinity;
  #gradientMax = Infinity;
  #distance = Infinity;
  /** Points since any of them fell. */
  #points = 0;

  observe({ value, gradientMax, distance = Infinity }: Point): void {
    const fell =
      value < this.#value - ROUNDING * Math.abs(value) ||
      gradientMax < this.#gradientMax ||
      distance < this.#distance;
    this.#value = Math.min(this.#value, value);
    this.#gradientMax = Math.min(this.#gradientMax, gradientMax);
    this.#distance = Math.min(this.#distance, distance);
    this.#points = fell ? 0 : this.#points + 1;
  }

  get stalled(): boolean {
    return this.#points >= STALLED;
  }
}

/**
 * The fraction done, by iterations or by the log of the largest gradient on its way to the tolerance,
 * whichever is more. At most 0.99: only the end is 1.
 */
function fractionOf(iterations: number, first: Point, point: Point, tolerance: number): number {
  const way = Math.log(first.gradientMax / tolerance);
  const done = Math.log(first.gradientMax / point.gradientMax);
  return Math.min(0.99, Math.max(iterations, way > 0 ? done / way : 0));
}

function checkFinite({ sums, gradientMax }: Point, iteration: number, settings: OptimumSettings): void {
  if (Number.isFinite(sums.loss) && Number.isFinite(gradientMax)) return;
  throw new DivergenceError(
    iteration,
    `At iteration ${iteration} the loss is ${sums.loss} and the largest gradient ${gradientMax}: bring the features to a ` +
      `range near 1${settings.l2 > 0 ? ` or lower l2 (${settings.l2})` : ""}.`,
  );
}

/** Formats a number with `digits` significant digits: 0.012, 7.8e-6. */
function shown(value: number, digits: number): string {
  const rounded = Number(value.toPrecision(digits));
  return value === 0 || value >= 1e-3 ? String(rounded) : rounded.toExponential();
}

/**
 * Whether ever larger weights fit ever better: all rows are classified correctly, and no penalty or soft
 * target bounds the weights.
 */
function isSeparable(
  { sums }: Point,
  { soft }: Examples,
  { l1, l2, labelSmoothing }: OptimumSettings,
): boolean {
  return l1 === 0 && l2 === 0 && labelSmoothing === 0 && !soft && sums.hits === sums.weight;
}
