/** The units and the origin that features are trained in, so that neither matters to how well a fit goes. */
import type { FloatArray, Rows } from "../core/rows.js";
import { DataError } from "../core/errors.js";
import { sampleByWeight } from "./sample.js";

/** A change of variables x̃ = (x − origin) / unit, feature by feature. */
export interface FeatureUnits {
  /** (features) */
  readonly origin: Float64Array;
  /** (features) above 0 */
  readonly unit: Float64Array;
}

/** A deviation this small, next to the feature's size and for each of its rows, is rounding: the feature is constant. */
const ROUNDING = 2 ** -52;
/** Squares below this have lost digits to f64's range. */
const SQUARES = 1e-290;
/** Rows that working units are estimated from. */
const SAMPLE = 4096;

/**
 * Mean and deviation of the chosen rows, by weight: the units of the option `standardize`, as scikit-learn's StandardScaler
 * has them. Without an intercept nothing could make up for a mean, so the origin stays at 0. The unit of a constant
 * feature is 1.
 */
export function standardUnits(rows: Rows, chosen: Uint32Array, intercept: boolean): FeatureUnits {
  const { mean, deviation } = moments(rows, chosen, rows.weights);
  const unit = deviation.map((one) => (one > 0 ? one : 1));
  return { origin: intercept ? mean : mean.fill(0), unit: checked(unit) };
}

/**
 * Units that lbfgs and newton work in: an origin near the mean, and the power of 2 nearest to the deviation, which a division
 * by it leaves exact. They change neither the minimum nor the penalty, but f32 keeps the digits in which rows differ, and no
 * penalty on a weight exceeds the curvature of its feature by much, since no unit is below √l2.
 */
export function workingUnits(rows: Rows, chosen: Uint32Array, intercept: boolean, l2: number): FeatureUnits {
  const sample = sampleByWeight(chosen, rows.weights, SAMPLE);
  const { mean, deviation } = moments(rows, sample.rows, sample.weights, intercept);
  const alike = Array.from(deviation.keys()).filter((d) => deviation[d] === 0);
  if (alike.length > 0 && sample.rows.length < chosen.length) {
    // A feature that is the same in the sample may differ elsewhere.
    const all = moments(rows, chosen, rows.weights, intercept, alike);
    for (const d of alike) [mean[d], deviation[d]] = [all.mean[d], all.deviation[d]];
  }
  const least = Math.sqrt(l2);
  return { origin: mean, unit: checked(deviation.map((one) => powerOfTwo(Math.max(one, least)))) };
}

/** The feature whose mean is the most deviations away from 0, among a sample of the rows. Constant features do not count. */
export function farthestFromZero(
  rows: Rows,
  chosen: Uint32Array,
): { readonly column: number; readonly deviations: number } {
  const sample = sampleByWeight(chosen, rows.weights, SAMPLE);
  const { mean, deviation } = moments(rows, sample.rows, sample.weights);
  const distances = mean.map((one, d) => (deviation[d] > 0 ? Math.abs(one) / deviation[d] : 0));
  const column = distances.reduce((most, one, d) => (one > distances[most] ? d : most), 0);
  return { column, deviations: distances[column] ?? 0 };
}

/** Weights of features that vary by more, or less, do not fit f32. */
const LARGEST_UNIT = 1e35;

function checked(unit: Float64Array): Float64Array {
  const bad = unit.findIndex((one) => one > LARGEST_UNIT || one < 1 / LARGEST_UNIT);
  if (bad < 0) return unit;
  throw new DataError(
    `x has a deviation of about ${unit[bad].toExponential(0)} in column ${bad}, and a weight for it would not fit f32: ` +
      `bring the column to between ${1 / LARGEST_UNIT} and ${LARGEST_UNIT}, better near 1.`,
  );
}

/**
 * Mean and deviation of some features over the rows named, weighted by `weights` of all rows, or 1. About 0 instead of the
 * mean where not `centred`. The deviation is 0 where it is only rounding.
 */
