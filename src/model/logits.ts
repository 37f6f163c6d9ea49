/** The logits of a model in f64, row by row, on the calling thread: without a device, and for a few rows. */
import type { FeatureRows, FloatArray } from "../core/rows.js";
import { DataError } from "../core/errors.js";
import type { ModelParts } from "./parts.js";

/** Classes whose logits are summed side by side, in registers. */
const SIDE_BY_SIDE = 8;

/** Calls `use` with the logits of each row in order, (classes), in an array that the next row overwrites. */
export function forEachLogits(
  model: ModelParts,
  rows: FeatureRows,
  use: (z: Float64Array, row: number) => void,
): void {
  const { x, features, scale, count, offsets } = rows;
  const { bias, origin } = model;
  const z = new Float64Array(bias.length);
  // The features of a row that are not 0, as they enter the product, and where their weights begin.
  const values = new Float64Array(features);
  const places = new Uint32Array(features);
  for (let row = 0; row < count; row++) {
    let others = 0;
    for (let d = 0; d < features; d++) {
      const feature = scale * x[row * features + d] - (origin ? origin[d] : 0);
      if (feature === 0) continue; // adds nothing; most pixels are 0
      values[others] = feature;
      places[others++] = d * bias.length;
    }
    multiply(model, values, places, others, z);
    if (offsets) for (let k = 0; k < z.length; k++) z[k] += offsets[row * z.length + k];
    checkFinite(z, model, rows, row);
    use(z, row);
  }
}

/** Returns (rows, classes), flat. Throws a DataError that names the row where a logit is not finite. */
export function logitsOf(model: ModelParts, rows: FeatureRows): Float64Array {
  const k = model.classes.length;
  const all = new Float64Array(rows.count * k);
  forEachLogits(model, rows, (z, row) => all.set(z, row * k));
  return all;
}

/** Returns the index of the largest value. Ties go to the lower index. */
export function indexOfLargest(z: ArrayLike<number>, first = 0, past = z.length): number {
  let top = first;
  for (let k = first + 1; k < past; k++) if (z[k] > z[top]) top = k;
  return top - first;
}

/** Returns the largest logit of a row, and Σ exp(z − largest). */
export function sumOfPowers(z: FloatArray): [max: number, sum: number] {
  const max = z[indexOfLargest(z)];
  let sum = 0;
  for (let c = 0; c < z.length; c++) sum += Math.exp(z[c] - max);
  return [max, sum];
}

/**
 * z ← b + Σ value·w, where w are the weights that begin at each place. Every logit is summed in the order of
 * the features. The last group of classes overlaps the one before it where they do not divide evenly.
 */
function multiply(
  { weights: w, bias }: Pick<ModelParts, "weights" | "bias">,
  values: Float64Array,
  places: Uint32Array,
  count: number,
  z: Float64Array,
): void {
  const last = z.length - SIDE_BY_SIDE;
  for (let k = 0; k <= last; k = k < last ? Math.min(k + SIDE_BY_SIDE, last) : last + 1) {
    let [z0, z1, z2, z3] = [bias[k], bias[k + 1], bias[k + 2], bias[k + 3]];
    let [z4, z5, z6, z7] = [bias[k + 4], bias[k + 5], bias[k + 6], bias[k + 7]];
    for (let n = 0; n < count; n++) {
      const value = values[n];
      const at = places[n] + k;
      z0 += value * w[at];
      z1 += value * w[at + 1];
      z2 += value * w[at + 2];
      z3 += value * w[at + 3];
      z4 += value * w[at + 4];
      z5 += value * w[at + 5];
      z6 += value * w[at + 6];
      z7 += value * w[at + 7];
    }
    z[k] = z0;
    z[k + 1] = z1;
    z[k + 2] = z2;
    z[k + 3] = z3;
    z[k + 4] = z4;
    z[k + 5] = z5;
    z[k + 6] = z6;
    z[k + 7] = z7;
  }
  if (last >= 0) return;
  z.set(bias);
  for (let n = 0; n < count; n++) {
    for (let k = 0; k < z.length; k++) z[k] += values[n] * w[places[n] + k];
  }
}

/** Throws a DataError that names the row where a logit, of (rows, classes) from `row` on, is not finite. */
export function checkFinite(
  z: ArrayLike<number>,
  { classes }: Pick<ModelParts, "classes">,
  { numbers }: Pick<FeatureRows, "numbers">,
  row: number,
): void {
  for (let i = 0; i < z.length; i++) {
    if (Number.isFinite(z[i])) continue;
    const bad = row + Math.floor(i / classes.length);
    throw new DataError(
      `The logit of row ${numbers?.[bad] ?? bad} for class ${String(classes[i % classes.length])} is ${z[i]}: ` +
        "its features are too large for the model. Check that x has the units of the training.",
    );
  }
}
