/**
 * The passes for many classes: two tiled products, with the softmax in the epilogue of the first and the
 * prologue of the second, and a pass over the tiles' sums between them.
 */
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
import { tileWords } from "../kernels/cut.js";
import type { TiledTiling } from "../kernels/tiling.js";
import type { DescentContext } from "./context.js";
import type { Gpu } from "../device/device.js";
import type { KernelName } from "../kernels/kernels.js";
import { type Bound, dispatch } from "../kernels/pipelines.js";
import type { Readback } from "../device/readback.js";
import type { Specialisation } from "../kernels/specialise.js";

export class TiledPasses implements BlockPasses {
  readonly #gpu: Gpu;
  readonly #tiling: TiledTiling;
  readonly #rowSums: GPUBuffer;
  readonly #kernels: KernelCache;
  readonly #kernelsIn: (mode: Mode) => Specialisation;
  /** Buffers for captured stages, created for the first capture. */
  #captured: { readonly logits: GPUBuffer; readonly residual: GPUBuffer } | undefined;

  constructor({ gpu, placed, problem, tiling }: DescentContext<TiledTiling>, shared: Buffers) {
    const { blockRows, classes4, tiles } = tiling;
    this.#gpu = gpu;
    this.#tiling = tiling;
    this.#rowSums = this.#scratch("sums of rows", 16 * blockRows);
    const own = {
      powers: this.#scratch("powers", 16 * classes4 * blockRows),
      tiles: this.#scratch("tiles", 4 * tileWords(placed.rows, problem) * tiles * blockRows),
      rowSums: this.#rowSums,
      captured: this.#scratch("nothing captured", 16),
    };
    this.#kernels = new KernelCache(gpu, { ...shared, ...own });
    this.#kernelsIn = (mode) => blockKernels(placed.rows, problem, tiling, mode);
  }

  async prepare(mode: Mode): Promise<void> {
    const own = this.#kernelsIn(mode);
    const add = (name: KernelName, captured?: GPUBuffer) =>
      this.#kernels.add(`${name}, ${mode}`, name, own, captured && { captured });
    const kept = mode === "capture" ? (this.#captured ??= this.#roomToCapture()) : undefined;
    await Promise.all([
      add("logits", kept?.logits),
      add("residual"),
      mode !== "evaluate" && add("gradient", kept?.residual),
    ]);
  }

  #roomToCapture() {
    const bytes = 16 * this.#tiling.classes4 * this.#tiling.blockRows;
    return {
      logits: this.#scratch("captured logits", bytes),
      residual: this.#scratch("captured residual", bytes),
    };
  }

  encode(pass: GPUComputePassEncoder, mode: Mode, n: number): void {
    const { blockRows, rows, multiplied4, vectors, slots, sums, threads } = this.#tiling;
    const rowGroups = Math.ceil(blockRows / rows / threads);
    const columnGroups = Math.ceil(multiplied4 / vectors / threads);
    this.#overTiles(n, this.#kernels.get(`logits, ${mode}`), (kernel, entry, tileGroups) =>
      dispatch(pass, kernel, entry, rowGroups, tileGroups),
    );
    dispatch(pass, this.#kernels.get(`residual, ${mode}`), n, sums);
    if (mode === "evaluate") return;
    this.#overTiles(n, this.#kernels.get(`gradient, ${mode}`), (kernel, entry, tileGroups) =>
      dispatch(pass, kernel, entry, columnGroups, tileGroups, slots),
    );
  }

  /** Calls `one` for ranges of at most `dispatchTiles` tiles. Each has its own entry, with its first tile. */
  #overTiles(
    n: number,
    kernel: Bound,
    one: (kernel: Bound, entry: number, tileGroups: number) => void,
  ): void {
    const { tiles, dispatchTiles, tileThreads } = this.#tiling;
    for (let tile = 0, entry = n; tile < tiles; tile += dispatchTiles, entry++) {
      one(kernel, entry, Math.ceil(Math.min(dispatchTiles, tiles - tile) / tileThreads));
    }
  }

  stages(readback: Readback, encoder: GPUCommandEncoder, rows: number): () => Promise<Stages> {
    const { classes, classes4 } = this.#tiling;
    if (!this.#captured) throw new Error("Stages are read before any were captured.");
    const logits = readback.copy(encoder, this.#captured.logits, 16 * classes4 * rows);
    const residual = readback.copy(encoder, this.#captured.residual, 16 * classes4 * rows);
    const losses = readback.copy(encoder, this.#rowSums, 16 * rows);
    return async () => ({
      logits: unpad(new Float32Array(await logits()), 4 * classes4, classes),
      residual: unpad(new Float32Array(await residual()), 4 * classes4, classes),
      losses: unpad(new Float32Array(await losses()), 4, 1),
    });
  }

  #scratch(label: string, bytes: number): GPUBuffer {
    return scratch(this.#gpu, label, bytes);
  }
}
