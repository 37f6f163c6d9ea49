/**
 * Full-batch training: evaluates all examples before each step and stops once F is known to be within the
 * tolerance of its minimum.
 */
import type { FloatArray } from "../../core/rows.js";
import { DivergenceError } from "../../core/errors.js";
import type { EpochRecord, Progress, Score } from "../../core/progress.js";
import type { Stopwatch } from "../../core/stopwatch.js";
import { AFRESH } from "./afresh.js";
import { type Method, type MethodState, type Point, readWeights } from "./method.js";
import { type End, aborted, converged, lostDigits, outOfPatience, unfinished } from "./reasons.js";
import type { OptimumSettings, Phase } from "./phases.js";
import { ReportClock } from "./report-clock.js";
import { StallDetector, type StallState, fractionDone, isSeparable, meetsTolerance } from "./stopping.js";
import { type Examples, type Outcome, type StateTaker, score } from "../solver.js";

/**
 * A step along the weights that is so long that only their sign counts, and that f32 can hold: offsets, which
 * do not grow, then decide nothing.
 */
const FAR = 1e30;
/** Iterations after which a method's guess of F − F* is accepted, where `enough` allows guesses. */
const EXPERIENCED = 10;

export interface SecondOrderOptions {
  /** The name of the kernels of the engine's objective. */
  readonly kernels: string;
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
  /** Takes the state, after iterations that are a multiple of `AFRESH`. */
  readonly states?: StateTaker<SecondOrderState> | undefined;
  /** A state to go on from. Its weights are those that the phases start with. */
  readonly from?: SecondOrderState | undefined;
}

/** A second-order training between two iterations, as plain values. */
export interface SecondOrderState {
  /** The name of the kernels: others would not give the same bits. */
  readonly kernels: string;
  /** The number of the phase, from 0, its method, and the passes before it. */
  readonly phase: number;
  readonly method: MethodState;
  readonly passesBefore: number;
  readonly iteration: number;
  /** The current point, and that of iteration 0. */
  readonly point: Point;
  readonly first: Point;
  readonly stall: StallState;
  /** How long the training took so far. */
  readonly milliseconds: number;
  readonly history: readonly EpochRecord[];
  readonly best?: BestIteration;
}

/** The weights at the iteration with the lowest validation loss so far. */
interface BestIteration {
  readonly loss: number;
  readonly iteration: number;
  readonly weights: FloatArray;
}

/** Runs the phases of a training one after another. */
export class SecondOrder {
  readonly #phases: readonly Phase[];
  readonly #options: SecondOrderOptions;
  readonly #history: EpochRecord[];
  readonly #clock: ReportClock;
  /** The number of the running phase, from 0. */
  #phase = -1;
  #method: Method | undefined;
  #certifies = false;
  /** Whether weights in the same proportions were found to fit ever better the larger they are. */
  #growing = false;
  #passesBefore = 0;
  #iteration = 0;
  #stall = new StallDetector();
  #best: BestIteration | undefined;

