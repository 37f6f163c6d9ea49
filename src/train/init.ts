/** Initial weights: zeros, nearest centroids, or those of another model. */
import type { Label } from "../data/labels.js";
import { range } from "../core/random.js";
import { readSample } from "../data/sample.js";
import { type FeatureUnits, toUnits } from "../data/units.js";
import { type RowSource, readChosenBlocks } from "../core/row-source.js";
import { type FloatArray, type Rows, inF64 } from "../core/rows.js";
import { logits } from "../math/passes.js";
import { DataError, OptionError } from "../core/errors.js";
import { temperatureOf } from "../model/calibration.js";
import { show } from "../core/show.js";
import { shrinkageOf } from "../math/shrinkage.js";

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
  const weights = init === "centroids" ? await centroids(beginning) : warm(init, beginning);
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

/**
 * The temperature is fitted to at most SAMPLE rows, and fewer where their logits would take more than
 * PRODUCTS multiply-adds.
 */
const SAMPLE = 4096;
const PRODUCTS = 2 ** 26;

/**
 * Nearest centroids. For independent features with the same variance in every class the logits are
 * w_k = μ_k / σ² and b_k = log π_k − ½ Σ μ_k² / σ² (linear discriminants with a diagonal covariance; Hastie,
 * Tibshirani & Friedman 2009, 4.3). Real features are not independent, which makes such logits overconfident:
 * they are divided by the temperature that fits best.
 */
async function centroids({ rows, train, classes: k }: Beginning): Promise<Float64Array> {
  const { features } = rows;
  const { mean, share, variance } = await clusters(rows, train, k);
  const ridge = shrinkageOf(variance); // damps features that are nearly constant within the classes
  const weights = new Float64Array((features + 1) * k);
  for (let c = 0; c < k; c++) {
    let intercept = Math.log(share[c]);
    for (let d = 0; d < features; d++) {
      const weight = mean[d * k + c] / (variance[d] + ridge);
      weights[d * k + c] = weight;
      intercept -= 0.5 * weight * mean[d * k + c];
    }
    weights[features * k + c] = intercept;
  }
  const most = Math.min(SAMPLE, Math.ceil(PRODUCTS / weights.length));
  return cooled(weights, inF64(await readSample(rows, train, most)), k);
}

/**
 * Computes, by weight, the mean of each feature and class, (features, classes), the share of each class,
 * (classes), and the variance about the class means, (features).
 */
async function clusters(
  source: RowSource,
  chosen: Uint32Array,
  classes: number,
): Promise<{
  readonly mean: Float64Array;
  readonly share: Float64Array;
  readonly variance: Float64Array;
}> {
  const { features, scale, labels, weights } = source;
  const mean = new Float64Array(features * classes);
  const share = new Float64Array(classes);
  const weightOf = (row: number) => (weights ? weights[row] : 1);
  for await (const block of readChosenBlocks(source, chosen)) {
    for (const row of block.chosen) {
      const start = (row - block.first) * features;
      share[labels[row]] += weightOf(row);
      for (let d = 0; d < features; d++) {
        mean[d * classes + labels[row]] += weightOf(row) * scale * block.x[start + d];
      }
    }
  }
  const total = share.reduce((a, b) => a + b, 0);
  // A class without rows counts half as much as the rarest of the others, so that its logit stays finite.
  const counts = share.slice();
  const least = counts.reduce((a, b) => (b > 0 ? Math.min(a, b) : a), Infinity) / 2;
  for (let c = 0; c < classes; c++) share[c] = (counts[c] || least) / total;
  for (let i = 0; i < mean.length; i++) if (counts[i % classes] > 0) mean[i] /= counts[i % classes];
  const variance = new Float64Array(features);
  for await (const block of readChosenBlocks(source, chosen)) {
    for (const row of block.chosen) {
      const start = (row - block.first) * features;
      for (let d = 0; d < features; d++) {
        const apart = scale * block.x[start + d] - mean[d * classes + labels[row]];
        variance[d] += (weightOf(row) * apart * apart) / total;
      }
    }
  }
  return { mean, share, variance };
}

/**
 * Divides the weights by the temperature that fits the rows best. Returns them unchanged where there is none.
 */
function cooled(weights: Float64Array, rows: Rows, classes: number): Float64Array {
  try {
    const temperature = temperatureOf(rows, logits(rows, range(rows.count), weights, classes), classes);
    return weights.map((weight) => weight / temperature);
  } catch (error) {
    if (error instanceof DataError) return weights; // all rows right, or logits unrelated to labels
    throw error;
  }
}
