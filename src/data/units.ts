/** Units and origin that features are trained in, so that those of the data do not affect convergence. */
import { range } from "../core/random.js";
import {
  type RowSource,
  cutFeatures,
  readBlocks,
  readChosenBlocks,
  readChosenRows,
} from "../core/row-source.js";
import { type FlatFeatures, type FloatArray, createFeatures } from "../core/rows.js";
import { planBlockRows } from "../core/sum-plan.js";
import { DataError } from "../core/errors.js";
import { readSample } from "./sample.js";

/** A change of variables x̃ = (x − origin) / unit, feature by feature. */
export interface FeatureUnits {
  /** (features) */
  readonly origin: Float64Array;
  /** (features) above 0 */
  readonly unit: Float64Array;
}

/** A standard deviation below this × rows × |mean| is rounding error: the feature is constant. */
const ROUNDING = 2 ** -52;
/** Variances below this have lost digits to underflow in f64. */
const SQUARES = 1e-290;
/** Most rows that working units are estimated from. */
const SAMPLE = 4096;

/**
 * Mean and standard deviation of the chosen rows, by weight: the units of the option `standardize`, as in
 * scikit-learn's StandardScaler. Without an intercept nothing could make up for a mean, so the origin stays
 * at 0. The unit of a constant feature is 1.
 */
export async function standardUnits(
  rows: RowSource,
  chosen: Uint32Array,
  intercept: boolean,
): Promise<FeatureUnits> {
  const { mean, deviation } = await moments(rows, chosen);
  const unit = deviation.map((one) => (one > 0 ? one : 1));
  return { origin: intercept ? mean : mean.fill(0), unit: checked(unit) };
}

/**
 * Units that lbfgs and newton work in: an origin near the mean, or 0 without an intercept, and the power of 2
 * nearest to the standard deviation, division by which is exact. They change neither the minimum nor the
 * penalty, but let f32 keep the digits in which rows differ. Deviations below √l2 count as √l2, so that the
 * penalty in these units, l2/unit², is at most 2. `penalties`, (features), has the l2 of each feature.
 */
export async function workingUnits(
  rows: RowSource,
  chosen: Uint32Array,
  intercept: boolean,
  penalties: FloatArray,
): Promise<FeatureUnits> {
  const sample = await readSample(rows, chosen, SAMPLE);
  const { mean, deviation } = await moments(sample, range(sample.count), intercept);
  const alike = Array.from(deviation.keys()).filter((d) => deviation[d] === 0);
  if (alike.length > 0 && sample.count < chosen.length) {
    // A feature that is constant in the sample may vary in the other rows.
    const all = await moments(rows, chosen, intercept, alike);
    for (const d of alike) [mean[d], deviation[d]] = [all.mean[d], all.deviation[d]];
  }
  const unit = deviation.map((one, d) => powerOfTwo(Math.max(one, Math.sqrt(penalties[d]))));
  return { origin: mean, unit: checked(unit) };
}

/**
 * The feature whose mean is the most standard deviations away from 0, in a sample of the chosen rows.
 * Constant features do not count.
 */
export async function farthestFromZero(
  rows: RowSource,
  chosen: Uint32Array,
): Promise<{ readonly column: number; readonly deviations: number }> {
  const sample = await readSample(rows, chosen, SAMPLE);
  const { mean, deviation } = await moments(sample, range(sample.count));
  const distances = mean.map((one, d) => (deviation[d] > 0 ? Math.abs(one) / deviation[d] : 0));
  const column = distances.reduce((most, one, d) => (one > distances[most] ? d : most), 0);
  return { column, deviations: distances[column] ?? 0 };
}

/** Weights of features with a larger unit, or one below the inverse of this, do not fit f32. */
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
 * Mean and standard deviation of the features `some` over the chosen rows, by weight. A deviation that is
 * only rounding error is 0. If not `centred`, the mean is 0 and deviations are from 0.
 */
