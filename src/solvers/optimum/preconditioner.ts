/**
 * The preconditioner, an estimate of the inverse Hessian. Without it, features of different scales and
 * correlated features cost L-BFGS hundreds of passes.
 *
 * The Hessian of the mean loss is at most ½(I − 11ᵀ/K) ⊗ C, where C are the second moments of [x, 1] (Böhning
 * 1992), so P = ½C + λI bounds it class by class. Shrinking the features' covariance towards a multiple of
 * the identity, ½ the median variance, makes P better, not only safer: where a class is nearly certain, the
 * true curvature is far below the bound, and less so along directions of small variance.
 * docs/figures/solvers.md has the measurements.
 */
import { yieldIfDue } from "../../core/event-loop.js";
import { factorise, inverse } from "../../math/cholesky.js";
import { readSample } from "../../data/sample.js";
import type { RowSource } from "../../core/row-source.js";
import type { FloatArray, Rows } from "../../core/rows.js";
import { shrinkageOf } from "../../math/shrinkage.js";

/** Above this many features the inverse takes longer than it saves. */
const MOST_FEATURES = 1024;
/** Most pairs of features per row and class for which the passes saved are worth the time of making P⁻¹. */
const PAIRS = 16;
/** Most rows that moments are estimated from: this many, or this many per feature if that is more. */
const LEAST_ROWS = 1024;
const ROWS_PER_FEATURE = 2;
/** The ½ of ½C: it covers a class's own curvature s(1 − s) ≤ ¼ and its coupling to the other classes. */
export const BOUND = 0.5;

/** Whether a preconditioner saves more time than it costs. */
export function preconditionerPays(rows: number, features: number, classes: number): boolean {
  return features <= MOST_FEATURES && features ** 2 <= PAIRS * rows * classes;
}

/** The moments from which P is made, for any penalty. */
export interface Moments {
  /** (features) the means of the features; zeros without an intercept. */
  readonly mean: Float64Array;
  /** P − Λ of the centred features: the lower triangle of (features, features). */
  readonly bound: Float64Array;
  /** (features) What shrinkage adds to the diagonal of `bound`. */
  readonly shrinkage: Float64Array;
  /** The same for features in their original units. */
  readonly ridge: number;
  readonly intercept: boolean;
}

/** Shrinkage, ½ the median variance, is kept within this factor of each feature's squared unit. */
const APART = 2 ** 12;

/**
 * Computes weighted moments from a sample of the chosen rows. `units`, (features), are the divisors that
 * brought the features to a standard deviation near 1: shrinkage is based on the variances before that.
 */
export async function featureMoments(
  data: RowSource,
  chosen: Uint32Array,
  intercept: boolean,
  units?: Float64Array,
): Promise<Moments> {
  const { features } = data;
  const most = Math.max(LEAST_ROWS, ROWS_PER_FEATURE * features);
  const { mean, moments } = await secondMoments(await readSample(data, chosen, most));
  if (!intercept) mean.fill(0);
  const variances = mean.map((value, d) => Math.max(0, moments[d * features + d] - value * value));
  const squares = Float64Array.from(variances, (_, d) => (units ? units[d] ** 2 : 1));
  const shrinkage = shrinkageOf(variances.map((variance, d) => variance * squares[d]));
  const added = new Float64Array(features);
  for (let d = 0; d < features; d++) {
    for (let e = 0; e < d; e++) {
      moments[d * features + e] = BOUND * (moments[d * features + e] - mean[d] * mean[e]);
    }
    const shrunk = units ? Math.min(squares[d] * APART, Math.max(squares[d] / APART, shrinkage)) : shrinkage;
    added[d] = (BOUND * shrunk) / squares[d];
    moments[d * features + d] = BOUND * variances[d] + added[d];
  }
  return { mean, bound: moments, shrinkage: added, ridge: BOUND * shrinkage, intercept };
}

export interface InverseBound {
  /** P⁻¹: (features + 1, features + 1). Without an intercept its last row and column are zero. */
  readonly values: Float32Array;
  /** (features) the penalties in P. */
  readonly penalties: FloatArray;
  /**
   * The largest eigenvalue of Λ^−½·(P − Λ)·Λ^−½: how far P exceeds Λ, the curvature of the penalties alone.
   * Infinite where a feature has no penalty.
   */
  readonly excess: number;
  /** The moments that P is made from. */
  readonly moments: Moments;
}

