/**
 * jax-js on WebGPU and on WebAssembly: one `jit` of the whole step. It is written in the way that is fastest
 * on both: the gradient by hand (`grad` takes twice as long), and its product as (Rᵀ·X)ᵀ (with ten classes
 * Xᵀ·R takes twice as long on WebAssembly; elsewhere they are equal). Every use of an array but the last is a
 * `.ref`, as jax-js requires.
 */
import {
  type Array as JaxArray,
  type Device,
  blockUntilReady,
  defaultDevice,
  getWebGPUDevice,
  init,
  jit,
  nn,
  numpy as np,
} from "@jax-js/jax";
import { version } from "../../node_modules/@jax-js/jax/package.json";
import type { Batch, Workload } from "../measure/workloads.js";
import { type Session, adapterName } from "./system.js";

export function jaxWebgpu(workload: Workload, batch: Batch): Promise<Session> {
  return session("webgpu", workload, batch);
}

export function jaxWasm(workload: Workload, batch: Batch): Promise<Session> {
  return session("wasm", workload, batch);
}

async function session(
  device: Device,
  { features, classes, learningRate }: Workload,
  batch: Batch,
): Promise<Session> {
  const started = await init(device);
  if (!started.includes(device)) throw new Error(`jax-js could not start its ${device} backend.`);
  // The default device is global, and two systems share it.
  const activate = () => defaultDevice(device);
  activate();

  const rows = batch.labels.length;
  const x = np.array(batch.x).reshape([rows, features]);
  const labels = np.array(batch.labels, { dtype: np.int32 });
  let w = np.zeros([features, classes]);
  let b = np.zeros([classes]);
  await blockUntilReady([x, labels, w, b]);

  const rate = learningRate / rows;
  // Not nn.oneHot, which creates a (classes, classes) matrix.
  const oneHot = (labels: JaxArray) =>
    np.equal(labels.reshape([rows, 1]), np.arange(classes)).astype(np.float32);
  const step = jit((w: JaxArray, b: JaxArray, x: JaxArray, labels: JaxArray): [JaxArray, JaxArray] => {
    const z = np.matmul(x.ref, w.ref).add(b.ref);
    const r = nn.softmax(z).sub(oneHot(labels));
    const g = np.matmul(r.ref.transpose(), x).transpose();
    return [w.sub(g.mul(rate)), b.sub(r.sum(0).mul(rate))];
  });
  const meanLoss = jit((w: JaxArray, b: JaxArray, x: JaxArray, labels: JaxArray) =>
    nn.logSoftmax(np.matmul(x, w).add(b)).mul(oneHot(labels)).sum(-1).mean().neg(),
  );

  return {
    adapter: device === "webgpu" ? adapterName(getWebGPUDevice().adapterInfo) : `wasm, threads: ${threads()}`,
    version,
    async run(steps) {
      activate();
      for (let i = 0; i < steps; i++) [w, b] = step(w, b, x.ref, labels.ref);
      await blockUntilReady([w, b]);
    },
    async loss() {
      activate();
      const [value = Number.NaN] = await meanLoss(w.ref, b.ref, x.ref, labels.ref).data();
      return value;
    },
    close() {
      for (const owned of [x, labels, w, b, step, meanLoss]) owned.dispose();
    },
  };
}

/** The threads that jax-js uses: all of them, if the page may share memory between threads. */
function threads(): number {
  return crossOriginIsolated ? navigator.hardwareConcurrency : 1;
}
