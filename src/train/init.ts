/** Initial weights: zeros, nearest centroids, or those of another model. */
import type { Label } from "../data/labels.js";
import { type FeatureUnits, toUnits } from "../data/units.js";
import type { RowSource } from "../core/row-source.js";
import type { FloatArray } from "../core/rows.js";
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
  readonly origin?: ArrayLike<number> | undefined;
}

/** The source of the initial weights. */
export interface Beginning {
  /** A name, or the weights of a model in the units of the data, (features + 1, classes). */
  readonly init: "zeros" | "centroids" | Float64Array;
  /** All placed rows, in the units of the task. */
  readonly rows: RowSource;
  /** Numbers of the rows to train on. */
  readonly train: Uint32Array;
  /** Number of classes. */
  readonly classes: number;
  readonly intercept: boolean;
  /** Units of `rows`. Absent when they are those of the data. */
  readonly units?: FeatureUnits | undefined;
}

/**
 * Returns the initial weights, (features + 1, classes), in the units of the rows, with the intercept last.
 * Their mean over the classes, which softmax ignores, is 0.
 */
export async function startingWeights(beginning: Beginning): Promise<FloatArray> {
  const { init, rows, classes, intercept } = beginning;
  if (init === "zeros") return new Float32Array((rows.features + 1) * classes);
  const weights = init === "centroids" ? await centroidsOf(beginning) : warm(init, beginning);
  for (let first = 0; first < weights.length; first += classes) {
    const row = weights.subarray(first, first + classes);
    const mean = row.reduce((a, b) => a + b, 0) / row.length;
    row.forEach((weight, k) => (row[k] = weight - mean));
  }
  if (!intercept) weights.fill(0, rows.features * classes);
  return weights;
}

function warm(weights: Float64Array, { classes, units }: Beginning): Float64Array {
  return units ? toUnits(weights, units, classes) : weights.slice();
}

/**
 * Takes the model's weights minus their mean over its classes, so that a class that is new to it starts from
 * 0, the mean of the others. Classes that are no longer in the data are left out. Returns (features + 1,
 * classes), and throws an OptionError when the model does not fit the data.
 */
export function weightsOf<L extends Label>(
  model: StartingModel<L>,
  features: number,
  classes: readonly L[],
): Float64Array {
  if (model.features !== features) {
    throw new OptionError(
      `init is a model of ${model.features} features, but x has rows of ${features}: it can't be gone on from.`,
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
  const weights = new Float64Array((features + 1) * classes.length);
  for (let d = 0; d <= features; d++) {
    const row = known.map((_, k) => (d < features ? model.weights[d * own + k] : bias[k]));
    const mean = row.reduce((a, b) => a + b, 0) / own;
    classes.forEach((label, k) => {
      const number = numbers.get(label);
      if (number !== undefined) weights[d * classes.length + k] = row[number] - mean;
    });
  }
  return weights;
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

/** Loads the code of centroids: few trainings start from them. */
async function centroidsOf(beginning: Beginning): Promise<Float64Array> {
  const { centroids } = await import("./centroids.js");
  return centroids(beginning.rows, beginning.train, beginning.classes);
}
