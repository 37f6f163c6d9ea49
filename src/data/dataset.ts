/** What people hand in, checked and turned into rows that an engine can place. */
import type { FeatureRows, FlatFeatures, FloatArray, Rows } from "../engine/engine.js";
import { DataError } from "../errors.js";
import { type Label, labelling } from "./labels.js";
import { areLabels, softTargets } from "./targets.js";

export type Features = FlatFeatures | readonly ArrayLike<number>[];

export interface TrainingData<L extends Label = Label> {
  /** Rows of features: a flat array, row after row, or an array of rows. Bytes stay bytes on the device, and halves (a Float16Array) halves. */
  readonly x: Features;
  /**
   * The label of each row, of any one type: strings, whole numbers, booleans. Or soft targets, with `classes` and, for a
   * flat x, `features`: floats, rows × classes, row after row, each row adding up to 1.
   */
  readonly y: ArrayLike<L> | Float32Array | Float64Array;
  /** Features in a row of a flat `x`. Default: values in x ÷ labels in y. */
  readonly features?: number;
  /** What a unit of a byte means: features are `scale · byte`. Default 1/255; for bytes only. */
  readonly scale?: number;
  /** A weight ≥ 0 for each row. Default: 1. */
  readonly weights?: ArrayLike<number>;
  /** The classes, in the order that logits and probabilities are to have. Default: the labels in y, sorted. */
  readonly classes?: readonly L[];
}

export interface Dataset<L extends Label> {
  /** Of soft targets, labelled by the class that each row is most of. */
  readonly rows: Rows;
  readonly classes: readonly L[];
  /** (rows, classes) the soft targets, where there are no labels. */
  readonly targets?: FloatArray;
}

/** Checks all of `data` before any work starts. `where` names it in errors: "", or "validation." */
export function dataset<L extends Label>(data: TrainingData<L>, where = ""): Dataset<L> {
  if (typeof data.y?.length !== "number")
    throw new DataError(`${where}y is missing: give the label of each row.`);
  if (data.y.length === 0) throw new DataError(`${where}y is empty: there is nothing to train on.`);
  const { x, features, count, scale } = featureRows(data, where, data.y.length);
  const weights = data.weights && rowWeights(data.weights, count, where);
  const rows = { count, features, x, scale, ...(weights && { weights }) };
  const { y } = data;
  if (!areLabels(y, count, data.classes)) {
    const { classes } = labelling<L>([], data.classes, `${where}y`);
    const { targets, labels } = softTargets(y, classes.length, `${where}y`);
    return { rows: { ...rows, labels }, classes, targets };
  }
  if (count !== y.length) {
    throw new DataError(
      `${where}x has ${count} rows of ${features} features and ${where}y has ${y.length} labels: there must be one for each row.`,
    );
  }
  const { labels, classes } = labelling(y, data.classes, `${where}y`);
  return { rows: { ...rows, labels }, classes };
}

/** The features of `data` as one flat, finite array. `labels` is what `features` is guessed from when it is absent. */
export function featureRows(
  data: { readonly x: Features; readonly features?: number; readonly scale?: number },
  where: string,
  labels?: number,
): FeatureRows {
  const flat = isFlat(data.x) ? data.x : flatten(data.x, where);
  if (flat.length === 0) throw new DataError(`${where}x is empty: there is nothing to compute on.`);

  const features =
    data.features ?? (isFlat(data.x) ? flat.length / (labels ?? Number.NaN) : data.x[0].length);
  if (!Number.isInteger(features) || features < 1) {
    throw new DataError(
      data.features === undefined && labels
        ? `${where}x has ${flat.length} values for ${labels} labels, which is not a whole number of features a row: pass features.`
        : `${where}features is ${data.features}, and must be a whole number ≥ 1.`,
    );
  }
  if (!isFlat(data.x) && data.x[0].length !== features) {
    throw new DataError(`${where}x has rows of ${data.x[0].length} values, but features is ${features}.`);
  }
  if (flat.length % features !== 0) {
    const count = Math.floor(flat.length / features);
    throw new DataError(
      `${where}x has ${flat.length} values, which do not divide into rows of ${features} features: ` +
        `${count} rows are ${count * features} values, and ${flat.length - count * features} are left.`,
    );
  }
  if (flat instanceof Uint8Array) {
    const scale = data.scale ?? 1 / 255;
    if (!Number.isFinite(scale) || scale === 0) {
      throw new DataError(`${where}scale is ${scale}, and must be a finite number other than 0.`);
    }
    return { x: flat, features, count: flat.length / features, scale };
  }
  if (data.scale !== undefined) {
    throw new DataError(
      `${where}scale is ${data.scale}, but says what a byte means, and x is a ${kindOf(flat)}: leave it out.`,
    );
  }
  const bad = flat.findIndex((value: number) => !Number.isFinite(value));
  if (bad >= 0) {
    const [row, column] = [Math.floor(bad / features), bad % features];
    throw new DataError(
      `${where}x is ${flat[bad]} at row ${row}, column ${column}: features must be finite. Drop the row or fill the value in.`,
    );
  }
  return { x: flat, features, count: flat.length / features, scale: 1 };
}

