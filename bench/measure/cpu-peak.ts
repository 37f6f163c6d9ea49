/** The most multiply-adds a second that the processor can do in WebAssembly, measured by a kernel that needs no memory. */
import { bytesOf } from "../../src/engine/wasm/module.js";
import kernels from "./assembly/kernels.wasm?built";
import type { PeakCommand } from "./cpu-peak-worker.js";
import type { GpuAndPeak } from "./machine.js";

/** A multiplication and an addition each, of four lanes; 48 a turn, as assembly/index.ts has them. */
const FLOPS_A_TURN = 2 * 4 * 48;
/** A sample is long enough that waking the threads does not count, and short enough for a page. */
const SAMPLE_MS = 40;
const SAMPLES = 8;

/** Of all threads together: the best of a few samples. Empty where WebAssembly has no SIMD. */
export async function cpuPeak(): Promise<Pick<GpuAndPeak, "cpuPeakGflops">> {
  const binary = [kernels.relaxed, kernels.plain].map(bytesOf).find((one) => WebAssembly.validate(one));
  if (!binary) return {};
  const module = await WebAssembly.compile(binary);
  // As many as the systems on WebAssembly have.
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
