/** The records of a block's rows: of each its residual, its sums and, where captured, its logits. */
import type { Gpu } from "../device/device.js";
import type { Readback } from "../device/readback.js";
import { type Stages, scratch, unpad } from "../kernels/blocks.js";
import type { Tiling } from "../kernels/tiling.js";

export class Records {
  readonly buffer: GPUBuffer;
  /** Bytes of all records; `more` bytes follow them. */
  readonly bytes: number;
  readonly #tiling: Tiling;
  /** Floats of a record. */
  readonly #width: number;

  constructor(gpu: Gpu, tiling: Tiling, rows = tiling.blockRows, more = 0) {
    this.#tiling = tiling;
    this.#width = 4 * (2 * tiling.classes4 + 1);
    this.bytes = 4 * this.#width * rows;
    this.buffer = scratch(gpu, "records", this.bytes + more);
  }

  /** Encodes a copy of the records of `rows` rows. The result resolves to their stages. */
  stages(readback: Readback, encoder: GPUCommandEncoder, rows: number): () => Promise<Stages> {
    const { classes, classes4 } = this.#tiling;
    const width = this.#width;
    const read = readback.copy(encoder, this.buffer, 4 * width * rows);
    return async () => {
      const records = new Float32Array(await read());
      return {
        residual: unpad(records, width, classes),
        losses: unpad(records, width, 1, 4 * classes4),
        logits: unpad(records, width, classes, 4 * classes4 + 4),
      };
    };
  }
}
