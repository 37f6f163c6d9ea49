/** Checks the data that a caller passes and turns them into rows that an engine can place. */
import { range } from "../core/random.js";
import type { FloatArray, Rows } from "../core/rows.js";
import { DataError } from "../core/errors.js";
import { show } from "../core/show.js";
import { isList } from "../core/checks.js";
import { type Features, type TrainedFeatures, checkSizes, createFeatureRows } from "./features.js";
import { type Columns, checkColumns } from "./feature-names.js";
import { checkFields } from "./fields.js";
import { type Label, numberLabels } from "./labels.js";
import { toNumber } from "./numbers.js";
import { type Offsets, addedOffsets } from "./offsets.js";
import type { Schema } from "./schema.js";
import { areLabels, guessFeatures, oneHot, softTargets } from "./targets.js";

/**
 * Labelled examples: rows of features, and a label or soft targets for each row.
 *
 * @example
 * ```ts
 * const data = { x: new Float32Array([0, 1, 2, 3, 4, 5]), y: ["no", "yes", "no"] }; // 3 rows of 2 features
 * ```
 */
export interface TrainingData<L extends Label = Label> {
  /**
   * Features: a flat typed array, row after row, or an array of rows. Bytes stay bytes on the device, and the
   * values of a Float16Array stay f16.
   */
  readonly x: Features;
  /**
   * (rows) label of each row, all of one type: strings, whole numbers, booleans or bigints. Or soft targets:
   * floats, (rows, classes), each row adding up to 1. These need `classes` and, if x is flat and every target
   * is 0 or 1, `features`.
   */
  readonly y: ArrayLike<L> | Float32Array | Float64Array;
  /**
   * Features in a row of a flat `x`. Default: values in x ÷ rows in y. Required where y could be labels or
   * one-hot targets alike.
   */
  readonly features?: number | undefined;
  /**
   * Value of one unit of a byte: features are `scale · byte`. For bytes only. Default 1/255; for validation
   * data and evaluation, the scale of the training.
   */
  readonly scale?: number | undefined;
  /** (rows) weight ≥ 0 of each row. Default 1 each. */
  readonly weights?: ArrayLike<number> | undefined;
  /**
   * (rows, classes) numbers added to the logits, such as the logits of another model: a flat array, row after
   * row, or an array of rows, with the classes sorted or in the order of `classes`. Z = X·W + O. At most 1e30
   * in size. Default none.
   */
  readonly offsets?: Offsets | undefined;
  /** The classes, in the order of logits and probabilities. Default: the labels in y, sorted. */
  readonly classes?: ArrayLike<L> | undefined;
  /** (features) A name for each feature. The model has them, and rejects rows whose names are others. */
  readonly featureNames?: readonly string[] | undefined;
  /** How the columns of a file became features, as `read` returns it. The model has it, for other files. */
  readonly schema?: Schema | undefined;
  /** Notes of `read` about what it has read. Training does not use them. */
  readonly notes?: readonly string[] | undefined;
  /** Numbers of the rows of a file that `read` kept. Training does not use them. */
  readonly kept?: Uint32Array | undefined;
}

/** Training data after the checks. */
export interface Dataset<L extends Label> {
  readonly columns: Columns;
  readonly rows: Rows;
  readonly classes: readonly L[];
}

/** What further data must agree with: a model, or the rows that one is trained on. */
export interface Trained<L extends Label> extends TrainedFeatures, Pick<Columns, "featureNames"> {
  readonly classes: readonly L[];
  /** True if the training has offsets. */
  readonly offsets?: boolean | undefined;
}

/**
 * Checks all of `data` before any work starts. Throws a DataError if they are invalid, or disagree with
 * `trained`. `where` prefixes field names in errors: "", or "validation.".
 */
