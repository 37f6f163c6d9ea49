/** Products with X of a block of rows, which are gathered first where X is in several bindings. */
import type { Block } from "../kernels/blocks.js";
import { gatherKernel, rawKernels } from "../kernels/constants.js";
import { type Bindings, type Compiled, compiled } from "../kernels/pipelines.js";
import { GPUBufferUsage } from "../device/flags.js";
import type { ObjectiveContext } from "./context.js";

/** Threads in a workgroup of gather. */
const WORKGROUP = 64;

/** The context of products, which need no objective. */
export type ProductContext = Omit<ObjectiveContext, "problem">;

export interface ProductKernels {
  readonly gather: Compiled;
  readonly logits: Compiled;
}

export async function compileProducts({ gpu, placed, tiling }: ProductContext): Promise<ProductKernels> {
  const name = tiling.logits.kind === "split" ? "split-logits" : "logits";
  const [gather, logits] = await Promise.all([
    compiled(gpu, "gather", gatherKernel(tiling)),
    compiled(gpu, name, rawKernels(placed.rows, tiling.logits)),
  ]);
  return { gather, logits };
}

export class Products {
  /** The buffers of all blocks: labels, row weights, the block's rows of X, and placeholders. */
  readonly shared: Readonly<Record<string, GPUBuffer>>;
  readonly #context: ProductContext;
  readonly #kernels: ProductKernels;
  /** The shards that rows are gathered from; none if X is one binding. */
  readonly #shards: readonly { readonly x: GPUBuffer; readonly shard: GPUBuffer }[];

  constructor(context: ProductContext, kernels: ProductKernels) {
    const { gpu, placed, tiling } = context;
    const { blockRows, gathered, rowWords } = tiling;
    this.#context = context;
    this.#kernels = kernels;
    this.#shards = (gathered ? placed.shards : []).map(({ first, rows: shardRows, x }) => {
      const shard = gpu.buffer("shard", 16, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
      gpu.run(() => gpu.device.queue.writeBuffer(shard, 0, Uint32Array.of(first, shardRows)));
      return { x, shard };
    });
    const create = (label: string, bytes: number) => gpu.buffer(label, bytes, GPUBufferUsage.STORAGE);
    this.shared = {
      labels: placed.labels,
      rowWeights: placed.weights,
      x: gathered ? create("gathered rows", 4 * rowWords * blockRows) : placed.shards[0].x,
      // Bound, but not used.
      ...Object.fromEntries(["tiles", "rowSums", "captured"].map((name) => [name, create(name, 16)])),
    };
  }

  /** Gathers the block's rows of X if they are in several bindings. Call it before any product with them. */
  gather({ first, rows }: Block, order: GPUBuffer): void {
    const words = this.#context.tiling.rowWords;
    for (const { x, shard } of this.#shards)
      this.#context.commands.dispatch({
        kernel: this.#kernels.gather,
        buffers: { shard, order, x, gathered: this.shared["x"] },
        whole: [first, rows],
        groups: [Math.ceil(words / WORKGROUP), rows],
        macs: words * rows,
      });
  }

  /** to ← X·W */
  logits(block: Block, order: GPUBuffer, weights: GPUBufferBinding, to: GPUBuffer): void {
    const { classes4, features4, logits, rows, threads } = this.#context.tiling;
    const kernel = this.#kernels.logits;
    if (logits.kind === "split") {
      this.#context.commands.dispatch({
        kernel,
        buffers: { ...this.shared, order, weights, records: to },
        whole: [block.first, block.rows],
        groups: [Math.ceil(block.rows / logits.groupRows)],
        macs: 16 * features4 * block.rows * classes4,
      });
      return;
    }
    const groups = Math.ceil(block.rows / rows / threads);
    this.multiply(kernel, block, { order, weights, powers: to }, (tileGroups) => [groups, tileGroups]);
  }

  /** Dispatches a product for ranges of at most `dispatchTiles` tiles. */
  multiply(
    kernel: Compiled,
    { first, rows }: Block,
    buffers: Bindings,
    groups: (tileGroups: number) => [number, number, number?],
  ): void {
    const { features4, tile4, tiles, dispatchTiles, tileThreads } = this.#context.tiling;
    for (let tile = 0; tile < tiles; tile += dispatchTiles) {
      const some = Math.min(dispatchTiles, tiles - tile);
      this.#context.commands.dispatch({
        kernel,
        buffers: { ...this.shared, ...buffers },
        whole: [first, rows, tile],
        groups: groups(Math.ceil(some / tileThreads)),
        macs: 16 * features4 * rows * tile4 * some,
      });
    }
  }
}
