/** The passes for few classes: one dispatch per block. */
import { type BlockPasses, type Buffers, KernelCache, type Mode, type Stages } from "../kernels/blocks.js";
import { blockKernels } from "../kernels/constants.js";
import type { DescentContext } from "./context.js";
import { dispatch } from "../kernels/pipelines.js";
import type { Readback } from "../device/readback.js";
import { Records } from "./records.js";
import type { Specialisation } from "../kernels/specialise.js";
import type { FusedTiling } from "../kernels/tiling.js";

export class FusedPasses implements BlockPasses {
  readonly #tiling: FusedTiling;
  readonly #records: Records;
  readonly #kernels: KernelCache;
  readonly #kernelIn: (mode: Mode) => Specialisation;

  constructor({ gpu, placed, problem, tiling }: DescentContext<FusedTiling>, shared: Buffers) {
    const { rowThreads, turns, slots } = tiling;
    this.#tiling = tiling;
    this.#records = new Records(gpu, tiling, slots * turns * tiling.rows * rowThreads);
    this.#kernels = new KernelCache(gpu, { ...shared, records: this.#records.buffer });
    this.#kernelIn = (mode) => blockKernels(placed.rows, problem, tiling, mode);
  }

  prepare(mode: Mode): Promise<void> {
    return this.#kernels.add(mode, "fused", this.#kernelIn(mode));
  }

  encode(pass: GPUComputePassEncoder, mode: Mode, n: number): void {
    dispatch(pass, this.#kernels.get(mode), n, this.#tiling.slots);
  }

  stages(readback: Readback, encoder: GPUCommandEncoder, rows: number): () => Promise<Stages> {
    return this.#records.stages(readback, encoder, rows);
  }
}