export function createDataset<L extends Label>(
  data: TrainingData<L>,
  where = "",
  trained?: Trained<L>,
): Dataset<L> {
  checkFields(data, where);
  const { x, y, features, scale, weights: givenWeights, offsets, classes: givenClasses } = data;
  if (y === undefined) throw new DataError(`${where}y is missing: give the label of each row.`);
  if (!isList(y)) throw new DataError(`${where}y is ${show(y)}: pass an array with the label of each row.`);
  if (y.length === 0) throw new DataError(`${where}y is empty: there is nothing to train on.`);
  const given = trained?.classes ?? givenClasses;
  if (given !== undefined && !isList(given)) {
    throw new DataError(`${where}classes is ${show(given)}: pass an array, such as [...classes].`);
  }

  const placed = createFeatureRows({ x, features, scale }, where, trained, (values) =>
    guessFeatures(values, y, given?.length, where),
  );
  const { count } = placed;
  const columns = checkColumns(data, placed.features, where, trained);
  const weights = givenWeights === undefined ? undefined : rowWeights(givenWeights, count, where);
  checkSizes(placed, where, trained, weights);
  const rows = { ...placed, ...(weights && { weights }) };
  if (!areLabels(y, count, given?.length)) {
    const { classes } = numberLabels<L>([], given, `${where}y`);
    const added = addedOffsets(offsets, count, classes.length, where, trained);
    return { rows: { ...rows, ...softTargets(y, classes.length, `${where}y`), ...added }, classes, columns };
  }
  if (count !== y.length) throw new DataError(miscounted(count, placed.features, y.length, where));
  const { labels, classes } = numberLabels(y, given, `${where}y`);
  return {
    rows: { ...rows, labels, ...addedOffsets(offsets, count, classes.length, where, trained) },
    classes,
    columns,
  };
}

function miscounted(count: number, features: number, labels: number, where: string): string {
  const each = labels / count;
  return (
    `${where}x has ${count} rows of ${features} features and ${where}y has ${labels} labels: there must be one for each row.` +
    (Number.isInteger(each) && each > 1
      ? ` If y is targets, soft or one-hot, pass it as a Float32Array, with ${each} classes.`
      : "")
  );
}

/** Appends the validation rows `b` to the rows `a`. */
export function concatenate(a: Rows, b: Rows): Rows {
  const count = a.count + b.count;
  const labels = new Uint32Array(count);
  labels.set(a.labels);
  labels.set(b.labels, a.count);
  const weights = a.weights || b.weights ? new Float64Array(count).fill(1) : undefined;
  if (a.weights) weights?.set(a.weights);
  if (b.weights) weights?.set(b.weights, a.count);
  const numbers = a.numbers || b.numbers ? new Uint32Array(count) : undefined;
  numbers?.set(a.numbers ?? range(a.count));
  numbers?.set(b.numbers ?? range(b.count), a.count);
  const targets = joinTargets(a, b);
  const offsets = a.offsets && b.offsets && joined(a.offsets, b.offsets);
  return {
    ...a,
    count,
    ...joinFeatures(a, b),
    labels,
    validationFrom: a.count,
    ...(weights && { weights }),
    ...(targets && { targets }),
    ...(offsets && { offsets }),
    ...(numbers && { numbers }),
  };
}

/** Joins soft targets, (rows, classes), if either has some. Labels of the other become one-hot targets. */
function joinTargets(a: Rows, b: Rows): Float64Array | undefined {
  const [soft] = [a, b].filter(({ targets }) => targets);
  if (!soft?.targets) return undefined;
  const classes = soft.targets.length / soft.count;
  const [first, second] = [a, b].map((rows) => rows.targets ?? oneHot(rows, classes));
  return joined(first, second);
}

function joined(first: FloatArray, second: FloatArray): Float64Array {
  const together = new Float64Array(first.length + second.length);
  together.set(first);
  together.set(second, first.length);
  return together;
}

/** Joins features: bytes of the same scale stay bytes; else they become f64 if either is f64, or f32. */
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

/** Limit of the largest weight, and of its inverse: weighted sums of losses then stay finite in f64. */
const LARGEST_WEIGHT = 1e100;

/** Checks the weights. They are kept in f64, which holds 1e-30 and 1e39 alike. */
function rowWeights(given: unknown, count: number, where: string): Float64Array {
  if (!isList(given)) {
    throw new DataError(`${where}weights is ${show(given)}: pass an array with a number ≥ 0 for each row.`);
  }
  if (given.length !== count) {
    throw new DataError(
      `${where}weights has ${given.length} values for ${count} rows: there must be one for each.`,
    );
  }
  const weights = new Float64Array(count);
  let largest = 0;
  for (let row = 0; row < count; row++) {
    const weight = toNumber(given[row], (shown) => `${where}weights[${row}] is ${shown}`);
    if (!(weight >= 0 && weight < Infinity)) {
      throw new DataError(`${where}weights[${row}] is ${weight}: a weight is a finite number ≥ 0.`);
    }
    weights[row] = weight;
    largest = Math.max(largest, weight);
  }
  if (largest === 0) throw new DataError(`${where}weights are all 0: no row counts.`);
  if (!(largest >= 1 / LARGEST_WEIGHT && largest <= LARGEST_WEIGHT)) {
    throw new DataError(
      `${where}weights are at most ${largest}, and must be between ${1 / LARGEST_WEIGHT} and ${LARGEST_WEIGHT}: ` +
        "only their ratios count, so multiply all by one number.",
    );
  }
  return weights;
}
