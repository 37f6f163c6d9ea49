/** Few classes: one dispatch a block. */
import type { Rows } from "../engine.js";
import { type BlockPasses, type Buffers, Kernels, type Mode, type Stages, scratch, unpad } from "./blocks.js";
import { blockKernels, changed } from "./constants.js";
import type { Gpu } from "./device.js";
import type { Edited } from "./kernels.js";
import { dispatch } from "./pipelines.js";
import type { Readback } from "./readback.js";
import type { Specialisation } from "./specialise.js";
import type { FusedTiling } from "./tiling.js";

export class FusedPasses implements BlockPasses {
  readonly #tiling: FusedTiling;
  readonly #records: GPUBuffer;
  readonly #kernels: Kernels;
  readonly #specialisation: Specialisation;

  constructor(gpu: Gpu, rows: Rows, tiling: FusedTiling, shared: Buffers, edited: Edited) {
    const { rowThreads, turns, slots } = tiling;
    this.#tiling = tiling;
    const records = slots * turns * tiling.rows * rowThreads;
    this.#records = scratch(gpu, "records", 16 * this.#width * records);
    this.#kernels = new Kernels(gpu, { ...shared, records: this.#records }, edited);
    this.#specialisation = blockKernels(rows, tiling);
  }

  /** Vectors of a row's record: the residual, the sums, the captured logits. */
  get #width(): number {
    return 2 * this.#tiling.classes4 + 1;
  }

  prepare(mode: Mode): Promise<void> {
    const modes = { EVALUATE: mode === "evaluate", CAPTURE: mode === "capture" };
    return this.#kernels.add(mode, "fused", changed(this.#specialisation, modes));
  }

  encode(pass: GPUComputePassEncoder, mode: Mode, n: number): void {
    dispatch(pass, this.#kernels.get(mode), n, this.#tiling.slots);
  }

  stages(readback: Readback, encoder: GPUCommandEncoder, rows: number): () => Promise<Stages> {
    const { classes, classes4 } = this.#tiling;
    const read = readback.copy(encoder, this.#records, 16 * this.#width * rows);
    return async () => {
      const records = new Float32Array(await read());
      const part = (width: number, offset: number) => unpad(records, 4 * this.#width, width, offset);
      return {
        residual: part(classes, 0),
        losses: part(1, 4 * classes4),
        logits: part(classes, 4 * classes4 + 4),
      };
    };
  }

  release(): void {
    this.#records.destroy();
  }
}