/** Computes P⁻¹ for the penalties of the features, (features). */
export async function preconditioner(moments: Moments, penalties: FloatArray): Promise<InverseBound> {
  const { mean, bound, intercept } = moments;
  const features = mean.length;
  const excess = largestExcess(bound, penalties);
  const matrix = bound.slice();
  for (let d = 0; d < features; d++) matrix[d * features + d] += penalties[d];
  const least = 0; // shrinkage keeps it positive definite
  if (factorise(matrix, features, least) >= 0)
    throw new Error("The preconditioner is not positive definite.");
  const values = bordered(await inverse(matrix, features), mean, intercept);
  return { values, penalties, excess, moments };
}

/**
 * A lower bound of the smallest eigenvalue of P⁻¹·H without the intercept, for any data: H ≥ Λ, since the
 * loss is convex, and (Λ + P − Λ)⁻¹·Λ ≥ 1/(1 + excess). Halving it allows for the coupling to the intercept.
 * `penalties`, (features), may differ from those in P.
 */
export function smallestEigenvalue({ penalties: own, excess }: InverseBound, penalties: FloatArray): number {
  if (excess === Infinity) return 0;
  const ratio = Array.from(penalties, (one, d) => one / own[d]).reduce((a, b) => Math.min(a, b), 1);
  return ratio / (2 * (1 + excess));
}

/** Iterations of the power method, and the safety factor on its estimate of the largest eigenvalue. */
const TURNS = 20;
const SAFETY = 1.25;

/**
 * Estimates the largest eigenvalue of Λ^−½·B·Λ^−½ from the lower triangle of B, (features, features), by the
 * power method, times `SAFETY` as that falls slightly short. Never more than the Frobenius norm.
 */
function largestExcess(bound: Float64Array, penalties: FloatArray): number {
  const features = penalties.length;
  if (features === 0) return 0;
  if (penalties.includes(0)) return Infinity;
  const scaled = new Float64Array(features * features);
  for (let d = 0; d < features; d++) {
    for (let e = 0; e <= d; e++) {
      const value = bound[d * features + e] / Math.sqrt(penalties[d] * penalties[e]);
      scaled[d * features + e] = value;
      scaled[e * features + d] = value;
    }
  }
  const length = (v: Float64Array) => Math.sqrt(v.reduce((sum, one) => sum + one * one, 0));
  // A start that is unlikely to be orthogonal to the eigenvector.
  let v = Float64Array.from({ length: features }, (_, d) => 1 + (d % 7) / 7);
  let estimate = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    const before = length(v);
    const next = new Float64Array(features);
    for (let d = 0; d < features; d++) {
      for (let e = 0; e < features; e++) next[d] += scaled[d * features + e] * v[e];
    }
    const size = length(next);
    estimate = size / before;
    v = next.map((one) => one / size);
  }
  return Math.min(length(scaled), SAFETY * estimate);
}

/** The weighted means, and the lower triangle of the second moments, (features, features), of the rows. */
async function secondMoments({
  count: rows,
  x,
  features,
  scale,
  weights,
}: Rows): Promise<{ readonly mean: Float64Array; readonly moments: Float64Array }> {
  const mean = new Float64Array(features);
  const moments = new Float64Array(features * features);
  const present = new Uint32Array(features);
  const values = new Float64Array(features);
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const weight = weights ? weights[row] : 1;
    total += weight;
    let count = 0; // most pixels are zero, and add nothing
    for (let d = 0; d < features; d++) {
      const value = scale * x[row * features + d];
      if (value === 0) continue;
      present[count] = d;
      values[count++] = value;
      mean[d] += weight * value;
    }
    for (let i = 0; i < count; i++) {
      const first = present[i] * features;
      const weighted = weight * values[i];
      for (let j = 0; j <= i; j++) moments[first + present[j]] += weighted * values[j];
    }
    await yieldIfDue();
  }
  return { mean: mean.map((sum) => sum / total), moments: moments.map((sum) => sum / total) };
}

/** P⁻¹ for [x, 1] from that for x − mean: subtracting the mean only changes the intercept. */
function bordered(inner: Float64Array, mean: Float64Array, intercept: boolean): Float32Array {
  const features = mean.length;
  const size = features + 1;
  const matrix = new Float32Array(size * size);
  let corner = 1 / BOUND;
  for (let d = 0; d < features; d++) {
    let moved = 0;
    for (let e = 0; e < features; e++) {
      const value = inner[d * features + e];
      matrix[d * size + e] = value;
      moved += value * mean[e];
    }
    if (!intercept) continue;
    matrix[d * size + features] = -moved;
    matrix[features * size + d] = -moved;
    corner += moved * mean[d];
  }
  if (intercept) matrix[size * size - 1] = corner;
  return matrix;
}
