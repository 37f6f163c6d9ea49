/** Soft targets: of each row how much it is of every class, instead of its label. */
import type { FloatArray, Rows } from "../engine/engine.js";
import { DataError } from "../errors.js";
import type { Label } from "./labels.js";

export interface SoftTargets {
  /** (rows, classes), each row adding up to 1. */
  readonly targets: FloatArray;
  /** (rows) the class that a row is most of, the first of equals. */
  readonly labels: Uint32Array;
}

/** A row may add up to this much more or less than 1: what f32 makes of a softmax over very many classes. */
const ROUNDING = 1e-3;

/** What stands for the labels of `count` rows is soft targets if it is floats, one for each row and class. All else is labels. */
export function areLabels<L extends Label>(
  y: ArrayLike<L> | Float32Array | Float64Array,
  count: number,
  classes: readonly L[] | undefined,
): y is ArrayLike<L> {
  const floats = y instanceof Float32Array || y instanceof Float64Array;
  return !(floats && classes && y.length === count * classes.length);
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
