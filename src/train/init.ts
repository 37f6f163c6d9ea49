/** Initial weights: zeros, nearest centroids, or those of another model. */
import type { Label } from "../data/labels.js";
import { type FeatureUnits, toUnits } from "../data/units.js";
import type { FloatArray, Rows } from "../core/rows.js";
import { OptionError } from "../core/errors.js";
import { show } from "../core/show.js";

/**
 * The fields of a model that a training can start from: a SoftmaxModel, or its numbers in arrays of any kind.
 */
export interface StartingModel<L extends Label> {
  /** (classes) The class labels. At least one must be a class of the data. */
  readonly classes: ArrayLike<L>;
  /** Features in a row, as many as the data have. */
  readonly features: number;
  /** (features, classes) flat, row by row. */
  readonly weights: ArrayLike<number>;
  /** (classes) The intercept: the logits at the origin. */
  readonly bias: ArrayLike<number>;
  /** (features) Subtracted from x. Default: zeros. */
  readonly origin?: ArrayLike<number>;
}

/** What the initial weights are computed from. */
export interface Beginning<L extends Label> {
  readonly init: "zeros" | "centroids" | StartingModel<L>;
  /** All placed rows, in the units of the task. */
  readonly rows: Rows;
  /** Numbers of the rows to train on. */
  readonly train: Uint32Array;
  readonly classes: readonly L[];
  readonly intercept: boolean;
  /** Units of `rows`. Absent when they are those of the data. */
  readonly units?: FeatureUnits;
}

/**
 * Returns a function that computes the initial weights, (features + 1, classes), in the units of the rows,
 * with the intercept last. Their mean over the classes, which softmax ignores, is 0. Throws an OptionError
 * when the model to start from does not fit the data.
 */
export function startingWeights<L extends Label>(beginning: Beginning<L>): () => Promise<FloatArray> {
  const { init, rows, classes } = beginning;
  if (init === "centroids") {
    return async () => {
      const { centroids } = await import("./centroids.js");
      return centred(centroids(rows, beginning.train, classes.length), beginning);
    };
  }
  const weights =
    init === "zeros"
      ? new Float32Array((rows.features + 1) * classes.length)
      : centred(warm(init, beginning), beginning);
  return async () => weights;
}

function centred<L extends Label>(
  weights: Float64Array,
  { rows, classes, intercept }: Beginning<L>,
): Float64Array {
  for (let first = 0; first < weights.length; first += classes.length) {
    const row = weights.subarray(first, first + classes.length);
    const mean = row.reduce((a, b) => a + b, 0) / row.length;
    row.forEach((weight, k) => (row[k] = weight - mean));
  }
  if (!intercept) weights.fill(0, rows.features * classes.length);
  return weights;
}

/**
 * Takes the model's weights minus their mean over its classes, so that a class that is new to it starts from
 * 0, the mean of the others. Classes that are no longer in the data are left out.
 */
function warm<L extends Label>(
  model: StartingModel<L>,
  { rows, classes, units }: Beginning<L>,
): Float64Array {
  if (model.features !== rows.features) {
    throw new OptionError(
      `init is a model of ${model.features} features, but x has rows of ${rows.features}: it can't be gone on from.`,
    );
  }
  const known = Array.from(model.classes);
  const numbers = new Map(known.map((label, number) => [label, number]));
  if (!classes.some((label) => numbers.has(label))) {
    throw new OptionError(
      `init is a model of ${known.length} classes (${show(known[0])}, …), none of which is among the ` +
        `${classes.length} of the data (${show(classes[0])}, …): start from zeros.`,
    );
  }
  const own = known.length;
  const bias = atZero(model);
  const weights = new Float64Array((rows.features + 1) * classes.length);
  for (let d = 0; d <= rows.features; d++) {
    const row = known.map((_, k) => (d < rows.features ? model.weights[d * own + k] : bias[k]));
    const mean = row.reduce((a, b) => a + b, 0) / own;
    classes.forEach((label, k) => {
      const number = numbers.get(label);
      if (number !== undefined) weights[d * classes.length + k] = row[number] - mean;
    });
  }
  return units ? toUnits(weights, units, classes.length) : weights;
}

/** Returns the intercepts b − origin·W, (classes), which are the logits at x = 0. */
function atZero({ classes, features, weights, bias, origin }: StartingModel<Label>): Float64Array {
  const moved = Float64Array.from(bias);
  if (!origin) return moved;
  for (let d = 0; d < features; d++) {
    for (let k = 0; k < moved.length; k++) moved[k] -= origin[d] * weights[d * classes.length + k];
  }
  return moved;
}
