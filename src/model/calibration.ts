/** Temperature scaling: the probabilities softmax(z/T) that fit held-out examples best (Guo et al. 2017). */
import { range } from "../core/random.js";
import type { FloatArray, RowHead } from "../core/rows.js";
import { type Trial, addTrials } from "../core/sums.js";
import { trial } from "../math/passes.js";
import { DataError } from "../core/errors.js";
import type { LogitBlock } from "./engine-logits.js";

/**
 * Newton's method stops at a step that changes 1/T by less than this part of it. The error left is about the
 * square of that.
 */
const CLOSE = 1e-10;

/**
 * A slope below this part of the sum of its terms' sizes counts as rounding. Chance alone exceeds it on fewer
 * than 10¹² rows.
 */
const NOTHING = 1e-6;

/** Most logits that are kept from pass to pass. More are computed anew in each. */
const KEPT = 2 ** 24;

/** Logits whose largest value in each row is 0, and the rows that they belong to. */
interface ShiftedBlock {
  readonly rows: RowHead;
  /** (rows, classes) */
  readonly z: Float64Array;
}

/**
 * Finds the T > 0 that minimises the mean loss of softmax(z/T), where `blocks` reads the logits z of all rows
 * anew with each call. The loss is convex in β = 1/T. Newton's method is safeguarded: where a step leaves the
 * bracket, or the last one did not halve the slope, β is bisected, or doubled while there is no upper end.
 *
 * Throws a DataError when there is no such T.
 */
export async function temperatureOf(
  rows: RowHead,
  classes: number,
  blocks: () => AsyncIterable<LogitBlock> | Iterable<LogitBlock>,
): Promise<number> {
  const shifted = await readShifted(rows, classes, blocks);
  await checkOptimum(shifted, classes);
  const at = async (beta: number): Promise<Trial> => {
    let total = { loss: 0, slope: 0, curvature: 0 };
    for await (const { rows, z } of shifted()) {
      total = addTrials(total, trial(rows, range(rows.count), z, z, beta - 1, classes));
    }
    return total;
  };

  let [low, high] = [0, Infinity];
  let beta = 1;
  let before = Infinity;
  for (;;) {
    const { slope, curvature } = await at(beta);
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

/** Returns a function that reads the shifted logits of all rows: from memory, where they are few. */
async function readShifted(
  rows: RowHead,
  classes: number,
  blocks: () => AsyncIterable<LogitBlock> | Iterable<LogitBlock>,
): Promise<() => AsyncIterable<ShiftedBlock> | Iterable<ShiftedBlock>> {
  async function* shifted(): AsyncGenerator<ShiftedBlock> {
    for await (const block of blocks()) yield { rows: headOf(rows, block), z: shift(block.z, classes) };
  }
  if (rows.count * classes > KEPT) return shifted;
  const kept: ShiftedBlock[] = [];
  for await (const block of shifted()) kept.push(block);
  return () => kept;
}

function headOf({ labels, weights, ...rows }: RowHead, { first, count }: LogitBlock): RowHead {
  return {
    ...rows,
    count,
    labels: labels.subarray(first, first + count),
    ...(weights && { weights: weights.subarray(first, first + count) }),
  };
}

/** Copies logits and shifts the largest of each row to 0, which makes slopes exact where losses vanish. */
function shift(logits: FloatArray, classes: number): Float64Array {
  const z = Float64Array.from(logits);
  for (let first = 0; first < z.length; first += classes) {
    const row = z.subarray(first, first + classes);
    const max = row.reduce((a, b) => Math.max(a, b), -Infinity);
    for (let k = 0; k < classes; k++) row[k] -= max;
  }
  return z;
}

/**
 * Throws a DataError unless the loss has its minimum at a finite β > 0. It must fall at β = 0, where its
 * slope is Σ weight·(mean z − z_y), and rise as β → ∞, which one misclassified row ensures.
 */
async function checkOptimum(
  shifted: () => AsyncIterable<ShiftedBlock> | Iterable<ShiftedBlock>,
  classes: number,
): Promise<void> {
  let [slope, size, wrong, count] = [0, 0, 0, 0];
  for await (const { rows, z } of shifted()) {
    count += rows.count;
    for (let n = 0; n < rows.count; n++) {
      const row = z.subarray(n * classes, (n + 1) * classes);
      const weight = rows.weights ? rows.weights[n] : 1;
      const mean = row.reduce((a, b) => a + b, 0) / classes;
      const own = row[rows.labels[n]];
      slope += weight * (mean - own);
      size -= weight * (mean + own);
      if (weight > 0 && own < 0) wrong++;
    }
  }
  if (wrong === 0) {
    throw new DataError(
      `The model is right on all ${count} rows, so the loss falls for ever as the temperature goes to 0: there is no best one. ` +
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
