/**
 * TensorFlow.js on WebGPU and on WebAssembly. The step is written in the way that is fastest on both: the
 * gradient by hand (`optimizer.minimize` takes longer: `tfjs-minimize.ts`), and its product as (Rᵀ·X)ᵀ with R
 * transposed beforehand (matMul's own `transposeA` takes a fifth longer on WebGPU, four times as long on
 * WebAssembly).
 */
import * as tf from "@tensorflow/tfjs";
import { getThreadsCount, setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import plainUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simdUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threadedUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { Batch, Workload } from "../measure/workloads.js";
import { type Session, adapterName } from "./system.js";

export function tfjsWebgpu(workload: Workload, batch: Batch): Promise<Session> {
  return session("webgpu", workload, batch, (backend) => {
    if (!(backend instanceof WebGPUBackend)) throw new Error("tfjs found no WebGPU adapter.");
    return adapterName(backend.device.adapterInfo);
  });
}

export function tfjsWasm(workload: Workload, batch: Batch): Promise<Session> {
  prepareWasm();
  return session("wasm", workload, batch, () => `wasm, threads: ${getThreadsCount()}`);
}

/** Makes WebAssembly the current backend. Throws if it cannot be started. */
export async function startWasm(): Promise<void> {
  if (tf.getBackend() === "wasm") return;
  prepareWasm();
  if (!(await tf.setBackend("wasm"))) throw new Error("tfjs could not start its wasm backend.");
}

/** One-hot labels: (rows, classes) */
export function oneHotTensor(labels: Int32Array, classes: number): tf.Tensor2D {
  return tf.tidy(() =>
    tf.oneHot(tf.tensor1d(labels, "int32"), classes).toFloat().as2D(labels.length, classes),
  );
}

function prepareWasm(): void {
  setWasmPaths({
    "tfjs-backend-wasm.wasm": plainUrl,
    "tfjs-backend-wasm-simd.wasm": simdUrl,
    "tfjs-backend-wasm-threaded-simd.wasm": threadedUrl,
  });
  // All threads; by default the library uses half of them, and at most four.
  setThreadsCount(navigator.hardwareConcurrency);
}

async function session(
  backend: string,
  { features, classes, learningRate }: Workload,
  batch: Batch,
  adapterOf: (backend: unknown) => string,
): Promise<Session> {
  // The current backend is global, and two systems share it.
  const activate = async () => {
    if (tf.getBackend() === backend) return;
    if (!(await tf.setBackend(backend))) throw new Error(`tfjs could not start its ${backend} backend.`);
  };
  await activate();

  const rows = batch.labels.length;
  const x = tf.tensor2d(batch.x, [rows, features]);
  const y = oneHotTensor(batch.labels, classes);
  let w: tf.Tensor2D = tf.zeros([features, classes]);
  let b: tf.Tensor1D = tf.zeros([classes]);

  const rate = tf.scalar(learningRate / rows);
  const logits = () => tf.fused.matMul({ a: x, b: w, bias: b });
  const step = (): [tf.Tensor2D, tf.Tensor1D] => {
    const r = tf.sub<tf.Tensor2D>(tf.softmax(logits()), y);
    const g = tf.transpose(tf.matMul(tf.transpose(r), x));
    return [tf.sub(w, tf.mul(g, rate)), tf.sub(b, tf.mul(tf.sum(r, 0), rate))];
  };

  return {
    adapter: adapterOf(tf.backend()),
    version: tf.version.tfjs,
    async run(steps) {
      await activate();
      for (let i = 0; i < steps; i++) {
        const before: tf.Tensor[] = [w, b];
        [w, b] = tf.tidy(step);
        tf.dispose(before);
      }
      // The only wait, for the smallest result of the last step.
      await b.data();
    },
    async loss() {
      await activate();
      const loss = tf.tidy(() => tf.losses.softmaxCrossEntropy(y, logits()));
      const [value = Number.NaN] = await loss.data();
      loss.dispose();
      return value;
    },
    close: () => tf.dispose([x, y, w, b, rate]),
  };
}
