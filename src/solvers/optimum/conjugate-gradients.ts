/**
 * The equation of Newton's method, H·p = −g, by preconditioned conjugate gradients (Dembo, Eisenstat & Steihaug 1982; Nocedal
 * & Wright 2006, algorithm 7.1). The Hessian is never made: a product with it is one pass over X. Half of g·H⁻¹·g is how far
 * the quadratic model of F lies above its minimum; the solution comes with bounds of it from below and above.
 */
import type { Objective } from "../../engine/objective.js";
import type { Matrix, Vector } from "../../engine/vectors.js";
import type { NewtonEquation, Solution, Wanted } from "./newton-equation.js";
import { type Coefficients, errorBound, smallestRitzValue } from "./spectrum.js";
import { plus } from "./terms.js";

/** The preconditioner, and what is known of it. */
export interface Preconditioner {
  readonly matrix?: Matrix;
  /** No more than the smallest eigenvalue of M·H anywhere: what the penalty alone makes sure of. 0 without one. */
  readonly floor: number;
}

/** Products with the Hessian that one equation may take. */
const MOST_PRODUCTS = 200;
/** Ritz values approach the smallest eigenvalue from above: it is taken for no less than this part of the least of them. */
const RITZ = 1 / 8;
/**
 * The upper bound that this gives is believed when it is no more than this many times the lower one; or else this many times the
 * bound, where that is within the distance asked for. And where no eigenvalue is so small that others like it could hide from f32.
 */
const SETTLED = 1.25;
const MARGIN = 16;
const LEAST_TRUSTED = 2 ** -22;

/** The free weights of an l1 problem: w ≠ 0 or d ≠ 0, and the intercept. The equation is of those alone. */
export interface FreeWeights {
  readonly w: Vector;
  readonly d: Vector;
}

export interface BoundedSolution extends Solution {
  /** v·H⁻¹·v ≤ v·M·v / smallest, as far as is known. */
  readonly smallest: number;
}

export class ConjugateGradients implements NewtonEquation {
  /** The solution. */
  readonly p: Vector;
  readonly #objective: Objective;
  readonly #preconditioner: Preconditioner;
  /** The residual, M times it, the direction, H times it, and scratch space. */
  readonly #r: Vector;
  readonly #z: Vector;
  readonly #d: Vector;
  readonly #hd: Vector;
  readonly #other: Vector;

  constructor(objective: Objective, preconditioner: Preconditioner) {
    this.#objective = objective;
    this.#preconditioner = preconditioner;
    const [p, r, z, d, hd, other] = Array.from({ length: 6 }, () => objective.vector());
    [this.p, this.#r, this.#z, this.#d, this.#hd, this.#other] = [p, r, z, d, hd, other];
  }

  /** p ← −H⁻¹·g, about; of the free weights alone where they are given. */
  async solve(g: Vector, wanted: Wanted, free?: FreeWeights): Promise<BoundedSolution> {
    const objective = this.#objective;
    const [p, r, z, d, hd] = [this.p, this.#r, this.#z, this.#d, this.#hd];
    const coefficients = { alphas: new Array<number>(), betas: new Array<number>() };
    objective.combine(p, []);
    objective.combine(r, [[-1, g]]);
    this.#precondition(free);
    objective.combine(d, [[1, z]]);
    const [square] = await objective.products([[r, z]]);
    let left = square.sum; // r·M·r
    let lower = 0;
    let flat = false;
    for (let n = 0; !flat && !this.#isSolved(wanted, coefficients, lower, left, square.sum); n++) {
      if (n === MOST_PRODUCTS || !wanted.more()) break;
      objective.curvature(d, hd);
      this.#keepFree(hd, free);
      const [curved, far, pull] = await objective.products([
        [d, hd],
        [d, d],
        [hd, hd],
      ]);
      // A direction that H turns by so nearly a right angle has no curvature but for rounding.
      flat = !(curved.sum > 16 * this.#objective.precision * Math.sqrt(far.sum * pull.sum));
      if (flat) break;
      const alpha = left / curved.sum;
      lower += (alpha * left) / 2;
      objective.combine(p, plus(p, alpha, d));
      objective.combine(r, plus(r, -alpha, hd));
      this.#precondition(free);
      const [next] = await objective.products([[r, z]]);
      coefficients.alphas.push(alpha);
      coefficients.betas.push(next.sum / left);
      objective.combine(d, plus(z, next.sum / left, d));
      left = next.sum;
    }
    const [slope] = await objective.products([[g, p]]);
    const smallest = this.#smallest(coefficients);
    const upper =
      flat && !this.#isExact(left, square.sum)
        ? Infinity
        : this.#upper(coefficients, lower, left, square.sum, wanted.distance);
    return { slope: slope.sum, lower, upper, smallest };
  }

  /** v·M·v */
  async squaredLength(v: Vector): Promise<number> {
    const { matrix } = this.#preconditioner;
    if (matrix) this.#objective.multiply(this.#z, matrix, v);
    const [square] = await this.#objective.products([[v, matrix ? this.#z : v]]);
    return square.sum;
  }

  /** z ← M·r */
  #precondition(free: FreeWeights | undefined): void {
    const objective = this.#objective;
    const { matrix } = this.#preconditioner;
    // Softmax does not see the mean over the classes; what rounding puts there would never go away.
    if (!free) objective.centre(this.#r);
    if (matrix) objective.multiply(this.#z, matrix, this.#r);
    else objective.combine(this.#z, [[1, this.#r]]);
    if (matrix) this.#keepFree(this.#z, free);
  }

  #keepFree(vector: Vector, free: FreeWeights | undefined): void {
    if (!free) return;
    this.#objective.combine(this.#other, [[1, vector]]);
    this.#objective.restrict(vector, this.#other, free.w, free.d);
  }

  #isSolved(wanted: Wanted, coefficients: Coefficients, lower: number, left: number, first: number): boolean {
    if (this.#isExact(left, first)) return true;
    const { distance, forcing } = wanted;
    if (distance === undefined) return left <= forcing * first;
    if (coefficients.alphas.length === 0) return false; // the model is checked along a step
    // A step costs less than to be sure of a distance that is hardly within what is asked for.
    if (MARGIN * lower > distance && left <= forcing * first) return true;
    return this.#upper(coefficients, lower, left, first, distance) <= distance;
  }

  /** The residual is rounding. */
  #isExact(left: number, first: number): boolean {
    return !(left > (16 * this.#objective.precision) ** 2 * first);
  }

  /** The better of two bounds: one that the penalty makes sure of, and one that is believed once it is near the lower bound. */
  #upper(coefficients: Coefficients, lower: number, left: number, first: number, distance = 0): number {
    const { floor } = this.#preconditioner;
    if (left === 0) return lower;
    const least = this.#smallest(coefficients);
    const sure = floor > 0 ? lower + errorBound(coefficients, left, Math.min(floor, least)) : Infinity;
    if (coefficients.alphas.length === 0) return sure;
    const likely = lower + errorBound(coefficients, left, least);
    if (least < LEAST_TRUSTED) return sure;
    if (likely <= SETTLED * lower || this.#isExact(left, first)) return Math.min(likely, sure);
    return MARGIN * likely <= distance ? Math.min(MARGIN * likely, sure) : sure;
  }

  /** No more, as far as is known, than the smallest eigenvalue of M·H. */
  #smallest(coefficients: Coefficients): number {
    return coefficients.alphas.length === 0
      ? this.#preconditioner.floor
      : RITZ * smallestRitzValue(coefficients);
  }
}
