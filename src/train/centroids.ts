/** Initial weights from the centroids of the classes. */
import { DataError } from "../core/errors.js";
import { range } from "../core/random.js";
import { type RowSource, readChosenBlocks } from "../core/row-source.js";
import { type Rows, inF64 } from "../core/rows.js";
import { readSample } from "../data/sample.js";
import { shrinkageOf } from "../math/shrinkage.js";
import { logits } from "../math/passes.js";
import { temperatureOf } from "../model/calibration.js";

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
export async function centroids(rows: RowSource, train: Uint32Array, classes: number): Promise<Float64Array> {
  const { features } = rows;
  const { mean, share, variance } = await clusters(rows, train, classes);
  const ridge = shrinkageOf(variance); // damps features that are nearly constant within the classes
  const weights = new Float64Array((features + 1) * classes);
  for (let c = 0; c < classes; c++) {
    let intercept = Math.log(share[c]);
    for (let d = 0; d < features; d++) {
      const weight = mean[d * classes + c] / (variance[d] + ridge);
      weights[d * classes + c] = weight;
      intercept -= 0.5 * weight * mean[d * classes + c];
    }
    weights[features * classes + c] = intercept;
  }
  const most = Math.min(SAMPLE, Math.ceil(PRODUCTS / weights.length));
  return cooled(weights, inF64(await readSample(rows, train, most)), classes);
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
async function cooled(weights: Float64Array, rows: Rows, classes: number): Promise<Float64Array> {
  const { count } = rows;
  const z = logits(rows, range(count), weights, classes);
  try {
    const temperature = await temperatureOf(rows, classes, () => [{ first: 0, count, z }]);
    return weights.map((weight) => weight / temperature);
  } catch (error) {
    if (error instanceof DataError) return weights; // all rows right, or logits unrelated to labels
    throw error;
  }
}
