/** Shifts each feature's weights by a constant, which softmax ignores, to minimise the penalty. */
import type { FloatArray } from "../../core/rows.js";

export interface ElasticNet {
  readonly classes: number;
  /** (features) the l1 and l2 penalty of each feature. */
  readonly l1: FloatArray;
  readonly l2: FloatArray;
}

/**
 * Subtracts from each feature's weights, a row of (features + 1, classes), the c that minimises l1·Σ|w − c| +
 * l2/2·Σ(w − c)²: the loss is the same for any c. Without l2 it is the median, so that at most half of the
 * weights have either sign, and the Hessian of the nonzero weights is not singular along their sum. For
 * features without a penalty it is the mean. The intercept's row is unchanged.
 */
export function shiftClasses(weights: FloatArray, { classes, l1, l2 }: ElasticNet): Float64Array {
  const shifted = Float64Array.from(weights);
  l1.forEach((one: number, d: number) => {
    const row = shifted.subarray(d * classes, (d + 1) * classes);
    const shift = bestShift(row, one, l2[d]);
    for (let k = 0; k < classes; k++) row[k] -= shift;
  });
  return shifted;
}

/**
 * Finds c. The negated subgradient falls with c: c is the root of one of its linear pieces between the sorted
 * weights, or the weight where it jumps across 0.
 */
function bestShift(row: Float64Array, l1: number, l2: number): number {
  const sorted = row.toSorted();
  const count = sorted.length;
  const mean = sorted.reduce((a, b) => a + b, 0) / count;
  if (l1 === 0) return mean;
  for (let below = 0; below < count; below++) {
    // With `below` weights under c and the others above it, l1·(count − 2·below) + l2·count·(mean − c) = 0.
    const slope = (c: number, under: number) => l1 * (count - 2 * under) + l2 * count * (mean - c);
    const here = sorted[below];
    if (slope(here, below) > 0 && slope(here, below + 1) > 0) continue;
    if (slope(here, below) >= 0) return here;
    return mean + (l1 * (count - 2 * below)) / (l2 * count);
  }
  return sorted[count - 1];
}
