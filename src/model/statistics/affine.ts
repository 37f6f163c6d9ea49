/** The linear part of a model, Z = (X − origin)·W + b, and blocks of rows for it. */
import type { FeatureRows, FloatArray, Rows } from "../../core/rows.js";
import type { ModelParts } from "../parts.js";

/** Weights, bias and origin of a model in f64. */
export interface Affine {
  readonly classes: number;
  /** (features + 1, classes) W, with b as the last row. */
  readonly weights: Float64Array;
  /** (features) Default: zeros. */
  readonly origin?: Float64Array | undefined;
}

/** Returns the weights, bias and origin of a model in f64. */
export function affineOf(model: ModelParts): Affine {
  const weights = new Float64Array(model.weights.length + model.bias.length);
  weights.set(model.weights);
  weights.set(model.bias, model.weights.length);
  return { classes: model.classes.length, weights, ...(model.origin && { origin: model.origin }) };
}

/**
 * Returns the features of a block of consecutive rows minus the origin: an f64 copy, or a view where there is
 * no origin.
 */
export function featureBlock(
  { x, features, scale }: FeatureRows,
  block: Uint32Array,
  origin: Float64Array | undefined,
): FeatureRows {
  const count = block.length;
  const first = block[0] * features;
  if (!origin) return { count, features, scale, x: x.subarray(first, first + count * features) };
  const centred = new Float64Array(count * features);
  for (let row = 0; row < centred.length; row += features) {
    for (let d = 0; d < features; d++) centred[row + d] = scale * x[first + row + d] - origin[d];
  }
  return { count, features, scale: 1, x: centred };
}

/**
 * Returns a block of consecutive labelled rows: features as in `featureBlock`, and views of labels,
 * targets, offsets and weights.
 */
export function rowBlock(rows: Rows, block: Uint32Array, origin: Float64Array | undefined): Rows {
  const [first, past] = [block[0], block[0] + block.length];
  return {
    ...featureBlock(rows, block, origin),
    labels: rows.labels.subarray(first, past),
    ...(rows.targets && { targets: partOf(rows.targets, rows.count, first, past) }),
    ...(rows.offsets && { offsets: partOf(rows.offsets, rows.count, first, past) }),
    ...(rows.weights && { weights: rows.weights.subarray(first, past) }),
  };
}

/** Views some rows of (count, classes). */
function partOf(values: FloatArray, count: number, first: number, past: number): FloatArray {
  const classes = values.length / count;
  return values.subarray(first * classes, past * classes);
}
