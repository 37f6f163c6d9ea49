/** Soft targets: a distribution over the classes for each row, instead of a label. */
import type { FloatArray, Rows } from "../core/rows.js";
import { DataError } from "../core/errors.js";
import { isFloats, toTypedArray } from "./arrays.js";
import type { Label } from "./labels.js";

export interface SoftTargets {
  /** (rows, classes), each row adding up to 1. */
  readonly targets: FloatArray;
  /** (rows) class of the largest target; ties go to the lower index. */
  readonly labels: Uint32Array;
}

/** Largest deviation of the sum of a row from 1, as in an f32 softmax over very many classes. */
const ROUNDING = 1e-3;

/** True if y holds labels. Soft targets are floats, one for each of `count` rows and `classes` classes. */
export function areLabels<L extends Label>(
  y: ArrayLike<L> | Float32Array | Float64Array,
  count: number,
  classes: number | undefined,
): y is ArrayLike<L> {
  return !(classes !== undefined && y.length === count * classes && isFloats(toTypedArray(y)));
}

/**
 * Guesses how many features a row of a flat x of `values` values has. Throws a DataError if y could be either
 * labels or one-hot targets, or if the values do not divide evenly into the rows.
 */
export function guessFeatures(
  values: number,
  y: ArrayLike<unknown>,
  classes: number | undefined,
  where: string,
): number {
  const wide = oneHotWidth(y);
  if (wide !== undefined && wide === (classes ?? wide)) {
    throw new DataError(
      `${where}y reads as ${y.length} labels, and as one-hot targets of ${y.length / wide} rows × ${wide} classes: ` +
        "pass features, the number of values in a row of x.",
    );
  }
  const rows = hasFractions(y) && classes && y.length % classes === 0 ? y.length / classes : y.length;
  if (values % rows === 0) return values / rows;
  throw new DataError(
    `${where}x has ${values} values for ${rows} ${rows < y.length ? "rows of targets" : "labels"}, which is not a whole ` +
      "number of features a row: pass features.",
  );
}

/** True if y holds floats with fractions: labels are whole, so they can only be soft targets. */
function hasFractions(y: ArrayLike<unknown>): boolean {
  return isFloats(toTypedArray(y)) && Array.prototype.some.call(y, (value) => !Number.isInteger(value));
}

/**
 * Width of the rows if y can be read as one-hot targets of at least two classes: every value is 0 or 1, and
 * each row holds exactly one 1. Otherwise undefined.
 */
function oneHotWidth(y: ArrayLike<unknown>): number | undefined {
  let ones = 0;
  for (let i = 0; i < y.length; i++) {
    const value = y[i];
    if (value === 1 || value === 1n) ones++;
    else if (value !== 0 && value !== 0n) return undefined;
  }
  const wide = y.length / ones;
  if (!Number.isInteger(wide) || wide < 2) return undefined;
  for (let first = 0; first < y.length; first += wide) {
    let inRow = 0;
    for (let i = first; i < first + wide; i++) if (y[i] === 1 || y[i] === 1n) inRow++;
    if (inRow !== 1) return undefined;
  }
  return wide;
}

/** Copies the targets and scales each row to a sum of 1. Throws a DataError if a row is no distribution. */
export function softTargets(y: FloatArray, classes: number, where: string): SoftTargets {
  const targets = Float64Array.from(y);
  const labels = new Uint32Array(y.length / classes);
  for (let row = 0; row < labels.length; row++) {
    const own = targets.subarray(row * classes, (row + 1) * classes);
    const bad = own.findIndex((value) => !(value >= 0));
    if (bad >= 0) {
      throw new DataError(
        `${where} is ${own[bad]} at row ${row}, class ${bad}: a soft target is a number from 0 to 1.`,
      );
    }
    const sum = own.reduce((a, b) => a + b, 0);
    if (!(Math.abs(sum - 1) <= ROUNDING)) {
      throw new DataError(
        `${where} adds up to ${sum} in row ${row}: the soft targets of a row add up to 1. What a row counts is its weight.`,
      );
    }
    for (let k = 0; k < classes; k++) {
      own[k] /= sum;
      if (own[k] > own[labels[row]]) labels[row] = k;
    }
  }
  return { targets, labels };
}

/** One-hot targets of the labels: (rows, classes) */
export function oneHot({ labels }: Rows, classes: number): Float64Array {
  const targets = new Float64Array(labels.length * classes);
  labels.forEach((label, row) => (targets[row * classes + label] = 1));
  return targets;
}
