/** Splits rows into folds: the rows that a fit is trained on, and those that it is scored on. */
import { range } from "../core/random.js";
import type { Label } from "../data/labels.js";
import type { Rows } from "../core/rows.js";
import { DataError, OptionError } from "../core/errors.js";
import { show } from "../core/show.js";

/** The rows of one fold, as numbers in the placement: those to train on, and those held out to score. */
export interface Fold {
  readonly train: Uint32Array;
  readonly heldOut: Uint32Array;
}

/** The rows as the caller gave them, before those of weight 0 were dropped. */
export interface GivenRows {
  /** How many were given. */
  readonly count: number;
  /** Numbers of the rows that were kept. Absent when none was dropped. */
  readonly kept?: Uint32Array;
}

/**
 * Returns stratified folds, if `wanted` is their number, or that many folds of whole groups, or the folds
 * that it names for each of the given rows. The training rows of every fold have all classes. Throws a
 * DataError or an OptionError where that is impossible.
 */
export function createFolds(
  wanted: number | ArrayLike<number>,
  { labels, count }: Pick<Rows, "labels" | "count">,
  classes: readonly Label[],
  given: GivenRows = { count },
  groups?: ArrayLike<Label>,
): Fold[] {
  const named = typeof wanted === "number" ? groups && grouped(wanted, groups, given) : wanted;
  const numbers =
    typeof wanted === "number" && !named
      ? stratified(wanted, labels, classes)
      : checked(named ?? [], labels, classes, given);
  const folds = 1 + numbers.reduce((a, b) => Math.max(a, b));
  const rows = range(count);
  return Array.from({ length: folds }, (_, fold) => ({
    train: rows.filter((row) => numbers[row] !== fold),
    heldOut: rows.filter((row) => numbers[row] === fold),
  }));
}

/**
 * Returns the fold of each given row, so that the rows of a group are in one fold, as scikit-learn's
 * GroupKFold deals them: the largest group first, each to the fold with the fewest rows.
 */
function grouped(folds: number, groups: ArrayLike<Label>, { count }: GivenRows): Uint32Array {
  if (groups.length !== count) {
    throw new OptionError(
      `groups has ${groups.length} values for ${count} rows: there must be one for each.`,
    );
  }
  const sizes = new Map<Label, number>();
  for (let row = 0; row < count; row++) sizes.set(groups[row], (sizes.get(groups[row]) ?? 0) + 1);
  if (sizes.size < folds) {
    throw new OptionError(
      `groups names ${sizes.size} groups, and folds is ${folds}: use ${sizes.size} folds at most.`,
    );
  }
  const rows = new Uint32Array(folds);
  const foldOf = new Map<Label, number>();
  for (const [group, size] of [...sizes].toSorted(([, a], [, b]) => b - a)) {
    const fold = rows.indexOf(rows.reduce((a, b) => Math.min(a, b)));
    rows[fold] += size;
    foldOf.set(group, fold);
  }
  return Uint32Array.from({ length: count }, (_, row) => foldOf.get(groups[row]) ?? 0);
}

/**
 * Returns the fold of each row, (rows), as scikit-learn's StratifiedKFold deals them without shuffling: the
 * counts of a class differ between folds by at most 1, and rows of a class go to the folds in the order of
 * the data.
 */
function stratified(folds: number, labels: Uint32Array, classes: readonly Label[]): Uint32Array {
  if (folds > labels.length) {
    throw new OptionError(
      `folds is ${folds}, but there are ${labels.length} rows: use ${labels.length} at most.`,
    );
  }
  const counts = new Uint32Array(classes.length);
  for (const label of labels) counts[label]++;
  const few = counts.findIndex((count) => count < 2);
  if (few >= 0) {
    throw new DataError(
      `y has ${counts[few]} rows of class ${String(classes[few])}, and needs 2: a fit without the fold that holds ` +
        "them would lack the class. Drop it or add rows of it.",
    );
  }
  // With rows sorted by class, in order of first appearance, row n goes to fold n mod folds. That gives each
  // fold's row count per class.
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

/** Checks the folds that the caller named, and returns those of the kept rows, (rows). */
function checked(
  wanted: ArrayLike<number>,
  labels: Uint32Array,
  classes: readonly Label[],
  { count, kept }: GivenRows,
): Uint32Array {
  if (wanted.length !== count) {
    throw new OptionError(
      `folds has ${wanted.length} numbers for ${count} rows: there must be one for each.`,
    );
  }
  const all = Array.from(wanted);
  const bad = all.findIndex((fold) => !(Number.isInteger(fold) && fold >= 0 && fold < count));
  if (bad >= 0) {
    throw new OptionError(
      `folds[${bad}] is ${show(all[bad])}, and must be the whole number of a fold, ` +
        `from 0 to ${count - 1} for ${count} rows.`,
    );
  }
  const numbers = kept ? Array.from(kept, (row) => all[row]) : all;
  const folds = 1 + all.reduce((a, b) => Math.max(a, b));
  if (folds < 2) throw new OptionError("folds names fold 0 only: there must be at least 2.");
  // (folds, classes)
  const rows = new Uint32Array(folds * classes.length);
  numbers.forEach((fold, row) => rows[fold * classes.length + labels[row]]++);
  const of = (fold: number) => rows.subarray(fold * classes.length, (fold + 1) * classes.length);
  const sum = (counts: Uint32Array) => counts.reduce((a, b) => a + b, 0);
  for (let fold = 0; fold < folds; fold++) {
    if (sum(of(fold)) === 0) {
      const weightless = all.filter((one) => one === fold).length;
      if (weightless > 0) {
        throw new DataError(`The weights of all ${weightless} rows of fold ${fold} are 0: no row counts.`);
      }
      throw new OptionError(
        `folds names fold ${folds - 1}, but no row is in fold ${fold}: number the ${folds} folds from 0, without gaps.`,
      );
    }
  }
  classes.forEach((label, k) => {
    const counts = Uint32Array.from({ length: folds }, (_, fold) => of(fold)[k]);
    if (sum(counts) === 0) {
      throw new DataError(
        `y has 0 rows of class ${String(label)}${kept ? " that weigh anything" : ""}: no fit would know it. Drop the class or add rows of it.`,
      );
    }
    const only = counts.findIndex((count) => count === sum(counts));
    if (only < 0) return;
    throw new DataError(
      `All ${sum(counts)} rows of class ${String(label)} are in fold ${only} of folds: a fit without that fold would lack the class. ` +
        "Spread it over two folds or more, or drop it.",
    );
  });
  return Uint32Array.from(numbers);
}
