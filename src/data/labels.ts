/** Turns labels into class numbers. */
import { DataError } from "../core/errors.js";
import { show } from "../core/show.js";

/** Label of a class. Numbers must be whole: a fraction is the target of a regression. */
export type Label = string | number | boolean | bigint;

/** Class numbers of rows, and the classes in the order of those numbers. */
export interface Labelling<L extends Label> {
  /** (rows) class number of each row, from 0. */
  readonly labels: Uint32Array;
  readonly classes: readonly L[];
}

/**
 * Numbers the labels by class. The classes are the distinct labels in sorted order (strings by their UTF-16
 * units), as in scikit-learn, or `given`, which may have another order and classes without examples. Throws a
 * DataError if a label is invalid or not among the classes, or if there are fewer than two classes.
 */
export function numberLabels<L extends Label>(
  y: ArrayLike<L>,
  given: ArrayLike<L> | undefined,
  where: string,
): Labelling<L> {
  const classes = given ? distinct(given, "classes") : distinct(y, where).sort(ascending);
  if (given && classes.length < given.length) {
    throw new DataError(`classes names ${given.length} classes but only ${classes.length} different ones.`);
  }
  if (classes.length < 2) {
    throw new DataError(
      `${where} holds ${classes.length} class only (${classes.map(show).join(", ")}), and a classifier needs at least 2. ` +
        "If the others have no examples yet, name them all in classes.",
    );
  }
  const numbers = new Map(classes.map((label, number) => [label, number]));
  const labels = new Uint32Array(y.length);
  for (let row = 0; row < y.length; row++) {
    const number = numbers.get(y[row]);
    if (number === undefined) {
      throw new DataError(
        `${where}[${row}] is ${show(y[row])}, which is not among the ${classes.length} classes (${summary(classes)}).`,
      );
    }
    labels[row] = number;
  }
  return { labels, classes };
}

/** Distinct labels in the order in which they first appear. 0 and −0 are the same label. */
function distinct<L extends Label>(labels: ArrayLike<L>, where: string): L[] {
  const found = new Set<L>();
  const kind = typeof labels[0];
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (found.has(label)) continue;
    if (!isLabel(label)) {
      throw new DataError(
        `${where}[${i}] is ${show(label)}: a label is a whole number, a string, a boolean or a bigint.`,
      );
    }
    if (typeof label !== kind) {
      throw new DataError(
        `${where}[${i}] is ${show(label)}, a ${typeof label}, but ${where}[0] is a ${kind}: labels must be of one type.`,
      );
    }
    found.add(label);
  }
  return [...found];
}

function ascending(a: Label, b: Label): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isLabel(label: unknown): boolean {
  if (typeof label === "number") return Number.isInteger(label);
  return typeof label === "string" || typeof label === "boolean" || typeof label === "bigint";
}

function summary(classes: readonly Label[]): string {
  const shown = classes.slice(0, 8).map(show).join(", ");
  return classes.length > 8 ? `${shown}, …` : shown;
}
