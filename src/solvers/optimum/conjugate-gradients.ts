/**
 * Newton's equation, H·p = −g, by preconditioned conjugate gradients (Dembo, Eisenstat & Steihaug 1982;
 * Nocedal & Wright 2006, algorithm 7.1). The Hessian is never formed: a product with it is one pass over X.
 * ½·g·H⁻¹·g is how far the quadratic model of F lies above its minimum; the solution comes with bounds of it
 * from below and above.
 */
import { precondition } from "../../engine/conjugate-steps.js";
import type { ConjugateStep, ConjugateSystem, FreeWeights } from "../../engine/conjugate-system.js";
import type { Objective } from "../../engine/objective.js";
import type { Matrix, Vector } from "../../engine/vectors.js";
import type { NewtonEquation, Solution, Wanted } from "./newton-equation.js";
import type { UnshrunkBound } from "./unshrunk-bound.js";
import { type Coefficients, errorBound, smallestRitzValue } from "./spectrum.js";

/** The preconditioner M, and a lower bound on the eigenvalues of M·H. */
export interface Preconditioner {
  readonly matrix?: Matrix;
  /** Measures what a residual may hide from the matrix. Absent without one. */
  readonly unshrunk?: UnshrunkBound;
  /**
   * A lower bound of the smallest eigenvalue of M·H at any weights, from the penalty alone; 0 without one.
   */
  readonly floor: number;
  /**
   * Whether some features have a penalty and others have none. The curvature along those without may be far
   * below that along all others.
   */
  readonly partlyFree?: boolean;
}

/** Least fraction of r·M·r that a step leaves where its prediction has enough digits. */
const PREDICTED = 2 ** -7;
/** Most products with the Hessian for one equation. */
const MOST_PRODUCTS = 200;
/**
 * Ritz values approach the smallest eigenvalue from above: it is assumed to be no less than this fraction of
 * the smallest one.
 */
const RITZ = 1 / 8;
/**
 * The upper bound from Ritz values is accepted only where r·M·r has fallen to `RESOLVED` of g·M·g, so that no
 * direction of little curvature hides in it, or to `RESOLVED_FREE` where features without a penalty may have
 * far less than others, and if it is at most `SETTLED` times the lower bound; otherwise
 * `MARGIN` times it is, if that is within the required distance. Neither is if the eigenvalue is below
 * `LEAST_TRUSTED`, as others like it could then be hidden by f32.
 */
const RESOLVED = 1 / 32;
const RESOLVED_FREE = 2 ** -12;
export const SETTLED = 1.25;
const MARGIN = 16;
/** Where only bounds are wanted, they are near enough if the upper one is this many times the lower one. */
const CLOSE = 1.05;
const LEAST_TRUSTED = 2 ** -22;
/** What a residual hides is measured again when r·M·r has fallen to this part of what it was. */
const STALE = 1 / 2;

export interface BoundedSolution extends Solution {
  /** An estimated lower bound of the smallest eigenvalue of M·H, so that v·H⁻¹·v ≤ v·M·v / smallest. */
  readonly smallest: number;
}

export class ConjugateGradients implements NewtonEquation {
  /** The last solution. */
  readonly p: Vector;
  readonly #objective: Objective;
  readonly #preconditioner: Preconditioner;
  /** The vectors of the method but the right-hand side. */
  readonly #vectors: Omit<ConjugateSystem, "g" | "free">;

  constructor(objective: Objective, preconditioner: Preconditioner) {
    this.#objective = objective;
    this.#preconditioner = preconditioner;
    const vectors = Array.from({ length: 7 }, () => objective.space.vector());
    const [p, r, z, d, hd, mhd, scratch] = vectors;
    this.p = p;
    this.#vectors = { p, r, z, d, hd, mhd, scratch, matrix: preconditioner.matrix };
  }

