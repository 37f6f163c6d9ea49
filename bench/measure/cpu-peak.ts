/** Measures the processor's peak rate of multiply-adds in WebAssembly, with a kernel that needs no memory. */
import { fromBase64 } from "../../src/core/base64.js";
import kernels from "./assembly/kernels.wasm?built";
import type { PeakCommand } from "./cpu-peak-worker.js";
import type { GpuAndPeak } from "./machine.js";

/** 48 multiply-adds of four lanes per turn in assembly/index.ts, each a multiplication and an addition. */
const FLOPS_A_TURN = 2 * 4 * 48;
/** Long enough that waking the threads does not matter, and short enough for a page. */
const SAMPLE_MS = 40;
const SAMPLES = 8;

/** GFLOP/s of all threads together, the best of a few samples. Empty where WebAssembly has no SIMD. */
export async function cpuPeak(): Promise<Pick<GpuAndPeak, "cpuPeakGflops">> {
  const binary = [kernels.relaxed, kernels.plain].map(fromBase64).find((one) => WebAssembly.validate(one));
  if (!binary) return {};
  const module = await WebAssembly.compile(binary);
  // As many threads as the systems on WebAssembly use.
  const threads = crossOriginIsolated ? navigator.hardwareConcurrency : 1;
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL("./cpu-peak-worker.ts", import.meta.url), { type: "module" }),
  );
  const all = (command: PeakCommand) => Promise.all(workers.map((worker) => answer(worker, command)));
  /** Milliseconds. */
  const time = async (turns: number) => {
    const start = performance.now();
    await all({ turns });
    return performance.now() - start;
  };
  try {
    await all({ module });
    let turns = 2 ** 12;
    while ((await time(turns)) < SAMPLE_MS) turns *= 2;
    let best = Infinity;
    for (let i = 0; i < SAMPLES; i++) best = Math.min(best, await time(turns));
    return { cpuPeakGflops: (FLOPS_A_TURN * turns * threads) / best / 1e6 };
  } finally {
    for (const worker of workers) worker.terminate();
  }
}

function answer(worker: Worker, command: PeakCommand): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.addEventListener("message", () => resolve(), { once: true });
    worker.addEventListener("error", ({ message }) => {
      reject(new Error(message || "A thread could not be started."));
    });
    worker.postMessage(command);
  });
}
