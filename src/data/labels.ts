import { DataError } from "../errors.js";

/** What a class may be called. Whole numbers, not fractions: a fraction is a regression's target. */
export type Label = string | number | boolean | bigint;

/** Labels as the numbers of their classes, and the classes in the order of those numbers. */
export interface Labelling<L extends Label> {
  /** (rows) */
  readonly labels: Uint32Array;
  readonly classes: readonly L[];
}

/**
 * The distinct labels in sorted order (strings by their UTF-16 units) are the classes, as in scikit-learn; `classes` gives another order, or classes
 * without an example. Throws a DataError when a label is no label, is not among `classes`, or when there is one class only.
 */
export function labelling<L extends Label>(
  y: ArrayLike<L>,
  classes: readonly L[] | undefined,
  where: string,
): Labelling<L> {
  const ordered = classes ?? distinct(y, where);
  if (classes) distinct(classes, "classes"); // for its checks; the order is the one given
  const numbers = new Map(ordered.map((label, number) => [label, number]));
  if (numbers.size < ordered.length) {
    throw new DataError(`classes names ${ordered.length} classes but only ${numbers.size} different ones.`);
  }
  if (ordered.length < 2) {
    throw new DataError(
      `${where} holds ${ordered.length} class only (${ordered.map(show).join(", ")}), and a classifier needs at least 2. ` +
        "If the others have no examples yet, name them all in classes.",
    );
  }
  const labels = new Uint32Array(y.length);
  for (let row = 0; row < y.length; row++) {
    const number = numbers.get(y[row]);
    if (number === undefined) {
      throw new DataError(
        `${where}[${row}] is ${show(y[row])}, which is not among the ${ordered.length} classes (${summary(ordered)}).`,
      );
    }
    labels[row] = number;
  }
  return { labels, classes: ordered };
}

function distinct<L extends Label>(y: ArrayLike<L>, where: string): L[] {
  const found = new Set<L>();
  const kind = typeof y[0];
  for (let row = 0; row < y.length; row++) {
    const label = y[row];
    if (typeof label !== kind) {
      throw new DataError(
        `${where}[${row}] is ${show(label)}, a ${typeof label}, but ${where}[0] is a ${kind}: labels must be of one type.`,
      );
    }
    if (!found.has(label)) {
      if (!isLabel(label)) {
        throw new DataError(
          `${where}[${row}] is ${show(label)}: a label is a whole number, a string, a boolean or a bigint.`,
        );
      }
      found.add(label);
    }
  }
  return [...found].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

function isLabel(label: unknown): boolean {
  if (typeof label === "number") return Number.isInteger(label);
  return typeof label === "string" || typeof label === "boolean" || typeof label === "bigint";
}

function show(label: unknown): string {
  return typeof label === "string" ? JSON.stringify(label) : String(label);
}

function summary(classes: readonly Label[]): string {
  const shown = classes.slice(0, 8).map(show).join(", ");
  return classes.length > 8 ? `${shown}, …` : shown;
}
