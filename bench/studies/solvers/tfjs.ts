/**
 * TensorFlow.js on WebAssembly with its own optimizers, on mini-batches. The gradient is written by hand and
 * its product transposed, as in `peers/tfjs.ts`, because that is fastest. Rows are gathered in JavaScript:
 * with the library's gather a step takes five times as long.
 */
import * as tf from "@tensorflow/tfjs";
import { range, randomIntegers, shuffle } from "../../../src/core/random.js";
import type { Digits, Mnist } from "../../page/shared/mnist.js";
import { oneHotTensor, startWasm } from "../../peers/tfjs.js";
import { BATCH } from "./names.js";

const FEATURES = 784;
const CLASSES = 10;

export interface Epochs {
  /** From the digits in JavaScript's memory to the final weights, without the tests in between. */
  readonly seconds: number;
  /** On the test digits: after each epoch, or only after the last one where there is no goal. */
  readonly accuracies: readonly number[];
}

/** Trains for `epochs` epochs, or until the test accuracy reaches the goal. */
export async function tfjsEpochs(
  kind: "sgd" | "adam",
  rate: number,
  epochs: number,
  { train, test }: Mnist,
  goal?: number,
): Promise<Epochs> {
  await startWasm();
  const held = batch(floats(test), test.y, range(test.y.length));
  let began = performance.now();
  let seconds = 0;
  const x = floats(train);
  const w = tf.variable(tf.zeros<tf.Rank.R2>([FEATURES, CLASSES]), true, "w");
  const b = tf.variable(tf.zeros<tf.Rank.R1>([CLASSES]), true, "b");
  const optimizer = kind === "sgd" ? tf.train.sgd(rate) : tf.train.adam(rate);
  const order = range(train.y.length);
  const random = randomIntegers(0);
  const accuracies: number[] = [];
  for (let epoch = 1; epoch <= epochs; epoch++) {
    shuffle(order, random);
    for (let first = 0; first < order.length; first += BATCH) {
      const rows = order.subarray(first, first + BATCH);
      tf.tidy(() => {
        const [xs, ys] = batch(x, train.y, rows);
        const logits = tf.fused.matMul({ a: xs, b: w, bias: b });
        const r = tf.div<tf.Tensor2D>(tf.sub(tf.softmax(logits), ys), rows.length);
        const gradient = tf.transpose(tf.matMul(tf.transpose(r), xs));
        optimizer.applyGradients([
          { name: "w", tensor: gradient },
          { name: "b", tensor: tf.sum(r, 0) },
        ]);
      });
    }
    await b.data(); // waits for all steps
    seconds += (performance.now() - began) / 1000;
    if (goal !== undefined || epoch === epochs) {
      const right = tf.tidy(() => {
        const logits = tf.fused.matMul({ a: held[0], b: w, bias: b });
        return tf.mean(tf.equal(tf.argMax(logits, 1), tf.argMax(held[1], 1)).toFloat());
      });
      accuracies.push((await right.data())[0] ?? 0);
      right.dispose();
    }
    if (goal !== undefined && (accuracies.at(-1) ?? 0) >= goal) break;
    began = performance.now();
  }
  optimizer.dispose();
  tf.dispose([...held, w, b]);
  return { seconds, accuracies };
}

/** Pixels from 0 to 1: (rows, features) */
function floats({ x }: Digits): Float32Array {
  const floats = new Float32Array(x.length); // a loop, because `from` with a function takes seconds
  for (let i = 0; i < x.length; i++) floats[i] = x[i] / 255;
  return floats;
}

/** The given rows of x, (rows, features), and their one-hot labels, (rows, classes). */
function batch(x: Float32Array, labels: Uint8Array, rows: Uint32Array): [tf.Tensor2D, tf.Tensor2D] {
  const xs = new Float32Array(rows.length * FEATURES);
  rows.forEach((row, n) => xs.set(x.subarray(row * FEATURES, (row + 1) * FEATURES), n * FEATURES));
  const chosen = Int32Array.from(rows, (row) => labels[row]);
  return [tf.tensor2d(xs, [rows.length, FEATURES]), oneHotTensor(chosen, CLASSES)];
}
