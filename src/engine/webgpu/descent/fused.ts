/** The passes for few classes: one dispatch per block. */
import {
  type BlockPasses,
  type Buffers,
  KernelCache,
  type Mode,
  type Stages,
  scratch,
  unpad,
} from "../kernels/blocks.js";
import { blockKernels } from "../kernels/constants.js";
import type { DescentContext } from "./context.js";
import { dispatch } from "../kernels/pipelines.js";
import type { Readback } from "../device/readback.js";
import type { Specialisation } from "../kernels/specialise.js";
import type { FusedTiling, Tiling } from "../kernels/tiling.js";

export class FusedPasses implements BlockPasses {
  readonly #tiling: FusedTiling;
  readonly #records: GPUBuffer;
  readonly #kernels: KernelCache;
  readonly #kernelIn: (mode: Mode) => Specialisation;

  constructor({ gpu, placed, problem, tiling }: DescentContext<FusedTiling>, shared: Buffers) {
    const { rowThreads, turns, slots } = tiling;
    this.#tiling = tiling;
    const records = slots * turns * tiling.rows * rowThreads;
    this.#records = scratch(gpu, "records", 16 * recordWidth(tiling) * records);
    this.#kernels = new KernelCache(gpu, { ...shared, records: this.#records });
    this.#kernelIn = (mode) => blockKernels(placed.rows, problem, tiling, mode);
  }

  prepare(mode: Mode): Promise<void> {
    return this.#kernels.add(mode, "fused", this.#kernelIn(mode));
  }

  encode(pass: GPUComputePassEncoder, mode: Mode, n: number): void {
    dispatch(pass, this.#kernels.get(mode), n, this.#tiling.slots);
  }

  stages(readback: Readback, encoder: GPUCommandEncoder, rows: number): () => Promise<Stages> {
    return recordStages(this.#tiling, this.#records, readback, encoder, rows);
  }
}

/** Returns the number of vectors of four in a row's record: residual, sums and captured logits. */
export function recordWidth({ classes4 }: Tiling): number {
  return 2 * classes4 + 1;
}

/** Encodes a copy of the records of `rows` rows. The result resolves to their stages. */
export function recordStages(
  tiling: Tiling,
  buffer: GPUBuffer,
  readback: Readback,
  encoder: GPUCommandEncoder,
  rows: number,
): () => Promise<Stages> {
  const { classes, classes4 } = tiling;
  const width = 4 * recordWidth(tiling);
  const read = readback.copy(encoder, buffer, 4 * width * rows);
  return async () => {
    const records = new Float32Array(await read());
    return {
      residual: unpad(records, width, classes),
      losses: unpad(records, width, 1, 4 * classes4),
      logits: unpad(records, width, classes, 4 * classes4 + 4),
    };
  };
}