  /** Sets p to about −H⁻¹·g, restricted to the free weights if they are given. */
  async solve(g: Vector, wanted: Wanted, free?: FreeWeights): Promise<BoundedSolution> {
    const objective = this.#objective;
    const { space } = objective;
    const system = { ...this.#vectors, g, free };
    const { p, r, z, d } = system;
    const coefficients = { alphas: new Array<number>(), betas: new Array<number>() };
    // 1. Start at 0, where the residual is −g.
    space.combine(p, []);
    space.combine(r, [[-1, g]]);
    if (!free) space.centre(r);
    precondition(objective, system, z, r);
    space.combine(d, [[1, z]]);
    let first = Infinity; // the first r·M·r
    let left = Infinity; // the current one
    let lower = 0;
    let flat = false;
    let hidden = 0; // what the residual hides, and the residual when it was measured
    let measured = Infinity;
    const taken: ConjugateStep[] = [];
    for await (const { before, after, length } of this.#steps(system, wanted, taken)) {
      left = before;
      if (coefficients.alphas.length === 0) first = left;
      // 2. Where d·H·d is only rounding, or the residual is, there is no step.
      flat = !(length > 0);
      if (flat || this.#isExact(left, first)) break;
      // 3. A step of length α lowers the model by α·r·M·r / 2.
      lower += (length * left) / 2;
      left = after;
      coefficients.alphas.push(length);
      coefficients.betas.push(after / before);
      if (left > STALE * measured || !this.#isSolved(wanted, coefficients, lower, left, first)) continue;
      // 4. Before a bound is believed, look for what the preconditioner hides.
      hidden = await this.#hidden(taken);
      measured = left;
      if (this.#isSolved(wanted, coefficients, lower, left, first, hidden)) break;
    }
    const slope = slopeOf(taken);
    if (left !== measured && wanted.distance !== undefined) hidden = await this.#hidden(taken);
    const smallest = this.#smallest(coefficients);
    const upper =
      flat && !this.#isExact(left, first)
        ? Infinity
        : this.#upper(coefficients, lower, left, first, wanted.distance, hidden);
    return { slope, lower, upper, smallest };
  }

  /**
   * Takes steps within the budget, a few at a time, and adds them to `taken`: those after the last one wanted
   * make p more accurate. Each is yielded with what is really left after it.
   */
  async *#steps(
    system: ConjugateSystem,
    wanted: Wanted,
    taken: ConjugateStep[],
  ): AsyncGenerator<ConjugateStep> {
    for (;;) {
      // No more than were taken already, and one, so that few are too many.
      const most = Math.min(this.#objective.stepsAhead, taken.length + 1, MOST_PRODUCTS - taken.length);
      let count = 0;
      while (count < most && wanted.more()) count++;
      if (count === 0) return;
      const steps = await this.#objective.conjugateSteps(system, count);
      taken.push(...steps);
      for (const [n, step] of steps.entries())
        yield { ...step, after: steps[n + 1]?.before ?? (await this.#after(step)) };
    }
  }

  /**
   * r·M·r after the last step. Where little is left, the prediction is the difference of larger numbers: then
   * it is computed.
   */
  async #after({ before, after }: ConjugateStep): Promise<number> {
    if (after > PREDICTED * before) return after;
    const [square] = await this.#objective.space.products([[this.#vectors.r, this.#vectors.z]]);
    return square.sum;
  }

  /** v·M·v */
  async squaredLength(v: Vector): Promise<number> {
    const { matrix } = this.#preconditioner;
    const { z } = this.#vectors;
    const { space } = this.#objective;
    if (matrix) space.multiply(z, matrix, v);
    const [square] = await space.products([[v, matrix ? z : v]]);
    return square.sum;
  }

  /** About how far the model falls along directions that the preconditioner hides; 0 without one. */
  async #hidden(taken: readonly ConjugateStep[]): Promise<number> {
    const { unshrunk } = this.#preconditioner;
    if (!unshrunk) return 0;
    const { space } = this.#objective;
    const [r, p] = await Promise.all([space.read(this.#vectors.r), space.read(this.p)]);
    return unshrunk.distance(r, p, -slopeOf(taken));
  }

  #isSolved(
    wanted: Wanted,
    coefficients: Coefficients,
    lower: number,
    left: number,
    first: number,
    hidden = 0,
  ): boolean {
    if (this.#isExact(left, first)) return true;
    const { distance, forcing, hopeless } = wanted;
    if (distance === undefined) return left <= forcing * first;
    if (hopeless !== undefined) {
      const upper = this.#upper(coefficients, lower, left, first, distance, hidden);
      return lower > hopeless || upper <= (upper <= distance ? SETTLED : CLOSE) * lower;
    }
    // A step costs less than proving a distance that is unlikely to be within the required one.
    if (MARGIN * lower > distance && left <= forcing * first) return true;
    return this.#upper(coefficients, lower, left, first, distance, hidden) <= distance;
  }

  /** Whether the residual is only rounding. */
  #isExact(left: number, first: number): boolean {
    return !(left > (16 * this.#objective.space.precision) ** 2 * first);
  }

  /** The smaller of two upper bounds: the penalty's guarantee, and the one from Ritz values if accepted. */
  #upper(
    coefficients: Coefficients,
    lower: number,
    left: number,
    first: number,
    distance = 0,
    hidden = 0,
  ): number {
    const { floor, partlyFree } = this.#preconditioner;
    if (left === 0) return lower;
    const least = this.#smallest(coefficients);
    const sure = floor > 0 ? lower + errorBound(coefficients, left, Math.min(floor, least)) : Infinity;
    if (coefficients.alphas.length === 0) return sure;
    const likely = lower + Math.max(errorBound(coefficients, left, least), hidden);
    const resolved = partlyFree ? RESOLVED_FREE : RESOLVED;
    if (least < LEAST_TRUSTED || left > resolved * first) return sure;
    if (likely <= SETTLED * lower || this.#isExact(left, first)) return Math.min(likely, sure);
    return MARGIN * likely <= distance ? Math.min(MARGIN * likely, sure) : sure;
  }

  /** An estimated lower bound of the smallest eigenvalue of M·H. */
  #smallest(coefficients: Coefficients): number {
    return coefficients.alphas.length === 0
      ? this.#preconditioner.floor
      : RITZ * smallestRitzValue(coefficients);
  }
}

/** g·p of the steps taken. */
function slopeOf(taken: readonly ConjugateStep[]): number {
  return taken.reduce((sum, step) => sum + step.slope, 0);
}
