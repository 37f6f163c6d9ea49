/**
 * A first guess at the inverse Hessian: without it, features of different sizes and features that go together cost L-BFGS
 * hundreds of passes.
 *
 * Of the mean loss the Hessian is at most ½(I − 11ᵀ/K) ⊗ C, where C are the second moments of [x, 1] (Böhning 1992), so
 * P = ½C + λI bounds it class by class. Shrinking the features' covariance towards a multiple of the identity, ½ the
 * median variance, makes P better, not only safer: where a class is all but certain the true curvature is far below the
 * bound, and the less so the smaller its direction's variance (docs/solvers.md has the measurements).
 */
import { yieldIfDue } from "../event-loop.js";
import { factorise, inverse } from "../cholesky.js";
import { spaced } from "../data/random.js";
import type { Rows } from "../engine/engine.js";
import { shrinkageOf } from "./shrinkage.js";

/** Beyond so many features the inverse takes longer than it saves. */
const MOST_FEATURES = 1024;
/** So many pairs of features are worth a row's class: of the time that passes take. */
const PAIRS = 16;
/** Rows that moments are taken from, and how many for each feature. */
const LEAST_ROWS = 1024;
const ROWS_PER_FEATURE = 2;
/** Of ½C: the class's own curvature s(1 − s) ≤ ¼, and what it shares with others. */
const BOUND = 0.5;

/** Whether a preconditioner saves more passes than it costs. */
export function pays(rows: number, features: number, classes: number): boolean {
  return features <= MOST_FEATURES && features ** 2 <= PAIRS * rows * classes;
}

/** What P is made of for any penalty. */
export interface Moments {
  /** (features) of the features; zeros without an intercept. */
  readonly mean: Float64Array;
  /** P − λI of the features less their mean: the lower triangle of (features, features). */
  readonly bound: Float64Array;
  /** What λ adds to: the shrinkage's part of the diagonal. */
  readonly ridge: number;
  readonly intercept: boolean;
}

/** Of rows named of the data. */
export async function momentsOf(data: Rows, chosen: Uint32Array, intercept: boolean): Promise<Moments> {
  const { features } = data;
  const most = Math.max(LEAST_ROWS, ROWS_PER_FEATURE * features);
  const { mean, moments } = await secondMoments(data, spaced(chosen, most));
  if (!intercept) mean.fill(0);
  const variances = mean.map((value, d) => Math.max(0, moments[d * features + d] - value * value));
  const ridge = BOUND * shrinkageOf(variances);
  for (let d = 0; d < features; d++) {
    for (let e = 0; e < d; e++) {
      moments[d * features + e] = BOUND * (moments[d * features + e] - mean[d] * mean[e]);
    }
    moments[d * features + d] = BOUND * variances[d] + ridge;
  }
  return { mean, bound: moments, ridge, intercept };
}

/** P⁻¹: (features + 1, features + 1). Without an intercept its last row and column are zero. */
export async function preconditioner(
  { mean, bound, intercept }: Moments,
  penalty: number,
): Promise<Float32Array> {
  const features = mean.length;
  const matrix = bound.slice();
  for (let d = 0; d < features; d++) matrix[d * features + d] += penalty;
  const least = 0; // the ridge keeps it positive definite
  if (factorise(matrix, features, least) >= 0)
    throw new Error("The preconditioner is not positive definite.");
  return bordered(await inverse(matrix, features), mean, intercept);
}

/** The means, and of the second moments the lower triangle: (features, features). */
async function secondMoments(
  { x, features, scale }: Rows,
  chosen: Uint32Array,
): Promise<{ readonly mean: Float64Array; readonly moments: Float64Array }> {
  const mean = new Float64Array(features);
  const moments = new Float64Array(features * features);
  const present = new Uint32Array(features);
  const values = new Float64Array(features);
  for (const row of chosen) {
    let count = 0; // most pixels are zero, and add nothing
    for (let d = 0; d < features; d++) {
      const value = scale * x[row * features + d];
      if (value === 0) continue;
      present[count] = d;
      values[count++] = value;
      mean[d] += value;
    }
    for (let i = 0; i < count; i++) {
      const first = present[i] * features;
      for (let j = 0; j <= i; j++) moments[first + present[j]] += values[i] * values[j];
    }
    await yieldIfDue();
  }
  const weight = 1 / chosen.length;
  return { mean: mean.map((sum) => weight * sum), moments: moments.map((sum) => weight * sum) };
}

/** P⁻¹ of [x, 1] from that of x − mean: moving the mean only changes the intercept. */
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
