/** Temperature scaling: the probabilities softmax(z/T) that fit held-out examples best (Guo et al. 2017). */
import { range } from "../core/random.js";
import type { Rows } from "../core/rows.js";
import { trial } from "../math/passes.js";
import { DataError } from "../core/errors.js";

/** The last of Newton's steps changes 1/T by less of itself. The error after it is of the order of its square. */
const CLOSE = 1e-10;

/** A slope that is less of its terms is rounding: chance alone makes it larger on fewer than 10¹² rows. */
const NOTHING = 1e-6;

/**
 * The T > 0 that minimises the mean loss of softmax(z/T). It is convex in β = 1/T, on a line through the logits: Newton's
 * method, which halves its bracket instead whenever a step leaves it or the slope is not halved. Changes z, (rows, classes).
 *
 * Throws a DataError when there is no such T.
 */
export function temperatureOf(rows: Rows, z: Float64Array, classes: number): number {
  // With the largest logit at 0 the slopes are exact where the losses vanish.
  for (let first = 0; first < z.length; first += classes) {
    const row = z.subarray(first, first + classes);
    const max = row.reduce((a, b) => Math.max(a, b), -Infinity);
    for (let k = 0; k < classes; k++) row[k] -= max;
  }
  const all = range(rows.count);
  const at = (beta: number) => trial(rows, all, z, z, beta - 1, classes);
  checkOptimum(rows, z, classes);

  let [low, high] = [0, Infinity];
  let beta = 1;
  let before = Infinity;
  for (;;) {
    const { slope, curvature } = at(beta);
    if (slope < 0) low = beta;
    else high = beta;
    const newton = beta - slope / curvature;
    if (Math.abs(newton - beta) <= CLOSE * beta) return 1 / newton;
    if (high - low <= CLOSE * low) return 1 / beta;
    const trusted = Math.abs(slope) <= before / 2 && newton > low && newton < high;
    before = Math.abs(slope);
    beta = trusted ? newton : high < Infinity ? (low + high) / 2 : 2 * beta;
  }
}

/**
 * The loss has its minimum at a finite β > 0 if it falls at β = 0, where its slope is Σ weight·(mean z − z_y), and rises in
 * the end, which one wrong row makes it do. Largest logits are 0.
 */
function checkOptimum(rows: Rows, z: Float64Array, classes: number): void {
  let [slope, size, wrong] = [0, 0, 0];
  for (let n = 0; n < rows.count; n++) {
    const row = z.subarray(n * classes, (n + 1) * classes);
    const weight = rows.weights ? rows.weights[n] : 1;
    const mean = row.reduce((a, b) => a + b, 0) / classes;
    const own = row[rows.labels[n]];
    slope += weight * (mean - own);
    size -= weight * (mean + own);
    if (weight > 0 && own < 0) wrong++;
  }
  if (wrong === 0) {
    throw new DataError(
      `The model is right on all ${rows.count} rows, so the loss falls for ever as the temperature goes to 0: there is no best one. ` +
        "Calibrate on more rows that were not trained on, some of which the model gets wrong.",
    );
  }
  if (!(slope < -NOTHING * size)) {
    throw new DataError(
      "The model's logits say nothing about these labels, so the loss falls for ever as the temperature grows: there is no best one. " +
        "Check that y belongs to x, and that the model is trained.",
    );
  }
}
