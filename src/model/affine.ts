/** The part of a model that computes, Z = (X − origin)·W + b, and the rows it is given. */
import type { FeatureRows, Rows } from "../core/rows.js";

export interface Affine {
  readonly classes: number;
  /** (features + 1, classes) W, and b as the last row. */
  readonly weights: Float64Array;
  /** (features) 0 when absent. */
  readonly origin?: Float64Array;
}

/** The features of a run of consecutive rows less the origin, as rows of their own. */
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

/** The same of labelled rows, with their labels and weights. */
export function rowBlock(rows: Rows, block: Uint32Array, origin: Float64Array | undefined): Rows {
  const [first, past] = [block[0], block[0] + block.length];
  return {
    ...featureBlock(rows, block, origin),
    labels: rows.labels.subarray(first, past),
    ...(rows.weights && { weights: rows.weights.subarray(first, past) }),
  };
}
