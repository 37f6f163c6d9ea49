/** The logits of a model in f64, row by row, on the calling thread: without a device, and for a few rows. */
import type { FeatureRows, FloatArray } from "../core/rows.js";
import { DataError } from "../core/errors.js";
import type { ModelParts } from "./parts.js";
import { rowKernel } from "./row-kernel.js";

/** Calls `use` with the logits of each row in order, (classes), in an array that later rows overwrite. */
export function forEachLogits(
  model: ModelParts,
  rows: FeatureRows,
  use: (z: Float64Array, row: number) => void,
): void {
  const classes = model.bias.length;
  const kernel = rowKernel(classes);
  for (let first = 0; first < rows.count; first += kernel?.rows ?? 1) {
    const z = kernel ? kernel.logits(model, rows, first) : rowLogits(model, rows, first);
    const { offsets } = rows;
    if (offsets) for (let i = 0; i < z.length; i++) z[i] += offsets[first * classes + i];
    checkFinite(z, model, rows, first);
    for (let at = 0, row = first; at < z.length; at += classes) use(z.subarray(at, at + classes), row++);
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

/** Computes the logits of a row, (classes), each summed in the order of the features, as the kernel does. */
function rowLogits({ weights, bias, origin }: ModelParts, rows: FeatureRows, row: number): Float64Array {
  const z = Float64Array.from(bias);
  const { x, features, scale } = rows;
  for (let d = 0; d < features; d++) {
    const value = scale * x[row * features + d] - (origin ? origin[d] : 0);
    if (value === 0) continue;
    for (let k = 0; k < z.length; k++) z[k] += value * weights[d * z.length + k];
  }
  return z;
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
