/** The dense Hessian of a small problem, in f64, in one pass over the rows. */
import type { ObjectiveProblem } from "../../engine/objective.js";
import type { FloatArray, Rows } from "../../core/rows.js";
import { softmax } from "../../math/softmax.js";

/**
 * The lower triangle of ∇²F, (weights, weights), at the logits z, (rows, classes). Weights are in the order
 * of vectors, (features + 1, classes).
 *
 * For a feature without a penalty, and for the intercept, the curvature along the mean over the classes is 0.
 * There 1 is added for the intercept, with l1 for features without any penalty, and if `centred` for all
 * features; steps without such a component stay the same. Without an intercept its rows are 0.
 */
export function denseHessian(
  rows: Rows,
  problem: ObjectiveProblem,
  z: FloatArray,
  centred: boolean,
): Float64Array {
  const { classes, penalties, l1, intercept } = problem;
  const width = rows.features + 1;
  const size = width * classes;
  const blocks = curvatureBlocks(rows, problem, z);
  const hessian = new Float64Array(size * size);
  const isFree = (d: number) => d === rows.features || (penalties[d] === 0 && l1?.[d] === 0);
  for (let d = 0; d < width; d++) {
    if (d === rows.features && !intercept) continue;
    for (let k = 0; k < classes; k++) {
      const row = (d * classes + k) * size;
      for (let e = 0; e <= d; e++) {
        for (let l = 0; l < classes; l++) {
          const block = (Math.max(k, l) * (Math.max(k, l) + 1)) / 2 + Math.min(k, l);
          hessian[row + e * classes + l] = blocks[(block * width + d) * width + e];
        }
      }
      const own = row + d * classes;
      if (centred || isFree(d)) for (let l = 0; l < classes; l++) hessian[own + l] += 1 / classes;
      if (d < rows.features) hessian[own + k] += penalties[d];
    }
  }
  return hessian;
}

/** (weights) what the penalties add to the diagonal of ∇²F. */
export function ridgeOf({ classes, penalties }: ObjectiveProblem): Float64Array {
  const ridge = new Float64Array((penalties.length + 1) * classes);
  return ridge.map((_, i) => penalties[Math.floor(i / classes)] ?? 0);
}

/**
 * For each pair of classes k ≥ l, Σ scale·weight·s_k(δ_kl − s_l)·[x, 1] ⊗ [x, 1], as the lower triangle of
 * (features + 1, features + 1).
 */
function curvatureBlocks(
  { x, features, scale: ofByte, weights }: Rows,
  { rows, classes, scale }: ObjectiveProblem,
  z: FloatArray,
): Float64Array {
  const width = features + 1;
  const blocks = new Float64Array(((classes * (classes + 1)) / 2) * width * width);
  const row = new Float64Array(width).fill(1);
  const s = Float64Array.from(z);
  softmax(s, classes);
  rows.forEach((number, n) => {
    for (let d = 0; d < features; d++) row[d] = ofByte * x[number * features + d];
    const own = n * classes;
    const weight = scale * (weights ? weights[number] : 1);
    for (let k = 0, block = 0; k < classes; k++) {
      for (let l = 0; l <= k; l++, block += width * width) {
        const curvature = weight * s[own + k] * (k === l ? others(s, own, k, classes) : -s[own + l]);
        if (curvature === 0) continue;
        for (let d = 0; d < width; d++) {
          const factor = curvature * row[d];
          if (factor === 0) continue;
          const first = block + d * width;
          for (let e = 0; e <= d; e++) blocks[first + e] += factor * row[e];
        }
      }
    }
  });
  return blocks;
}

/** 1 − s_k as the sum of the other probabilities, which keeps its digits where s_k is nearly 1. */
function others(s: Float64Array, first: number, k: number, classes: number): number {
  let sum = 0;
  for (let l = 0; l < classes; l++) if (l !== k) sum += s[first + l];
  return sum;
}
