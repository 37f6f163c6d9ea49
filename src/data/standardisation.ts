/** Features with a mean of 0 and a deviation of 1, so that sizes and units do not matter: neither to a penalty nor to a step. */
import type { FloatArray, Rows } from "../engine/engine.js";

/** A deviation this small, next to the feature's size and for each of its rows, is rounding: the feature is constant. */
const ROUNDING = 2 ** -52;

/** The change of variables x̃ = (x − mean) / deviation, each by feature: (features). */
export interface Standardisation {
  readonly mean: Float64Array;
  /** 1 for a feature that is constant. */
  readonly deviation: Float64Array;
}

/**
 * That of the rows named, by weight, so that a row of weight 2 counts as two rows. The deviation is the root of the mean
 * square, as in scikit-learn's StandardScaler. Without an intercept nothing could make up for a mean: it is left where it is.
 */
export function standardisation(rows: Rows, chosen: Uint32Array, intercept: boolean): Standardisation {
  const { x, features, scale, weights } = rows;
  const averages = (of: (value: number, d: number) => number) => {
    const sums = new Float64Array(features);
    let total = 0;
    for (const row of chosen) {
      const weight = weights ? weights[row] : 1;
      total += weight;
      for (let d = 0; d < features; d++) sums[d] += weight * of(scale * x[row * features + d], d);
    }
    return sums.map((sum) => sum / total);
  };
  const mean = averages((value) => value);
  // About the mean that is already there: the difference of two large numbers would be rounding.
  const variance = averages((value, d) => (value - mean[d]) ** 2);
  const deviation = variance.map((square, d) => {
    const root = Math.sqrt(square);
    return root > chosen.length * ROUNDING * Math.abs(mean[d]) ? root : 1;
  });
  return { mean: intercept ? mean : mean.fill(0), deviation };
}

/** The rows with standardised features: floats, four or, where they came so, eight bytes each. */
export function standardised(rows: Rows, { mean, deviation }: Standardisation): Rows {
  const { x, features, scale } = rows;
  const out = x instanceof Float64Array ? new Float64Array(x.length) : new Float32Array(x.length);
  for (let first = 0; first < x.length; first += features) {
    for (let d = 0; d < features; d++) out[first + d] = (scale * x[first + d] - mean[d]) / deviation[d];
  }
  return { ...rows, x: out, scale: 1 };
}

/** Weights of standardised features as weights of the features themselves: (features + 1, classes), the intercept last. */
export function fromStandardised(
  weights: FloatArray,
  { mean, deviation }: Standardisation,
  classes: number,
): Float32Array {
  const out = Float32Array.from(weights, (weight, i) => weight / (deviation[Math.floor(i / classes)] ?? 1));
  for (let k = 0; k < classes; k++) {
    // With the weights as they are handed out, whose rounding then meets x − mean and not x.
    const moved = mean.reduce((sum, one, d) => sum + one * out[d * classes + k], 0);
    const last = mean.length * classes + k;
    out[last] = weights[last] - moved;
  }
  return out;
}

/** The other way round. */
export function toStandardised(
  weights: FloatArray,
  { mean, deviation }: Standardisation,
  classes: number,
): Float64Array {
  const out = Float64Array.from(weights, (weight, i) => weight * (deviation[Math.floor(i / classes)] ?? 1));
  for (let k = 0; k < classes; k++) {
    const moved = mean.reduce((sum, one, d) => sum + one * weights[d * classes + k], 0);
    out[mean.length * classes + k] += moved;
  }
  return out;
}
