/** The wasm engine restricted to one kind of kernels, whatever the problem. */
import type { Engine } from "../../../../src/engine/engine.js";
import { type WasmEdits, wasmEngine } from "../../../support/engines.js";

export const KERNELS = ["fused", "tiled"] as const;
export type KernelKind = (typeof KERNELS)[number];

export async function pinnedEngine(kernels: KernelKind, options?: WasmEdits): Promise<Engine> {
  const engine = await wasmEngine(options);
  return {
    ...engine,
    async place(rows) {
      const placement = await engine.place(rows);
      return {
        ...placement,
        descent: (problem, weights) => placement.descent({ ...problem, kernels }, weights),
        objective: (problem) => placement.objective({ ...problem, kernels }),
      };
    },
  };
}
