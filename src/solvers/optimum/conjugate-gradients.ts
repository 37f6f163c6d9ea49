/**
 * Newton's equation, H·p = −g, by preconditioned conjugate gradients (Dembo, Eisenstat & Steihaug 1982;
 * Nocedal & Wright 2006, algorithm 7.1). The Hessian is never formed: a product with it is one pass over X.
 * ½·g·H⁻¹·g is how far the quadratic model of F lies above its minimum; the solution comes with bounds of it
 * from below and above.
 */
import type { Objective } from "../../engine/objective.js";
import type { Matrix, Vector } from "../../engine/vectors.js";
import type { NewtonEquation, Solution, Wanted } from "./newton-equation.js";
import { type Coefficients, errorBound, smallestRitzValue } from "./spectrum.js";
import { plus } from "./terms.js";

/** The preconditioner M, and a lower bound on the eigenvalues of M·H. */
export interface Preconditioner {
  readonly matrix?: Matrix;
  /**
   * A lower bound of the smallest eigenvalue of M·H at any weights, from the penalty alone; 0 without one.
   */
  readonly floor: number;
}

/** Most products with the Hessian for one equation. */
const MOST_PRODUCTS = 200;
/**
 * Ritz values approach the smallest eigenvalue from above: it is assumed to be no less than this fraction of
 * the smallest one.
 */
const RITZ = 1 / 8;
/**
 * The upper bound from Ritz values is accepted if it is at most `SETTLED` times the lower bound; otherwise
 * `MARGIN` times it is, if that is within the required distance. Neither is if the eigenvalue is below
 * `LEAST_TRUSTED`, as others like it could then be hidden by f32.
 */
const SETTLED = 1.25;
const MARGIN = 16;
const LEAST_TRUSTED = 2 ** -22;

/**
 * The free weights of an l1 problem: those with w ≠ 0 or d ≠ 0, d the smallest subgradient, and the
 * intercept. The equation is restricted to them.
 */
export interface FreeWeights {
  readonly w: Vector;
  readonly d: Vector;
}

export interface BoundedSolution extends Solution {
  /** An estimated lower bound of the smallest eigenvalue of M·H, so that v·H⁻¹·v ≤ v·M·v / smallest. */
  readonly smallest: number;
}

export class ConjugateGradients implements NewtonEquation {
  /** The last solution. */
  readonly p: Vector;
  readonly #objective: Objective;
  readonly #preconditioner: Preconditioner;
  /** The residual r, z = M·r, the direction d, H·d, and scratch space. */
  readonly #r: Vector;
  readonly #z: Vector;
  readonly #d: Vector;
  readonly #hd: Vector;
  readonly #other: Vector;

  constructor(objective: Objective, preconditioner: Preconditioner) {
    this.#objective = objective;
    this.#preconditioner = preconditioner;
    const [p, r, z, d, hd, other] = Array.from({ length: 6 }, () => objective.space.vector());
    [this.p, this.#r, this.#z, this.#d, this.#hd, this.#other] = [p, r, z, d, hd, other];
  }

  /** Sets p to about −H⁻¹·g, restricted to the free weights if they are given. */
  async solve(g: Vector, wanted: Wanted, free?: FreeWeights): Promise<BoundedSolution> {
    const objective = this.#objective;
    const { space } = objective;
    const [p, r, z, d, hd] = [this.p, this.#r, this.#z, this.#d, this.#hd];
    const coefficients = { alphas: new Array<number>(), betas: new Array<number>() };
    space.combine(p, []);
    space.combine(r, [[-1, g]]);
    this.#precondition(free);
    space.combine(d, [[1, z]]);
    const [square] = await space.products([[r, z]]);
    let left = square.sum; // r·M·r
    let lower = 0;
    let flat = false;
    for (let n = 0; !flat && !this.#isSolved(wanted, coefficients, lower, left, square.sum); n++) {
      if (n === MOST_PRODUCTS || !wanted.more()) break;
      objective.curvature(d, hd);
      this.#keepFree(hd, free);
      const [curved, far, pull] = await space.products([
        [d, hd],
        [d, d],
        [hd, hd],
      ]);
      // Where H·d is this close to orthogonal to d, the curvature along d is only rounding.
      flat = !(curved.sum > 16 * space.precision * Math.sqrt(far.sum * pull.sum));
      if (flat) break;
      const alpha = left / curved.sum;
      lower += (alpha * left) / 2;
      space.combine(p, plus(p, alpha, d));
      space.combine(r, plus(r, -alpha, hd));
      this.#precondition(free);
      const [next] = await space.products([[r, z]]);
      coefficients.alphas.push(alpha);
      coefficients.betas.push(next.sum / left);
      space.combine(d, plus(z, next.sum / left, d));
      left = next.sum;
    }
    const [slope] = await space.products([[g, p]]);
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
    const { space } = this.#objective;
    if (matrix) space.multiply(this.#z, matrix, v);
    const [square] = await space.products([[v, matrix ? this.#z : v]]);
    return square.sum;
  }

  /** z ← M·r */
  #precondition(free: FreeWeights | undefined): void {
    const { space } = this.#objective;
    const { matrix } = this.#preconditioner;
    // Softmax ignores the mean over the classes, so what rounding adds there would never go away.
    if (!free) space.centre(this.#r);
    if (matrix) space.multiply(this.#z, matrix, this.#r);
    else space.combine(this.#z, [[1, this.#r]]);
    if (matrix) this.#keepFree(this.#z, free);
  }

  /** Sets the vector to 0 outside the free weights, if they are given. */
  #keepFree(vector: Vector, free: FreeWeights | undefined): void {
    if (!free) return;
    const { space } = this.#objective;
    space.combine(this.#other, [[1, vector]]);
    space.restrict(vector, this.#other, free.w, free.d);
  }

  #isSolved(wanted: Wanted, coefficients: Coefficients, lower: number, left: number, first: number): boolean {
    if (this.#isExact(left, first)) return true;
    const { distance, forcing } = wanted;
    if (distance === undefined) return left <= forcing * first;
    if (coefficients.alphas.length === 0) return false; // `NewtonModel` needs a step to check the model along
    // A step costs less than proving a distance that is unlikely to be within the required one.
    if (MARGIN * lower > distance && left <= forcing * first) return true;
    return this.#upper(coefficients, lower, left, first, distance) <= distance;
  }

  /** Whether the residual is only rounding. */
  #isExact(left: number, first: number): boolean {
    return !(left > (16 * this.#objective.space.precision) ** 2 * first);
  }

  /** The smaller of two upper bounds: the penalty's guarantee, and the one from Ritz values if accepted. */
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

  /** An estimated lower bound of the smallest eigenvalue of M·H. */
  #smallest(coefficients: Coefficients): number {
    return coefficients.alphas.length === 0
      ? this.#preconditioner.floor
      : RITZ * smallestRitzValue(coefficients);
  }
}
