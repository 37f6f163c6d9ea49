/**
 * L-BFGS that knows its distance from the minimum: where its own guess says that it is near, a sample of the
 * rows bounds the distance. Where the sample does not settle it, L-BFGS goes on and asks again nearer the
 * minimum, and in the end leaves it to Newton's method on all rows.
 */
import type { Objective } from "../../engine/objective.js";
import type { Vector } from "../../engine/vectors.js";
import type { Lbfgs } from "./lbfgs.js";
import { type Asked, type Method, type MethodState, type Point, stateOf } from "./method.js";
import { SampledBound, type SampledBoundContext } from "./sampled-bound.js";

/** Most times that the sample is asked. */
const TRIES = 3;
/** Where the distance is certainly too large, ask again when the guess is this part of what it was to be. */
const NEARER = 1 / 8;
/** Where it is too large by a known factor, ask again when the guess has fallen by that and this factor. */
const SPARE = 1.2;
/**
 * Newton's method takes over where it is too large by more than this factor, or where L-BFGS has taken this
 * many times the passes of the first try.
 */
const TOO_FAR = 16;
const TOO_SLOW = 1.5;

export class CertifiedLbfgs implements Method {
  readonly #method: Lbfgs;
  readonly #bound: SampledBound;
  readonly #tolerance: number;
  #asked: Asked = { tries: 0, first: 0, due: 1 };

  constructor(method: Lbfgs, context: SampledBoundContext) {
    this.#method = method;
    this.#bound = new SampledBound(context);
    this.#tolerance = context.tolerance;
  }

  get objective(): Objective {
    return this.#method.objective;
  }

  get weights(): Vector {
    return this.#method.weights;
  }

  get passes(): number {
    return this.#method.passes;
  }

  async evaluate(): Promise<Point> {
    return this.#certified(await this.#method.evaluate());
  }

  async iterate(from: Point, afresh: boolean): Promise<Point | undefined> {
    if (this.#asked.due === 0) return undefined;
    const next = await this.#method.iterate(from, afresh);
    return next && this.#certified(next);
  }

  async state(): Promise<MethodState> {
    return { ...stateOf(await this.#method.state(), "quasi-newton"), asked: this.#asked };
  }

  async restore(state: MethodState): Promise<void> {
    this.#asked = stateOf(state, "quasi-newton").asked ?? this.#asked;
    await this.#method.restore(state);
  }

  /** Adds the distance to a point, where the sample is asked and shows it to be small enough. */
  async #certified(point: Point): Promise<Point> {
    const tolerance = this.#tolerance;
    const allowed = (tolerance / (1 + tolerance)) * point.value;
    const { tries, first, due } = this.#asked;
    const { passes } = this.#method;
    if (tries > 0 && passes > TOO_SLOW * first) this.#asked = { tries, first, due: 0 };
    if (point.gradientMax > tolerance || !(point.guess <= this.#asked.due * allowed)) return point;
    const before = this.#bound.passes;
    const distance = await this.#bound.at(this.weights, this.#method.gradient, allowed);
    this.#method.passes += this.#bound.passes - before;
    if (typeof distance === "number" && distance <= allowed) return { ...point, distance };
    this.#asked = {
      tries: tries + 1,
      first: first || passes,
      due: tries + 1 === TRIES ? 0 : nextDue(),
    };
    return point;

    function nextDue(): number {
      if (distance === "far") return due * NEARER;
      return distance === "unknown" || distance > TOO_FAR * allowed ? 0 : point.guess / (SPARE * distance);
    }
  }
}
