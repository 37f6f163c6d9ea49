/** Training that evaluates all examples before each step and stops where F is known to be as near its minimum as was asked for. */
import type { FloatArray } from "../../core/rows.js";
import { DivergenceError } from "../../core/errors.js";
import type { EpochRecord, Progress, Score } from "../../core/progress.js";
import type { Stopwatch } from "../../core/stopwatch.js";
import { type Method, type Point, allowedDistance, readWeights } from "./method.js";
import { type Examples, type Outcome, score } from "../solver.js";

/** Reports are made at most this often. */
const REPORT_MS = 50;
/** A method stalls when for so many iterations F falls by less than its own rounding, and the gradient no further. */
const STALLED = 20;
const ROUNDING = 1e-7;
/** Iterations after which a method's guess is believed where nothing else is asked for. */
const EXPERIENCED = 10;

/** A method that takes over from the one before it, at the weights that it has reached. */
export interface Phase {
  /** Begins where the method before it, if any, has ended, after so many passes. */
  begin(before: Method | undefined, passes: number): Promise<Method>;
  /** It knows its distance from the minimum: it alone ends the training as converged. */
  readonly certifies: boolean;
}

/** The options that solvers to the optimum read: `train` documents them. */
export interface OptimumSettings {
  readonly solver: string;
  readonly tolerance: number;
  readonly maxIterations: number;
  /** Pairs of L-BFGS's history. */
  readonly memory: number;
  readonly patience: number;
  readonly l1: number;
  readonly l2: number;
  readonly labelSmoothing: number;
  readonly signal?: AbortSignal | undefined;
}

export interface SecondOrderOptions {
  /** Runs while the training does. */
  readonly clock: Stopwatch;
  readonly examples: Examples;
  readonly settings: OptimumSettings;
  /** How much higher F is at a point with the weights as the model will have them. */
  readonly lostByRounding: (method: Method, point: Point) => Promise<number>;
  /** Where given, F − F* may also be this much, and the first method's guess of it is believed. */
  readonly enough?: number;
}

/** A training by one method after another. */
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

  /** (features + 1, classes) the present weights, or the best where validation chooses them. Nothing may be under way. */
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

  /** One iteration, by the next method where the present one has come to its end. */
  async #advance(point: Point): Promise<Point | undefined> {
    const handsOver = !this.#certifies && this.#isNear(point, point.guess);
    this.#stall.observe(point);
    const next = handsOver || this.#stall.stalled ? undefined : await this.#method?.iterate(point);
    return next ?? (this.#isNear(point, this.#known(point)) ? undefined : this.#next());
  }

  /** The first point of the next phase's method. Undefined where there is no further phase. */
  async #next(): Promise<Point | undefined> {
    const phase = this.#phases.shift();
    if (!phase) return undefined;
    const passes = this.#passesBefore + (this.#method?.passes ?? 0);
    this.#method = await phase.begin(this.#method, passes);
    [this.#certifies, this.#passesBefore] = [phase.certifies, passes];
    this.#stall = new StallDetector();
    return this.#method.evaluate();
  }

  /** Whether F is as near its minimum as was asked for, if it is within `distance`. */
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

  /** Whether this point is to be the last, as far as that is known without trying to go on. */
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
    // Below 0.01 the promise allows more than this part of F. The fit still goes on to that part while it can.
    if (this.#isNear(point, known) && (this.#enough !== undefined || known <= tolerance * point.value)) {
      return this.#converged(point, known);
    }
    if (this.#iteration < maxIterations) return undefined;
    if (this.#isNear(point, known)) return this.#converged(point, known);
    return stopped(
      `all ${maxIterations} iterations are done, and ${this.#standing(point)}${this.#separable(point)}`,
    );
  }

  /** F − F* as far as the method's word on it counts. */
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

  /** Why there is no further point. */
  async #exhausted(point: Point): Promise<End> {
    const known = this.#known(point);
    if (this.#isNear(point, known)) return this.#converged(point, known);
    const why = !this.#method?.spent
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

  /** Why a training without a penalty may have no end. */
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

/** Time since the training began, and what has been seen since the last report. */
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

/** Notices when nothing falls any more. */
class StallDetector {
  #value = Infinity;
  #gradientMax = Infinity;
  #distance = Infinity;
  /** Points since anything fell. */
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

/** Of the iterations allowed, or of the way from the first gradient to the last in powers of ten. 1 is the end alone. */
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

/** 0.012, 7.8e-6 */
function shown(value: number, digits: number): string {
  const rounded = Number(value.toPrecision(digits));
  return value === 0 || value >= 1e-3 ? String(rounded) : rounded.toExponential();
}

/** Whether ever larger weights fit ever better, for all rows are right and nothing holds the weights back. */
function isSeparable(
  { sums }: Point,
  { soft }: Examples,
  { l1, l2, labelSmoothing }: OptimumSettings,
): boolean {
  return l1 === 0 && l2 === 0 && labelSmoothing === 0 && !soft && sums.hits === sums.weight;
}
