/** Training that looks at all examples before each step and stops when the gradient is as small as was asked for. */
import type { FloatArray, Objective, Product, Sums, Vector } from "../engine/engine.js";
import { DivergenceError } from "../errors.js";
import type { Settings } from "../options.js";
import type { EpochRecord, Progress, Score } from "../progress.js";
import { Stopwatch } from "../stopwatch.js";
import { type Examples, type Outcome, score } from "./solver.js";

/** F at the present weights. */
export interface Point {
  /** Of the losses, without the penalty. */
  readonly sums: Sums;
  /** F */
  readonly value: number;
  /** The largest |∂F/∂w|. */
  readonly gradientMax: number;
  /** By how much the next step may lower F: what Newton's method calls the decrement, ½·g·H⁻¹·g. */
  readonly gain: number;
  /** How far along its direction the last step went. */
  readonly step: number;
}

/** What F is, apart from the losses: scale·Σ losses + penalty/2·‖w‖². */
export interface Scaling {
  readonly scale: number;
  readonly penalty: number;
}

/** F, where the losses add up to `sums` and ‖w‖² is w's product with itself. */
export function valueOf({ scale, penalty }: Scaling, sums: Sums, square: Product): number {
  return scale * sums.loss + (penalty / 2) * square.penalised;
}

/** A way from point to point. */
export interface Method {
  /** (features + 1, classes) the present weights. */
  readonly weights: Vector;
  /** Passes over X so far. */
  readonly passes: number;
  /** Whether those are as many as it may take. */
  readonly spent?: boolean;
  /** The point where it begins, or the present one computed afresh. */
  look(): Promise<Point>;
  /** One iteration. Undefined where f32 finds no lower point. */
  advance(from: Point): Promise<Point | undefined>;
}

/** Reports are made at most this often. */
const REPORT_MS = 50;
/** What is no progress: for so many iterations F falls by less than its own rounding, and the gradient no further. */
const STALLED = 20;
const ROUNDING = 1e-7;
/** Iterations after which a method knows what it has seen. */
const EXPERIENCED = 10;

/**
 * Goes by one method and then, where it has come to its end or gets no further, by another, whose word counts: by then the
 * first has found the neighbourhood of the minimum, and the other knows how far it is. Where F within so much of its minimum is
 * `enough`, the first one's own word will do.
 */
export async function* secondOrder(
  begin: () => Method,
  finish: ((passes: number) => Method) | undefined,
  objective: Objective,
  examples: Examples,
  settings: Settings,
  enough?: number,
  clock = new Stopwatch(),
): AsyncGenerator<Progress, Outcome> {
  const { maxIterations, tolerance, patience, signal } = settings;
  const rows = examples.train.length;
  const history: EpochRecord[] = [];
  const elapsed = () => clock.milliseconds / 1000;
  let reported = { at: 0, examples: 0 };
  let best: { readonly loss: number; readonly iteration: number; readonly weights: FloatArray } | undefined;
  let progress = new Falling();
  let method = begin();
  let other = finish;
  let passesBefore = 0;
  let point = await method.look();
  const first = point;
  let iteration = 0;
  let fraction = 0;

  /** The iteration from which on the first method's word that it is near counts. */
  let believed = enough === undefined ? 0 : EXPERIENCED;

  const further = async (reached: boolean): Promise<Point | undefined> => {
    const next = reached || progress.ended(point) ? undefined : await method.advance(point);
    const successor = next ? undefined : successorOf(method);
    if (!successor) return next;
    passesBefore += method.passes;
    method = successor;
    progress = new Falling();
    return method.look();
  };
  const successorOf = ({ passes, spent }: Method): Method | undefined => {
    if (other) {
      const successor = other(passesBefore + passes);
      other = undefined;
      return successor;
    }
    // The first one has seen nothing yet, as where it began near the minimum, and the other could not tell: on its way, then.
    if (!spent || believed >= EXPERIENCED || iteration >= EXPERIENCED) return undefined;
    [other, believed] = [finish, iteration + EXPERIENCED];
    return begin();
  };

  const outcome = async ({ converged, why }: End): Promise<Outcome> => ({
    weights: best?.weights ?? (await objective.read(method.weights)),
    history,
    iterations: iteration,
    converged,
    reason: best ? `${why}; the weights are the best, of iteration ${best.iteration}` : why,
  });
  const stand = () => {
    const near =
      point.gain < point.value
        ? `, and F within about ${told(point.gain / point.value, 1)} of its minimum`
        : "";
    return `the largest gradient is ${told(point.gradientMax, 2)}${near}`;
  };
  /** Why a fit without penalty may have no end. */
  const noEnd = () =>
    isSeparable(point, examples, settings)
      ? ". The classes are separable and there is no penalty, so that ever larger weights fit ever better: give l2 or C"
      : "";
  const stopped = (why: string): End => ({ converged: false, why });
  /** Whether this point is to be the last, as far as that is known without trying to go on. */
  const endOf = async (reached: boolean, validation: Score | undefined): Promise<End | undefined> => {
    if (validation && patience < Infinity) {
      if (!best || validation.loss < best.loss) {
        best = { loss: validation.loss, iteration, weights: await objective.read(method.weights) };
      } else if (iteration - best.iteration >= patience) {
        return stopped(`no lower validation loss for ${patience} iterations`);
      }
    }
    if (reached && (enough !== undefined || !other))
      return { converged: true, why: `${stand()}: within tolerance ${told(tolerance, 3)}` };
    if (iteration < maxIterations) return undefined;
    return stopped(`all ${maxIterations} iterations are done, and ${stand()}${noEnd()}`);
  };
  /** Where no further point was found. */
  const exhausted = (): End => {
    if (!method.spent) return stopped(`rounding hides any lower point: ${stand()}${noEnd()}`);
    const near = "how near F is to its minimum as many passes again have not told";
    const unknown = point.gain === Infinity; // a gain that is known was too large
    return unknown && point.gradientMax <= tolerance && noEnd() === ""
      ? { converged: true, why: `${stand()}: within tolerance ${told(tolerance, 3)}; ${near}` }
      : stopped(`L-BFGS goes no further, nor do as many passes of Newton's method: ${stand()}${noEnd()}`);
  };
  const report = (scored: Scored, done: number): Progress => {
    const seen = (passesBefore + method.passes) * rows;
    const since = reported;
    reported = { at: elapsed(), examples: seen };
    return {
      iteration,
      epoch: iteration,
      examples: seen,
      ...scored,
      examplesPerSecond: (seen - since.examples) / Math.max(reported.at - since.at, 1e-6),
      elapsed: reported.at,
      fraction: done,
    };
  };

  for (;;) {
    checkFinite(point, iteration, settings);
    const validation =
      examples.validation && score(await objective.evaluate(method.weights, examples.validation));
    const scored = {
      ...score(point.sums),
      gradientMax: point.gradientMax,
      ...(validation && { validation }),
    };
    if (iteration > 0)
      history.push({ epoch: iteration, ...scored, learningRate: point.step, elapsed: elapsed() });

    const near =
      !isSeparable(point, examples, settings) &&
      point.gradientMax <= tolerance &&
      point.gain <= Math.max(tolerance * point.value, enough ?? 0);
    const reached = near && (!other || iteration >= believed);
    const end = await endOf(reached, validation);
    if (end) {
      yield report(scored, 1);
      return outcome(end);
    }
    if (iteration === 0 || 1000 * (elapsed() - reported.at) >= REPORT_MS) {
      fraction = Math.max(fraction, fractionOf(iteration / maxIterations, first, point, tolerance));
      yield report(scored, fraction);
    }
    if (signal?.aborted) return outcome(stopped(`aborted after iteration ${iteration}`));
    const next = await further(reached);
    if (!next) {
      yield report(scored, 1);
      return outcome(exhausted());
    }
    point = next;
    iteration++;
  }
}

