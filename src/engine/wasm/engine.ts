/** The CPU engine: the passes as SIMD kernels in WebAssembly, on all cores. */
import type { Engine } from "../engine.js";
import { WasmDescent } from "./descent.js";
import type { Heap } from "./heap.js";
import { type WasmKernels, compileKernels } from "./module.js";
import { WasmObjective } from "./objective.js";
import { placeOnHeap } from "./placement.js";
import { drop, giveBack, takeResources } from "./resources.js";
import { assemble } from "./thread-pool.js";

export interface WasmOptions {
  /**
   * Number of threads. Default one for each core, 16 at most. Where threads may not share memory or do not
   * start, the calling thread computes alone.
   */
  readonly threads?: number;
  /** For tests: other kernels than those compiled for this machine. */
  readonly kernels?: WasmKernels;
  /** For tests: memory whose blocks the test can count. */
  readonly heap?: Heap;
}

/**
 * Opens the wasm engine.
 *
 * @throws {DeviceError} if WebAssembly has no SIMD or no atomics, may not be compiled, or gets no memory.
 */
export async function wasmEngine({ threads, kernels: given, heap: own }: WasmOptions = {}): Promise<Engine> {
  const kernels = given ?? (await compileKernels());
  const resources = takeResources(own);
  const { heap } = resources;
  const pool = await assemble(kernels, resources, threads);
  let open = true;
  return {
    name: "wasm",
    adapter: `WebAssembly, ${kernels.relaxed ? "relaxed SIMD" : "SIMD"}, ${pool.threads} ${pool.threads === 1 ? "thread" : "threads"}`,
    ...(pool.note !== undefined && { note: pool.note }),
    async place(rows) {
      const placed = await placeOnHeap(heap, rows);
      return {
        descent: async (problem, weights) => new WasmDescent(heap, pool, rows, placed, problem, weights),
        objective: async (problem) => new WasmObjective(heap, pool, rows, placed, problem),
        weigh: (weights) => placed.weigh(weights),
        release: () => placed.release(),
      };
    },
    close() {
      if (!open) return;
      open = false;
      if (pool.close()) giveBack(resources);
      else drop(resources);
    },
  };
}
