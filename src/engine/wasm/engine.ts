/** The CPU engine: the passes as SIMD kernels in WebAssembly, on all cores. */
import type { Engine } from "../engine.js";
import { WasmDescent } from "./descent.js";
import { type Heap, restHeap, takeHeap } from "./heap.js";
import { type Kernels, compileKernels } from "./module.js";
import { WasmObjective } from "./objective.js";
import { placeRows } from "./placement.js";
import { assemble } from "./team.js";

export interface WasmOptions {
  /** Default: one for each core, 16 at most. One, this one, where threads may not share memory. */
  readonly threads?: number;
  /** For tests: others than those of this machine. */
  readonly kernels?: Kernels;
  /** For tests: memory whose blocks they count. */
  readonly heap?: Heap;
}

/** Throws a DeviceError where WebAssembly has no SIMD. */
export async function wasmEngine({
  threads,
  kernels: given,
  heap = takeHeap(),
}: WasmOptions = {}): Promise<Engine> {
  const kernels = given ?? (await compileKernels());
  const team = await assemble(kernels, heap.memory, threads);
  return {
    name: "wasm",
    adapter: `WebAssembly, ${kernels.relaxed ? "relaxed SIMD" : "SIMD"}, ${team.threads} ${team.threads === 1 ? "thread" : "threads"}`,
    async place(rows) {
      const placed = await placeRows(heap, rows);
      return {
        descent: async (problem, weights) => new WasmDescent(heap, team, rows, placed, problem, weights),
        objective: async (problem) => new WasmObjective(heap, team, rows, placed, problem),
        weigh: (weights) => placed.weigh(weights),
        release: () => placed.release(),
      };
    },
    close() {
      if (team.close()) restHeap(heap);
    },
  };
}