/** Why a training ends. */
interface End {
  readonly converged: boolean;
  readonly why: string;
}

type Scored = Pick<Progress, "loss" | "accuracy" | "gradientMax" | "validation">;

/** The least that was seen of whatever should fall. */
class Falling {
  #value = Infinity;
  #gradientMax = Infinity;
  #gain = Infinity;
  /** Points since anything fell. */
  #stalled = 0;

  /** Whether nothing has fallen for too long, this point included. */
  ended({ value, gradientMax, gain }: Point): boolean {
    const fell =
      value < this.#value - ROUNDING * Math.abs(value) ||
      gradientMax < this.#gradientMax ||
      gain < this.#gain;
    this.#value = Math.min(this.#value, value);
    this.#gradientMax = Math.min(this.#gradientMax, gradientMax);
    this.#gain = Math.min(this.#gain, gain);
    this.#stalled = fell ? 0 : this.#stalled + 1;
    return this.#stalled === STALLED;
  }
}

/** Of what is to be done: of the iterations allowed, or of the way from the first gradient to the last, in powers of ten. 1 is the end alone. */
function fractionOf(iterations: number, first: Point, point: Point, tolerance: number): number {
  const way = Math.log(first.gradientMax / tolerance);
  const done = Math.log(first.gradientMax / point.gradientMax);
  return Math.min(0.99, Math.max(iterations, way > 0 ? done / way : 0));
}

function checkFinite({ sums, gradientMax }: Point, iteration: number, settings: Settings): void {
  if (Number.isFinite(sums.loss) && Number.isFinite(gradientMax)) return;
  throw new DivergenceError(
    iteration,
    `At iteration ${iteration} the loss is ${sums.loss} and the largest gradient ${gradientMax}: bring the features to a ` +
      `range near 1${settings.l2 > 0 ? ` or lower l2 (${settings.l2})` : ""}.`,
  );
}

/** 0.012, 7.8e-6 */
function told(value: number, digits: number): string {
  const rounded = Number(value.toPrecision(digits));
  return value === 0 || value >= 1e-3 ? String(rounded) : rounded.toExponential();
}

/** Whether ever larger weights fit ever better, for all rows are right and nothing holds the weights back. */
function isSeparable({ sums }: Point, { soft }: Examples, { l1, l2, labelSmoothing }: Settings): boolean {
  return l1 === 0 && l2 === 0 && labelSmoothing === 0 && !soft && sums.hits === sums.weight;
}
