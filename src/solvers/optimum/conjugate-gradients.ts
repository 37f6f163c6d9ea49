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
 * direction of little curvature hides in it, and if it is at most `SETTLED` times the lower bound; otherwise
 * `MARGIN` times it is, if that is within the required distance. Neither is if the eigenvalue is below
 * `LEAST_TRUSTED`, as others like it could then be hidden by f32.
 */
const RESOLVED = 1 / 32;
export const SETTLED = 1.25;
const MARGIN = 16;
/** Where only bounds are wanted, they are near enough if the upper one is this many times the lower one. */
const CLOSE = 1.05;
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
  /** The residual r, z = M·r, the direction d, H·d, M·H·d, and scratch space. */
  readonly #r: Vector;
  readonly #z: Vector;
  readonly #d: Vector;
  readonly #hd: Vector;
  readonly #mhd: Vector;
  readonly #other: Vector;

  constructor(objective: Objective, preconditioner: Preconditioner) {
    this.#objective = objective;
    this.#preconditioner = preconditioner;
    const vectors = Array.from({ length: 7 }, () => objective.space.vector());
    [this.p, this.#r, this.#z, this.#d, this.#hd, this.#mhd, this.#other] = vectors;
  }

  /** Sets p to about −H⁻¹·g, restricted to the free weights if they are given. */
  async solve(g: Vector, wanted: Wanted, free?: FreeWeights): Promise<BoundedSolution> {
    const { space } = this.#objective;
    const [p, r, z, d, hd] = [this.p, this.#r, this.#z, this.#d, this.#hd];
    const coefficients = { alphas: new Array<number>(), betas: new Array<number>() };
    space.combine(p, []);
    space.combine(r, [[-1, g]]);
    if (!free) space.centre(r);
    this.#precondition(z, r, free);
    space.combine(d, [[1, z]]);
    let first = Infinity; // the first r·M·r
    let left = Infinity; // the current one
    let lower = 0;
    let slope = 0;
    let flat = false;
    for (let n = 0; !flat && !this.#isSolved(wanted, coefficients, lower, left, first); n++) {
      if (n === MOST_PRODUCTS || !wanted.more()) break;
      // One wait a product: M·H·d tells r·M·r after the step, before the step's length is known.
      this.#objective.curvature(d, hd);
      const mhd = this.#centredProduct(free);
      const [curved, far, pull, rz, gp, gd, rmhd, zhd, hdmhd] = await space.products([
        [d, hd],
        [d, d],
        [hd, hd],
        [r, z],
        [g, p],
        [g, d],
        [r, mhd],
        [z, hd],
        [hd, mhd],
      ]);
      left = rz.sum;
      if (n === 0) first = left;
      slope = gp.sum;
      // Where H·d is this close to orthogonal to d, the curvature along d is only rounding.
      flat = !(curved.sum > 16 * space.precision * Math.sqrt(far.sum * pull.sum));
      if (flat || this.#isExact(left, first)) break;
      const alpha = left / curved.sum;
      lower += (alpha * left) / 2;
      slope += alpha * gd.sum;
      space.combine(p, plus(p, alpha, d));
      space.combine(r, plus(r, -alpha, hd));
      space.combine(z, plus(z, -alpha, mhd));
      const next = await this.#next(left, left - alpha * (rmhd.sum + zhd.sum) + alpha ** 2 * hdmhd.sum);
      coefficients.alphas.push(alpha);
      coefficients.betas.push(next / left);
      space.combine(d, plus(z, next / left, d));
      left = next;
    }
    const smallest = this.#smallest(coefficients);
    const upper =
      flat && !this.#isExact(left, first)
        ? Infinity
        : this.#upper(coefficients, lower, left, first, wanted.distance);
    return { slope, lower, upper, smallest };
  }

  /** H·d without its mean over the classes, or outside the free weights; returns M·H·d. */
  #centredProduct(free: FreeWeights | undefined): Vector {
    const [hd, mhd] = [this.#hd, this.#mhd];
    // Softmax ignores the mean over the classes, so what rounding adds there would never go away.
    if (free) this.#keepFree(hd, free);
    else this.#objective.space.centre(hd);
    if (!this.#preconditioner.matrix) return hd;
    this.#precondition(mhd, hd, free);
    return mhd;
  }

  /**
   * r·M·r after a step that was to lead from `left` to `predicted`. Where little is left, the prediction is
   * the difference of larger numbers: then it is computed.
   */
  async #next(left: number, predicted: number): Promise<number> {
    if (predicted > PREDICTED * left) return predicted;
    const [square] = await this.#objective.space.products([[this.#r, this.#z]]);
    return square.sum;
  }

  /** v·M·v */
  async squaredLength(v: Vector): Promise<number> {
    const { matrix } = this.#preconditioner;
    const { space } = this.#objective;
    if (matrix) space.multiply(this.#z, matrix, v);
    const [square] = await space.products([[v, matrix ? this.#z : v]]);
    return square.sum;
  }

  /** to ← M·v, restricted to the free weights if they are given. */
  #precondition(to: Vector, v: Vector, free: FreeWeights | undefined): void {
    const { space } = this.#objective;
    const { matrix } = this.#preconditioner;
    if (matrix) space.multiply(to, matrix, v);
    else space.combine(to, [[1, v]]);
    if (matrix && free) this.#keepFree(to, free);
  }

  /** Sets the vector to 0 outside the free weights. */
  #keepFree(vector: Vector, free: FreeWeights): void {
    const { space } = this.#objective;
    space.combine(this.#other, [[1, vector]]);
    space.restrict(vector, this.#other, free.w, free.d);
  }

  #isSolved(wanted: Wanted, coefficients: Coefficients, lower: number, left: number, first: number): boolean {
    if (coefficients.alphas.length === 0) return false; // `NewtonModel` needs a step to check the model along
    if (this.#isExact(left, first)) return true;
    const { distance, forcing, hopeless } = wanted;
    if (distance === undefined) return left <= forcing * first;
    if (hopeless !== undefined) {
      const upper = this.#upper(coefficients, lower, left, first, distance);
      return lower > hopeless || upper <= (upper <= distance ? SETTLED : CLOSE) * lower;
    }
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
    if (least < LEAST_TRUSTED || left > RESOLVED * first) return sure;
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