/** The rows of `a`, then those of `b`. */
export function concatenate(a: Rows, b: Rows): Rows {
  const count = a.count + b.count;
  const labels = new Uint32Array(count);
  labels.set(a.labels);
  labels.set(b.labels, a.count);
  const weights = a.weights || b.weights ? new Float64Array(count).fill(1) : undefined;
  if (a.weights) weights?.set(a.weights);
  if (b.weights) weights?.set(b.weights, a.count);
  return { ...a, count, ...joinFeatures(a, b), labels, ...(weights && { weights }) };
}

/** Bytes of one scale stay bytes; all else meets in the wider of the two types. */
function joinFeatures(a: Rows, b: Rows): Pick<Rows, "x" | "scale"> {
  const bytes = a.x instanceof Uint8Array && b.x instanceof Uint8Array && a.scale === b.scale;
  const double = a.x instanceof Float64Array || b.x instanceof Float64Array;
  const length = a.x.length + b.x.length;
  const x = bytes ? new Uint8Array(length) : double ? new Float64Array(length) : new Float32Array(length);
  if (bytes) {
    x.set(a.x);
    x.set(b.x, a.x.length);
    return { x, scale: a.scale };
  }
  for (let i = 0; i < a.x.length; i++) x[i] = a.scale * a.x[i];
  for (let i = 0; i < b.x.length; i++) x[a.x.length + i] = b.scale * b.x[i];
  return { x, scale: 1 };
}

function rowWeights(given: ArrayLike<number>, count: number, where: string): Float64Array {
  if (given.length !== count) {
    throw new DataError(
      `${where}weights has ${given.length} values for ${count} rows: there must be one for each.`,
    );
  }
  const weights = Float64Array.from(given);
  let total = 0;
  for (let row = 0; row < count; row++) {
    if (!(weights[row] >= 0 && weights[row] < Infinity)) {
      throw new DataError(`${where}weights[${row}] is ${given[row]}: a weight is a finite number ≥ 0.`);
    }
    total += weights[row];
  }
  if (total === 0) throw new DataError(`${where}weights are all 0: no row counts.`);
  return weights;
}

function isFlat(x: Features): x is FlatFeatures {
  return (
    x instanceof Float32Array ||
    x instanceof Float64Array ||
    x instanceof Uint8Array ||
    (typeof Float16Array !== "undefined" && x instanceof Float16Array)
  );
}

function flatten(x: readonly ArrayLike<number>[], where: string): Float64Array {
  if (!Array.isArray(x)) {
    throw new DataError(
      `${where}x is a ${kindOf(x)}: pass a Float32Array, Float64Array, Float16Array, Uint8Array or an array of rows.`,
    );
  }
  if (x.length === 0) return new Float64Array(0);
  if (typeof x[0] === "number") {
    throw new DataError(
      `${where}x is an array of numbers: pass an array of rows, or a flat Float32Array with features.`,
    );
  }
  const features = x[0].length;
  const flat = new Float64Array(x.length * features);
  for (let row = 0; row < x.length; row++) {
    if (x[row].length !== features) {
      throw new DataError(
        `${where}x has ${x[row].length} features in row ${row} and ${features} in row 0: all rows must have as many.`,
      );
    }
    flat.set(x[row], row * features);
  }
  return flat;
}

function kindOf(value: unknown): string {
  return value?.constructor?.name ?? typeof value;
}
