/**
 * Compares trainings with TensorFlow.js on its cpu backend. Its `tf.losses.softmaxCrossEntropy` is the exact
 * log-sum-exp with the gradient s − y, and its optimizers are the textbook's.
 *
 * TensorFlow.js keeps everything in f32, u = 2⁻²⁴ by rounding; smigh's reference computes in f64 and rounds
 * its weights once at the end. A loss, an element of the gradient or a logit is a chain of at most `CHAIN`
 * operations on values of at most about 4, so it is off by at most γ = CHAIN·u·4. An update moves a weight by
 * rate·g / (1 − momentum), so its error is that of `steps` such updates. (In Adam 1 − β₂ is off by u/0.001 in
 * f32; the root halves that to 3e-5, which is less than the effect of the gradient's error.)
 */
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, test } from "vitest";
import { type TrainOptions, train } from "../../src/index.js";
import type { Rows } from "../../src/core/rows.js";
import { distance } from "../support/arrays.js";
import { randomRows } from "../support/examples.js";
import { gradientAt } from "../support/passes.js";

const FEATURES = 6;
const CLASSES = 4;
const BATCH = 16;
/**
 * Operations behind one element of a mean gradient: features, exponentials, classes, rows, and a few more.
 */
const CHAIN = FEATURES + 8 + CLASSES + BATCH + 6;
const ERROR = CHAIN * 2 ** -24 * 4;
/**
 * Adam divides the gradient by the root of its mean square, here typically 0.06 and at least 0.004, so the
 * error is at most rate·ERROR/0.004.
 */
const ADAM = 250;

beforeAll(async () => {
  await tf.setBackend("cpu");
  await tf.ready();
});

function lossOf(
  rows: Rows,
  w: tf.Tensor2D,
  b: tf.Tensor1D,
  first = 0,
  count = rows.count,
  smoothing = 0,
): tf.Scalar {
  return tf.tidy(() => {
    const x = tf.tensor2d(Float32Array.from(rows.x), [rows.count, FEATURES]).slice([first], [count]);
    const y = tf.oneHot(tf.tensor1d(Int32Array.from(rows.labels), "int32").slice([first], [count]), CLASSES);
    const logits = x.matMul(w).add(b);
    return tf.losses.softmaxCrossEntropy(y, logits, undefined, smoothing).asScalar();
  });
}

/** (features + 1, classes) the weights after TensorFlow.js's steps, batch by batch. */
function fitWithTensorFlow(
  rows: Rows,
  optimizer: tf.Optimizer,
  epochs: number,
  smoothing?: number,
): Float32Array {
  return tf.tidy(() => {
    const w = tf.variable(tf.zeros<tf.Rank.R2>([FEATURES, CLASSES]));
    const b = tf.variable(tf.zeros<tf.Rank.R1>([CLASSES]));
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (let first = 0; first < rows.count; first += BATCH) {
        const count = Math.min(BATCH, rows.count - first);
        optimizer.minimize(() => lossOf(rows, w, b, first, count, smoothing));
      }
    }
    return Float32Array.from([...w.dataSync(), ...b.dataSync()]);
  });
}

async function fitWithSmigh(rows: Rows, options: TrainOptions<number>): Promise<Float32Array> {
  const model = await train(
    { x: Float64Array.from(rows.x), y: [...rows.labels], features: FEATURES, classes: [0, 1, 2, 3] },
    { engine: "reference", batchSize: BATCH, shuffle: false, ...options },
  );
  return Float32Array.from([...model.weights, ...model.bias]);
}

/** Features that f32 represents exactly, so that both start from the same numbers. */
function singleRows(count: number): Rows {
  const rows = randomRows(count, FEATURES, CLASSES, 7);
  return { ...rows, x: Float32Array.from(rows.x) };
}