function moments(
  { x, features, scale }: Rows,
  rows: Uint32Array,
  weights: FloatArray | undefined,
  centred = true,
  some: readonly number[] = Array.from({ length: features }, (_, d) => d),
): { readonly mean: Float64Array; readonly deviation: Float64Array } {
  const total = rows.reduce((sum, row) => sum + (weights ? weights[row] : 1), 0);
  const first = rows[0] * features;
  // Values are added up relative to the first row's, so that a large common part costs no digits.
  const base = Float64Array.from({ length: features }, (_, d) => (centred ? scale * x[first + d] : 0));
  const shift = new Float64Array(features);
  if (centred) {
    for (const row of rows) {
      const part = (weights ? weights[row] : 1) / total;
      for (const d of some) shift[d] += part * (scale * x[row * features + d] - base[d]);
    }
  }
  const variance = new Float64Array(features);
  const farthest = new Float64Array(features);
  for (const row of rows) {
    const part = (weights ? weights[row] : 1) / total;
    for (const d of some) {
      const apart = Math.abs(scale * x[row * features + d] - base[d] - shift[d]);
      variance[d] += part * apart ** 2;
      if (apart > farthest[d]) farthest[d] = apart;
    }
  }
  const mean = shift.map((one, d) => base[d] + one);
  const deviation = variance.map((square, d) => {
    const root = square < SQUARES ? farthest[d] : Math.sqrt(square);
    return root > rows.length * ROUNDING * Math.abs(mean[d]) ? root : 0;
  });
  return { mean, deviation };
}

function powerOfTwo(size: number): number {
  return size > 0 ? 2 ** Math.round(Math.log2(size)) : 1;
}

/** A copy of the rows in these units: floats, eight bytes each where they came so, else four. */
export function inUnits(rows: Rows, { origin, unit }: FeatureUnits): Rows {
  const { x, features, scale } = rows;
  const out = x instanceof Float64Array ? new Float64Array(x.length) : new Float32Array(x.length);
  for (let first = 0; first < x.length; first += features) {
    for (let d = 0; d < features; d++) out[first + d] = (scale * x[first + d] - origin[d]) / unit[d];
  }
  return { ...rows, x: out, scale: 1 };
}

/** (features) a penalty on w^power of the features themselves, as one on their weights in these units: w̃ = w·unit. */
export function penaltiesIn(
  units: FeatureUnits | undefined,
  features: number,
  penalty: number,
  power: 1 | 2,
): Float64Array {
  return Float64Array.from({ length: features }, (_, d) => penalty / (units ? units.unit[d] ** power : 1));
}

/** A linear model of the features themselves. */
export interface OriginalWeights {
  /** (features, classes) */
  readonly weights: Float32Array;
  /** (classes) the intercept at `origin` where there is one, else at 0. */
  readonly bias: Float64Array;
  /** (features) to be taken off x before the product, where an f64 intercept could not hold its share of it. */
  readonly origin?: Float64Array;
}

/** An intercept that would take up so much from the origin loses too many digits of f64: the origin is handed out instead. */
const FAR = 2 ** 30;

/** Weights in these units, (features + 1, classes) with the intercept last, as weights of the features themselves. */
export function fromUnits(
  found: FloatArray,
  classes: number,
  units: FeatureUnits | undefined,
): OriginalWeights {
  const size = found.length - classes;
  const bias = Float64Array.from(found.subarray(size));
  if (!units) return { weights: Float32Array.from(found.subarray(0, size)), bias };
  const { origin, unit } = units;
  const weights = Float32Array.from(found.subarray(0, size), (w, i) => w / unit[Math.floor(i / classes)]);
  // With the weights as they are handed out, whose rounding then meets x − origin and not x.
  const moved = weights.map((weight, i) => Math.abs(weight * origin[Math.floor(i / classes)]));
  if (moved.some((one) => one > FAR)) return { weights, bias, origin };
  origin.forEach((one, d) => {
    for (let k = 0; k < classes; k++) bias[k] -= one * weights[d * classes + k];
  });
  return { weights, bias };
}

/** Weights of the features themselves, (features + 1, classes) with the intercept last, as weights in these units. */
export function toUnits(weights: FloatArray, { origin, unit }: FeatureUnits, classes: number): Float64Array {
  const out = Float64Array.from(weights, (weight, i) => weight * (unit[Math.floor(i / classes)] ?? 1));
  origin.forEach((one, d) => {
    for (let k = 0; k < classes; k++) out[origin.length * classes + k] += one * weights[d * classes + k];
  });
  return out;
}
