/**
 * TensorFlow.js on WebAssembly, by its own optimizers, on mini-batches: the gradient by hand, and its product transposed, as
 * in `systems/tfjs.ts`, because that is how it is fastest.
 */
import * as tf from "@tensorflow/tfjs";
import { range, randomIntegers, shuffle } from "../../src/data/random.js";
import type { Digits, Mnist } from "../page/mnist.js";
import { startWasm } from "../systems/tfjs.js";
import { BATCH } from "./names.js";

const FEATURES = 784;
const CLASSES = 10;

export interface Epochs {
  /** From the digits in JavaScript's memory to the last step's weights, without trying them on the test digits. */
  readonly seconds: number;
  /** Of the test digits, after each epoch; of the last only where there is no goal. */
  readonly accuracies: readonly number[];
}

/** So many epochs, or until the accuracy is as high as the goal. */
export async function tfjsEpochs(
  kind: "sgd" | "adam",
  rate: number,
  epochs: number,
  { train, test }: Mnist,
  goal?: number,
): Promise<Epochs> {
  await startWasm();
  let began = performance.now();
  let seconds = 0;
  const { x, y } = tensors(train);
  const w = tf.variable(tf.zeros<tf.Rank.R2>([FEATURES, CLASSES]), true, "w");
  const b = tf.variable(tf.zeros<tf.Rank.R1>([CLASSES]), true, "b");
  const optimizer = kind === "sgd" ? tf.train.sgd(rate) : tf.train.adam(rate);
  const order = range(train.y.length);
  const random = randomIntegers(0);
  const accuracies: number[] = [];
  const held = tensors(test);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    shuffle(order, random);
    for (let first = 0; first < order.length; first += BATCH) {
      const rows = Int32Array.from(order.subarray(first, first + BATCH));
      tf.tidy(() => {
        const chosen = tf.tensor1d(rows, "int32");
        const [xs, ys] = [tf.gather(x, chosen), tf.gather(y, chosen)];
        const logits = tf.fused.matMul({ a: xs, b: w, bias: b });
        const r = tf.div<tf.Tensor2D>(tf.sub(tf.softmax(logits), ys), rows.length);
        const gradient = tf.transpose(tf.matMul(tf.transpose(r), xs));
        optimizer.applyGradients([
          { name: "w", tensor: gradient },
          { name: "b", tensor: tf.sum(r, 0) },
        ]);
      });
    }
    await b.data(); // all of it is done
    seconds += (performance.now() - began) / 1000;
    if (goal !== undefined || epoch === epochs) {
      const right = tf.tidy(() => {
        const logits = tf.fused.matMul({ a: held.x, b: w, bias: b });
        return tf.mean(tf.equal(tf.argMax(logits, 1), tf.argMax(held.y, 1)).toFloat());
      });
      accuracies.push((await right.data())[0] ?? 0);
      right.dispose();
    }
    if (goal !== undefined && (accuracies.at(-1) ?? 0) >= goal) break;
    began = performance.now();
  }
  optimizer.dispose();
  tf.dispose([x, y, held.x, held.y, w, b]);
  return { seconds, accuracies };
}

/** x: (rows, features) from 0 to 1. y: (rows, classes) */
function tensors({ x, y }: Digits): { readonly x: tf.Tensor2D; readonly y: tf.Tensor2D } {
  return {
    x: tf.tensor2d(
      Float32Array.from(x, (byte) => byte / 255),
      [y.length, FEATURES],
    ),
    y: tf.tidy(() =>
      tf
        .oneHot(tf.tensor1d(Int32Array.from(y), "int32"), CLASSES)
        .toFloat()
        .as2D(y.length, CLASSES),
    ),
  };
}
