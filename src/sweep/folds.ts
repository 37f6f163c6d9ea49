/** Which rows a fit is trained on, and which it is scored on. */
import { range } from "../data/random.js";
import type { Label } from "../data/labels.js";
import type { Rows } from "../engine/engine.js";
import { DataError, OptionError } from "../errors.js";
import { show } from "../show.js";

export interface Fold {
  /** Rows of the placement. */
  readonly train: Uint32Array;
  readonly heldOut: Uint32Array;
}

/** So many stratified folds, or those named row by row. Every fit sees all classes. */
export function foldsOf(
  wanted: number | ArrayLike<number>,
  { labels, count }: Pick<Rows, "labels" | "count">,
  classes: readonly Label[],
): Fold[] {
  const numbers =
    typeof wanted === "number" ? stratified(wanted, labels, classes) : checked(wanted, labels, classes);
  const folds = 1 + numbers.reduce((a, b) => Math.max(a, b));
  const rows = range(count);
  return Array.from({ length: folds }, (_, fold) => ({
    train: rows.filter((row) => numbers[row] !== fold),
    heldOut: rows.filter((row) => numbers[row] === fold),
  }));
}

/**
 * (rows) folds as scikit-learn's StratifiedKFold deals them without shuffling: every fold has as many rows of a class as any
 * other, or one more, and they follow one another as in the data.
 */
function stratified(folds: number, labels: Uint32Array, classes: readonly Label[]): Uint32Array {
  if (folds > labels.length) {
    throw new OptionError(
      `folds is ${folds}, but there are ${labels.length} rows: use ${labels.length} at most.`,
    );
  }
  const counts = new Uint32Array(classes.length);
  for (const label of labels) counts[label]++;
  const few = counts.findIndex((count) => count < folds);
  if (few >= 0) {
    throw new DataError(
      `y has ${counts[few]} rows of class ${String(classes[few])}, and folds is ${folds}: a fold would lack it. ` +
        (counts[few] < 2 ? "Drop the class or add rows of it." : `Use at most ${counts[few]} folds.`),
    );
  }
  // Sorted by class, in the order that classes appear in, row n goes to fold n mod folds: so many rows each fold gets of each.
  const appearing = [...new Set(labels)];
  const dealt = new Map<number, number[]>();
  let first = 0;
  for (const label of appearing) {
    const past = first + counts[label];
    const each = Array.from({ length: folds }, () => 0);
    for (let n = first; n < past; n++) each[n % folds]++;
    dealt.set(label, each);
    first = past;
  }
  return labels.map((label) => {
    const left = dealt.get(label) ?? [];
    const fold = left.findIndex((count) => count > 0);
    left[fold]--;
    return fold;
  });
}

function checked(given: ArrayLike<number>, labels: Uint32Array, classes: readonly Label[]): Uint32Array {
  if (given.length !== labels.length) {
    throw new OptionError(
      `folds has ${given.length} numbers for ${labels.length} rows: there must be one for each.`,
    );
  }
  const numbers = Array.from(given);
  const bad = numbers.findIndex((fold) => !(Number.isInteger(fold) && fold >= 0 && fold < labels.length));
  if (bad >= 0) {
    throw new OptionError(
      `folds[${bad}] is ${show(numbers[bad])}, and must be the whole number of a fold, ` +
        `from 0 to ${labels.length - 1} for ${labels.length} rows.`,
    );
  }
  const folds = 1 + numbers.reduce((a, b) => Math.max(a, b));
  if (folds < 2) throw new OptionError("folds names fold 0 only: there must be at least 2.");
  // (folds, classes)
  const rows = new Uint32Array(folds * classes.length);
  numbers.forEach((fold, row) => rows[fold * classes.length + labels[row]]++);
  const of = (fold: number) => rows.subarray(fold * classes.length, (fold + 1) * classes.length);
  const sum = (counts: Uint32Array) => counts.reduce((a, b) => a + b, 0);
  for (let fold = 0; fold < folds; fold++) {
    if (sum(of(fold)) === 0) {
      throw new OptionError(
        `folds names fold ${folds - 1}, but no row is in fold ${fold}: number the ${folds} folds from 0, without gaps.`,
      );
    }
  }
  classes.forEach((label, k) => {
    const counts = Uint32Array.from({ length: folds }, (_, fold) => of(fold)[k]);
    const only = counts.findIndex((count) => count === sum(counts));
    if (only < 0) return;
    throw new DataError(
      `All ${sum(counts)} rows of class ${String(label)} are in fold ${only} of folds: a fit without that fold would lack the class. ` +
        "Spread it over two folds or more, or drop it.",
    );
  });
  return Uint32Array.from(numbers);
}
