/**
 * What a residual of Newton's equation may hide: directions in which the features hardly vary, such as the
 * difference of two that are nearly the same. The gradient is small there, but so is the curvature, and F may
 * fall far. The preconditioner's shrinkage makes such a part of the residual look small; the bound of the
 * Hessian without shrinkage, B + Λ with B = ½C, does not.
 */
import { factorise } from "../../math/cholesky.js";
import type { FloatArray } from "../../core/rows.js";
import { BOUND, type Moments } from "./preconditioner.js";

/**
 * Added to the curvature of every feature, whose variance is about 1: along less curvature than this, as of
 * features that are the same, the gradient is only the rounding of its engine.
 */
const LEAST_CURVATURE = { single: 2 ** -30, double: 2 ** -60 };

/** A Cholesky factor, or that rounding makes the matrix singular. */
interface Factor {
  readonly part: number;
  readonly values: Float64Array | undefined;
}

export class UnshrunkBound {
  readonly #moments: Moments;
  readonly #penalties: FloatArray;
  readonly #least: number;
  /** The factor of part·B + Λ that was needed last. */
  #factor: Factor | undefined;

  /** @param precision the unit roundoff of the engine's gradients */
  constructor(moments: Moments, penalties: FloatArray, precision: number) {
    this.#moments = moments;
    this.#penalties = penalties;
    this.#least = LEAST_CURVATURE[precision < 2 ** -40 ? "double" : "single"];
  }

  /**
   * About how far the quadratic model of F still falls along what is left, r: ½·r·(part·B + Λ)⁻¹·r, as if the
   * losses had there the same part of the bound as along the step p, where p·H·p is `curvature`. Both are
   * (features + 1, classes).
   */
  distance(r: FloatArray, p: FloatArray, curvature: number): number {
    const { bound, penalty } = this.#ofStep(p);
    const part = Math.min(1, (curvature - penalty) / bound);
    if (!(part > 0)) return Infinity;
    const factor = this.#factorOf(2 ** Math.floor(Math.log2(part)));
    return factor.values ? this.#ofResidual(r, factor.part, factor.values) / 2 : Infinity;
  }

  #factorOf(part: number): Factor {
    if (this.#factor?.part === part) return this.#factor;
    const { mean, bound, shrinkage } = this.#moments;
    const features = mean.length;
    const values = bound.map((one) => part * one);
    for (let d = 0; d < features; d++) {
      values[d * features + d] += this.#penalties[d] + this.#least - part * shrinkage[d];
    }
    return (this.#factor = { part, values: factorise(values, features, 0) < 0 ? values : undefined });
  }

  /** p·B·p = Σₖ pₖ·B·pₖ + ½ (bₖ + mean·pₖ)², with b the intercepts, and p·Λ·p. */
  #ofStep(p: FloatArray): { readonly bound: number; readonly penalty: number } {
    const { mean, bound, shrinkage, intercept } = this.#moments;
    const features = mean.length;
    let [whole, penalty] = [0, 0];
    for (const { column, last } of this.#columns(p)) {
      let moved = last;
      for (let d = 0; d < features; d++) {
        let row = 0;
        for (let e = 0; e < d; e++) row += bound[d * features + e] * column[e];
        const own = bound[d * features + d] - shrinkage[d];
        whole += column[d] * (2 * row + own * column[d]);
        penalty += this.#penalties[d] * column[d] ** 2;
        moved += mean[d] * column[d];
      }
      if (intercept) whole += BOUND * moved ** 2;
    }
    return { bound: whole, penalty };
  }

  /** r·(part·B + Λ)⁻¹·r = Σₖ ‖L⁻¹·(rₖ − mean·r₀ₖ)‖² + 2·r₀ₖ² / part, with r₀ the row of the intercept. */
  #ofResidual(r: FloatArray, part: number, factor: Float64Array): number {
    const { mean, intercept } = this.#moments;
    const features = mean.length;
    let sum = 0;
    for (const { column, last } of this.#columns(r)) {
      if (intercept) sum += last ** 2 / (part * BOUND);
      for (let d = 0; d < features; d++) {
        let value = column[d] - (intercept ? mean[d] * last : 0);
        for (let e = 0; e < d; e++) value -= factor[d * features + e] * column[e];
        column[d] = value / factor[d * features + d]; // of L⁻¹·r from here on
        sum += column[d] ** 2;
      }
    }
    return sum;
  }

  /** Yields each class's column of v, (features), in an array that may be changed, and its last row. */
  *#columns(v: FloatArray): Generator<{ readonly column: Float64Array; readonly last: number }> {
    const features = this.#moments.mean.length;
    const classes = v.length / (features + 1);
    const column = new Float64Array(features);
    for (let k = 0; k < classes; k++) {
      for (let d = 0; d < features; d++) column[d] = v[d * classes + k];
      yield { column, last: v[features * classes + k] };
    }
  }
}
