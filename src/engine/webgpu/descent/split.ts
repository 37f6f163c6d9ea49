/** The passes for few classes on a GPU: logits and residuals in one dispatch, the gradient in another. */
import { type BlockPasses, type Buffers, KernelCache, type Mode, type Stages } from "../kernels/blocks.js";
import { SPLIT_COLUMNS } from "../kernels/choice.js";
import { blockKernels } from "../kernels/constants.js";
import type { DescentContext } from "./context.js";
import { dispatch } from "../kernels/pipelines.js";
import type { Readback } from "../device/readback.js";
import { Records } from "./records.js";
import type { Specialisation } from "../kernels/specialise.js";
import type { SplitTiling } from "../kernels/tiling.js";

export class SplitPasses implements BlockPasses {
  readonly #tiling: SplitTiling;
  readonly #records: Records;
  readonly #kernels: KernelCache;
  readonly #kernelsIn: (mode: Mode) => Specialisation;

  constructor({ gpu, placed, problem, tiling }: DescentContext<SplitTiling>, shared: Buffers) {
    this.#tiling = tiling;
    this.#records = new Records(gpu, tiling);
    this.#kernels = new KernelCache(gpu, { ...shared, records: this.#records.buffer });
    this.#kernelsIn = (mode) => blockKernels(placed.rows, problem, tiling, mode);
  }

  async prepare(mode: Mode): Promise<void> {
    const own = this.#kernelsIn(mode);
    await Promise.all([
      this.#kernels.add(`logits, ${mode}`, "split-logits", own),
      mode !== "evaluate" && this.#kernels.add("gradient", "split-gradient", own),
    ]);
  }

  encode(pass: GPUComputePassEncoder, mode: Mode, n: number): void {
    const { features4, classes4, part4, slots, evaluationSums } = this.#tiling;
    dispatch(pass, this.#kernels.get(`logits, ${mode}`), n, evaluationSums);
    if (mode === "evaluate") return;
    const columns = Math.ceil(features4 / SPLIT_COLUMNS);
    dispatch(pass, this.#kernels.get("gradient"), n, columns, slots, Math.ceil(classes4 / part4));
  }

  stages(readback: Readback, encoder: GPUCommandEncoder, rows: number): () => Promise<Stages> {
    return this.#records.stages(readback, encoder, rows);
  }
}
