/** Soft targets: of each row how much it is of every class, instead of its label. */
import type { FloatArray, Rows } from "../core/rows.js";
import { DataError } from "../core/errors.js";
import { isFloats, toTypedArray } from "./arrays.js";
import type { Label } from "./labels.js";

export interface SoftTargets {
  /** (rows, classes), each row adding up to 1. */
  readonly targets: FloatArray;
  /** (rows) the class that a row is most of, the first of equals. */
  readonly labels: Uint32Array;
}

/** A row may add up to this much more or less than 1: what f32 makes of a softmax over very many classes. */
const ROUNDING = 1e-3;

/** True where y is labels. Soft targets are floats, one for each of `count` rows and `classes` classes. */
export function areLabels<L extends Label>(
  y: ArrayLike<L> | Float32Array | Float64Array,
  count: number,
  classes: number | undefined,
): y is ArrayLike<L> {
  return !(classes !== undefined && y.length === count * classes && isFloats(toTypedArray(y)));
}

/**
 * Features in a row of a flat x of so many values that does not say. Throws a DataError where y could be labels, one a row, and
 * one-hot targets alike, or where the values are no whole number for each row.
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

/** No label is a fraction, so floats that are can only be soft targets. */
function hasFractions(y: ArrayLike<unknown>): boolean {
  return isFloats(toTypedArray(y)) && Array.prototype.some.call(y, (value) => !Number.isInteger(value));
}

/** How many values there are for every 1 if all others are 0, and every so many values hold one 1. */
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

/** The targets, each row made to add up to 1. Throws a DataError where a row is no distribution over the classes. */
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

/** Labels as targets: 1 for the label, 0 for the others. (rows, classes) */
export function oneHot({ labels }: Rows, classes: number): Float64Array {
  const targets = new Float64Array(labels.length * classes);
  labels.forEach((label, row) => (targets[row * classes + label] = 1));
  return targets;
}
