/**
 * TensorFlow.js on WebAssembly, written as in its guide: a loss function, an optimizer that minimises it, and
 * automatic differentiation. Measured only by name: the peer is `tfjs.ts`, which takes a quarter of the time.
 */
import * as tf from "@tensorflow/tfjs";
import { getThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import type { Batch, Workload } from "../measure/workloads.js";
import type { Session } from "./system.js";
import { oneHotTensor, startWasm } from "./tfjs.js";

export async function minimize(
  { features, classes, learningRate }: Workload,
  batch: Batch,
): Promise<Session> {
  await startWasm();
  const x = tf.tensor2d(batch.x, [batch.labels.length, features]);
  const y = oneHotTensor(batch.labels, classes);
  const w = tf.variable(tf.zeros<tf.Rank.R2>([features, classes]));
  const b = tf.variable(tf.zeros<tf.Rank.R1>([classes]));
  const optimizer = tf.train.sgd(learningRate);
  const meanLoss = () => tf.losses.softmaxCrossEntropy(y, x.matMul<tf.Tensor2D>(w).add(b)).asScalar();
  return {
    adapter: `wasm, threads: ${getThreadsCount()}`,
    version: tf.version.tfjs,
    async run(steps) {
      await startWasm();
      for (let i = 0; i < steps; i++) optimizer.minimize(meanLoss);
      await b.data();
    },
    async loss() {
      await startWasm();
      const loss = tf.tidy(meanLoss);
      const [value = Number.NaN] = await loss.data();
      loss.dispose();
      return value;
    },
    close() {
      optimizer.dispose();
      tf.dispose([x, y, w, b]);
    },
  };
}