  constructor(phases: readonly Phase[], options: SecondOrderOptions) {
    const { clock, examples, from } = options;
    this.#phases = phases;
    this.#options = options;
    this.#history = [...(from?.history ?? [])];
    clock.add(from?.milliseconds ?? 0);
    const seen = from ? (from.passesBefore + from.method.passes) * examples.train.length : 0;
    this.#clock = new ReportClock(clock, seen);
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
    const { settings, from } = this.#options;
    const { maxIterations, tolerance, signal } = settings;
    let point = from ? await this.#resume(from) : await this.#next();
    if (!point) throw new Error("The first phase of a training has no method.");
    const first = from?.first ?? point;
    let fraction = 0;
    for (;;) {
      // 1. Record F, its gradient and the validation loss at the current point.
      checkFinite(point, this.#iteration, settings);
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
      // 5. Take the state, where the point was evaluated from scratch.
      if (this.#iteration % AFRESH === 0) await this.#takeState(point, first);
    }
  }

  async #takeState(point: Point, first: Point): Promise<void> {
    const { states, kernels } = this.#options;
    if (!this.#method || !states?.isDue(this.#iteration)) return;
    await states.take({
      kernels,
      phase: this.#phase,
      method: await this.#method.state(),
      passesBefore: this.#passesBefore,
      iteration: this.#iteration,
      point,
      first,
      stall: this.#stall.state,
      milliseconds: this.#clock.milliseconds,
      history: [...this.#history],
      ...(this.#best && { best: this.#best }),
    });
  }

  /** Goes back to a state, and returns its point. */
  async #resume({ phase, method, passesBefore, ...state }: SecondOrderState): Promise<Point> {
    const before = { passes: passesBefore, weights: () => Promise.resolve(method.weights) };
    const { begin, certifies } = this.#phases[phase];
    this.#method = await begin(phase > 0 ? before : undefined);
    await this.#method.restore(method);
    [this.#phase, this.#certifies, this.#passesBefore] = [phase, certifies, passesBefore];
    [this.#iteration, this.#best] = [state.iteration, state.best];
    this.#stall = new StallDetector(state.stall);
    return state.point;
  }

  async *#finish(scored: Scored, end: End): AsyncGenerator<Progress, Outcome> {
    yield this.#report(scored, 1);
    return this.#outcome(end);
  }

  /** Takes an iteration, or begins the next phase where the method hands over or goes no further. */
  async #advance(point: Point): Promise<Point | undefined> {
    const handsOver = !this.#certifies && this.#isNear(point, point.guess);
    this.#stall.observe(point);
    const afresh = (this.#iteration + 1) % AFRESH === 0;
    const next = handsOver || this.#stall.stalled ? undefined : await this.#method?.iterate(point, afresh);
    return next ?? (this.#isNear(point, this.#known(point)) ? undefined : this.#next());
  }

  /** Begins the next phase and evaluates its method. Returns undefined after the last phase. */
  async #next(): Promise<Point | undefined> {
    const phase = this.#phases.at(++this.#phase);
    if (!phase) return undefined;
    const method = this.#method;
    const passes = this.#passesBefore + (method?.passes ?? 0);
    this.#method = await phase.begin(method && { passes, weights: () => readWeights(method) });
    [this.#certifies, this.#passesBefore] = [phase.certifies, passes];
    this.#stall = new StallDetector();
    return this.#method.evaluate();
  }

  /**
   * Whether the point meets the tolerance if F − F* is at most `distance`. It never does where the classes
   * are separable and nothing bounds the weights. Where they may be, only a distance that is small beside F
   * itself shows that F has a minimum.
   */
  #isNear(point: Point, distance: number): boolean {
    const { settings, enough } = this.#options;
    if (this.#isSeparable(point) || !meetsTolerance(point, distance, settings.tolerance, enough))
      return false;
    return !this.#mayBeSeparable(point) || distance <= settings.tolerance * point.value;
  }

  /** Whether all rows are right and nothing but offsets, perhaps, bounds the weights. */
  #mayBeSeparable({ sums }: Point): boolean {
    const { examples, settings } = this.#options;
    return isSeparable(sums, { ...examples, offsets: false }, settings);
  }

  #isSeparable({ sums }: Point): boolean {
    const { examples, settings } = this.#options;
    return this.#growing || isSeparable(sums, examples, settings);
  }

  /**
   * Finds out whether weights in the same proportions fit ever better the larger they are, where offsets may
   * have a part in that all rows are right. Takes half a pass.
   */
  async #growsForever(point: Point): Promise<boolean> {
    const method = this.#method;
    if (!this.#options.examples.offsets || !method || !this.#mayBeSeparable(point)) return false;
    method.objective.setDirection(method.weights);
    const [atZero, there] = await method.objective.evaluateAlong([-1, FAR]);
    return atZero.slope < 0 && there.slope <= 0;
  }

  async #record(point: Point): Promise<Scored> {
    const { validation: rows } = this.#options.examples;
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
    const { settings, enough } = this.#options;
    const { maxIterations, patience, tolerance } = settings;
    if (validation && patience < Infinity) {
      if (!this.#best || validation.loss < this.#best.loss) {
        const weights = this.#method && (await readWeights(this.#method));
        if (weights) this.#best = { loss: validation.loss, iteration: this.#iteration, weights };
      } else if (this.#iteration - this.#best.iteration >= patience) {
        return outOfPatience(patience);
      }
    }
    const known = this.#known(point);
    if (this.#isNear(point, known)) this.#growing = await this.#growsForever(point);
    const near = this.#isNear(point, known);
    // Where F* is below 0.01, the tolerance allows more than this fraction of F. The fit still goes on to
    // this fraction while it can.
    if (near && (enough !== undefined || known <= tolerance * point.value)) {
      return this.#converged(point, known);
    }
    if (this.#iteration < maxIterations) return undefined;
    return near ? this.#converged(point, known) : this.#unfinished("max-iterations", point);
  }

  /** The bound on F − F* that the training accepts; infinite where there is none. */
  #known(point: Point): number {
    const believed = this.#options.enough !== undefined && this.#iteration >= EXPERIENCED;
    if (this.#certifies) return Math.min(point.distance ?? Infinity, point.value); // F* is not below 0
    return believed ? point.guess : Infinity;
  }

  async #converged(point: Point, distance: number): Promise<End> {
    const lost = await this.#lostAt(point);
    return this.#isNear(point, distance + lost)
      ? converged(point, distance + lost, this.#options.settings.tolerance)
      : lostDigits(point, distance + lost, lost);
  }

  /** Returns how the training ends where no phase can go further. */
  async #exhausted(point: Point): Promise<End> {
    const known = this.#known(point);
    if (this.#isNear(point, known)) return this.#converged(point, known);
    if (point.distance === undefined) {
      return this.#unfinished(this.#method?.budgetExhausted ? "unknown-distance" : "rounding", point);
    }
    const lost = await this.#lostAt(point);
    const whole = { ...point, distance: point.distance + lost };
    return this.#unfinished(this.#method?.budgetExhausted ? "stalled" : "rounding", whole);
  }

  /** Returns how much F rises at the point when its weights are rounded. */
  async #lostAt(point: Point): Promise<number> {
    return this.#method ? this.#options.roundingLoss(this.#method, point) : 0;
  }

  async #unfinished(cause: Parameters<typeof unfinished>[0], point: Point): Promise<End> {
    const { maxIterations } = this.#options.settings;
    const separable = this.#isSeparable(point) || (await this.#growsForever(point));
    const mayBeSeparable = this.#mayBeSeparable(point);
    return unfinished(cause, point, { maxIterations, separable, mayBeSeparable });
  }

  #report(scored: Scored, fraction: number): Progress {
    const passes = this.#passesBefore + (this.#method?.passes ?? 0);
    return {
      iteration: this.#iteration,
      epoch: this.#iteration,
      ...scored,
      ...this.#clock.report(passes * this.#options.examples.train.length),
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