async function moments(
  source: RowSource,
  chosen: Uint32Array,
  centred = true,
  some: readonly number[] = Array.from({ length: source.features }, (_, d) => d),
): Promise<{ readonly mean: Float64Array; readonly deviation: Float64Array }> {
  const { features, scale, weights } = source;
  const total = chosen.reduce((sum, row) => sum + (weights ? weights[row] : 1), 0);
  const base = new Float64Array(features);
  const shift = new Float64Array(features);
  if (centred) {
    // Sums are relative to the first row, so that a large common offset costs no digits.
    const { x: origin } = await readChosenRows(source, chosen.subarray(0, 1));
    for (let d = 0; d < features; d++) base[d] = scale * origin[d];
    for await (const { x, first, chosen: rows } of readChosenBlocks(source, chosen)) {
      rows.forEach((row) => {
        const part = (weights ? weights[row] : 1) / total;
        const start = (row - first) * features;
        for (const d of some) shift[d] += part * (scale * x[start + d] - base[d]);
      });
    }
  }
  const variance = new Float64Array(features);
  const farthest = new Float64Array(features);
  for await (const { x, first, chosen: rows } of readChosenBlocks(source, chosen)) {
    rows.forEach((row) => {
      const part = (weights ? weights[row] : 1) / total;
      const start = (row - first) * features;
      for (const d of some) {
        const apart = Math.abs(scale * x[start + d] - base[d] - shift[d]);
        variance[d] += part * apart ** 2;
        if (apart > farthest[d]) farthest[d] = apart;
      }
    });
  }
  const mean = shift.map((one, d) => base[d] + one);
  const deviation = variance.map((square, d) => {
    const root = square < SQUARES ? farthest[d] : Math.sqrt(square);
    return root > chosen.length * ROUNDING * Math.abs(mean[d]) ? root : 0;
  });
  return { mean, deviation };
}

function powerOfTwo(size: number): number {
  return size > 0 ? 2 ** Math.round(Math.log2(size)) : 1;
}

/** Changes rows into these units as they are read, in f64 if they come in f64 or on request, else in f32. */
export function inUnits(source: RowSource, { origin, unit }: FeatureUnits, inF64 = false): RowSource {
  const { features, scale } = source;
  const type = { BYTES_PER_ELEMENT: inF64 || source.x.BYTES_PER_ELEMENT === 8 ? 8 : 4 };
  const blockRows = planBlockRows({ features, x: type });
  const change = (x: FlatFeatures) => {
    const out = createFeatures(type, x.length);
    for (let first = 0; first < x.length; first += features) {
      for (let d = 0; d < features; d++) out[first + d] = (scale * x[first + d] - origin[d]) / unit[d];
    }
    return out;
  };
  const x = {
    ...type,
    async *blocks() {
      for await (const { x, count } of readBlocks(source)) {
        for (const part of cutFeatures(x, { count, features }, blockRows)) yield change(part);
      }
    },
    select: async (rows: Uint32Array) => change((await readChosenRows(source, rows)).x),
  };
  return { ...source, x, scale: 1 };
}

/**
 * (features) the `penalty` on |w|^power of the original weights, times the factor of each feature, turned
 * into one on |w̃|^power of the weights in these units, w̃ = w·unit. `factors`: (features), default 1 each.
 */
export function penaltiesIn(
  units: FeatureUnits | undefined,
  features: number,
  penalty: number,
  power: 1 | 2,
  factors?: FloatArray,
): Float64Array {
  return Float64Array.from(
    { length: features },
    (_, d) => (penalty * (factors?.[d] ?? 1)) / (units ? units.unit[d] ** power : 1),
  );
}

/** A linear model of the original features, in the units of the data. */
export interface OriginalWeights {
  /** (features, classes) */
  readonly weights: Float32Array;
  /** (classes) intercept at x = `origin` if that is present, else at x = 0. */
  readonly bias: Float64Array;
  /**
   * (features) subtracted from x before the product. Present if f64 would lose digits of the intercept at 0.
   */
  readonly origin?: Float64Array;
}

/**
 * If some |weight·origin| exceeds this, f64 would lose too many digits of the intercept at x = 0, and the
 * origin is returned with the weights instead.
 */
const FAR = 2 ** 30;

/**
 * Converts weights in these units to weights of the original features. `found` is (features + 1, classes)
 * with the intercept last.
 */
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
  // Uses the weights as returned, rounded to f32: their rounding is then multiplied by x − origin, not by x.
  const moved = weights.map((weight, i) => Math.abs(weight * origin[Math.floor(i / classes)]));
  if (moved.some((one) => one > FAR)) return { weights, bias, origin };
  origin.forEach((one, d) => {
    for (let k = 0; k < classes; k++) bias[k] -= one * weights[d * classes + k];
  });
  return { weights, bias };
}

/**
 * Converts weights of the original features, with the intercept at x = 0, to weights in these units. Both are
 * (features + 1, classes) with the intercept last.
 */
export function toUnits(weights: FloatArray, { origin, unit }: FeatureUnits, classes: number): Float64Array {
  const out = Float64Array.from(weights, (weight, i) => weight * (unit[Math.floor(i / classes)] ?? 1));
  origin.forEach((one, d) => {
    for (let k = 0; k < classes; k++) out[origin.length * classes + k] += one * weights[d * classes + k];
  });
  return out;
}