test("tf.losses.softmaxCrossEntropy has the same loss and the same gradient", async () => {
  const rows = singleRows(40);
  const weights = Float32Array.from({ length: (FEATURES + 1) * CLASSES }, (_, i) => Math.sin(i));
  const w = tf.tensor2d(weights.slice(0, FEATURES * CLASSES), [FEATURES, CLASSES]);
  const b = tf.tensor1d(weights.slice(FEATURES * CLASSES));
  const { value, grads } = tf.valueAndGrads((one, other) =>
    lossOf(rows, one.as2D(FEATURES, CLASSES), other.as1D()),
  )([w, b]);
  const theirs = Float32Array.from([...grads[0].dataSync(), ...grads[1].dataSync()]);

  const { loss, gradient } = await gradientAt(rows, CLASSES, weights);
  const mean = Array.from(gradient, (g) => g / rows.count);
  expect(Math.abs(value.dataSync()[0] - loss / rows.count)).toBeLessThan(ERROR);
  expect(distance(mean, theirs)).toBeLessThan(ERROR);

  // The tolerance detects one wrong label among the forty.
  const wrong = await gradientAt({ ...rows, labels: rows.labels.with(3, 0) }, CLASSES, weights);
  expect(
    distance(
      Array.from(wrong.gradient, (g) => g / rows.count),
      theirs,
    ),
  ).toBeGreaterThan(100 * ERROR);
});

interface Rule {
  readonly name: string;
  readonly options: TrainOptions<number>;
  readonly optimizer: () => tf.Optimizer;
  /** How far an error in the gradient moves a weight in one step. */
  readonly gain: number;
  /** The same rule with one thing wrong, which the test must detect. */
  readonly wrong: TrainOptions<number>;
}

const RULES: readonly Rule[] = [
  {
    name: "sgd",
    options: { solver: "sgd", learningRate: 0.3 },
    optimizer: () => tf.train.sgd(0.3),
    gain: 0.3,
    wrong: { learningRate: 0.29 },
  },
  {
    name: "sgd on smoothed labels",
    options: { solver: "sgd", learningRate: 0.3, labelSmoothing: 0.1 },
    optimizer: () => tf.train.sgd(0.3),
    gain: 0.3,
    wrong: { labelSmoothing: 0.11 },
  },
  {
    name: "momentum",
    options: { solver: "sgd", learningRate: 0.1, momentum: 0.9 },
    optimizer: () => tf.train.momentum(0.1, 0.9),
    gain: 0.1 / (1 - 0.9),
    wrong: { momentum: 0.8 },
  },
  {
    name: "Nesterov's momentum",
    options: { solver: "sgd", learningRate: 0.1, momentum: 0.9, nesterov: true },
    optimizer: () => tf.train.momentum(0.1, 0.9, true),
    gain: 0.1 / (1 - 0.9),
    wrong: { nesterov: false },
  },
  {
    name: "adam with its defaults but the rate",
    options: { solver: "adam", learningRate: 0.02 },
    optimizer: () => tf.train.adam(0.02),
    gain: 0.02 * ADAM,
    wrong: { beta1: 0.8 },
  },
  {
    name: "adam with other decays and a large epsilon",
    options: { solver: "adam", learningRate: 0.02, beta1: 0.8, beta2: 0.95, epsilon: 0.05 },
    optimizer: () => tf.train.adam(0.02, 0.8, 0.95, 0.05),
    gain: 0.02 * ADAM,
    wrong: { epsilon: 0.04 },
  },
];

describe.each(RULES)("$name", ({ options, optimizer, gain, wrong }) => {
  test.each([
    { batches: "full batches only", count: 3 * BATCH },
    { batches: "a partial last batch", count: 3 * BATCH - 9 },
  ])("takes the same steps with $batches", async ({ count }) => {
    const rows = singleRows(count);
    const epochs = 4;
    const steps = epochs * Math.ceil(count / BATCH);
    const tolerance = steps * gain * ERROR;
    const theirs = fitWithTensorFlow(rows, optimizer(), epochs, options.labelSmoothing);

    const ours = await fitWithSmigh(rows, { ...options, epochs });
    expect(distance(ours, theirs)).toBeLessThan(tolerance);

    const mistaken = await fitWithSmigh(rows, { ...options, epochs, ...wrong });
    expect(distance(mistaken, theirs)).toBeGreaterThan(10 * tolerance);
  });
});
