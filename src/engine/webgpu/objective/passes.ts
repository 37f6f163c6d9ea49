/**
 * The passes of an objective over a block of rows. The tiled kernels compute the products with X, for few
 * classes on a GPU the split ones the logits; the passes between or instead of them go over rows and classes
 * only.
 */
import { type Block, cutRows } from "../kernels/blocks.js";
import type { Commands } from "./commands.js";
import type { ObjectiveContext } from "./context.js";
import { changed, objectiveBlockSum, rawKernels, residualKernel, rowKernels } from "../kernels/constants.js";
import type { Gpu } from "../device/device.js";
import type { KernelName } from "../kernels/kernels.js";
import { type Bindings, type Compiled, compiled } from "../kernels/pipelines.js";
import type { Specialisation } from "../kernels/specialise.js";
import type { ObjectiveTiling } from "../kernels/tiling.js";
import { grid } from "../kernels/cut.js";
import { type ProductKernels, Products, compileProducts } from "./products.js";
import { GPUBufferUsage } from "../device/flags.js";

/** Threads in a workgroup of block-sum. */
const WORKGROUP = 64;
/** The cost of processing four logits of a row, exponentials included, in multiply-adds. */
const LOGITS_MACS = 128;

/** A block of the objective's own rows, with its logits Z and their change ΔZ along a direction. */
export interface KeptBlock extends Block {
  /** Z and ΔZ: (rows, classes4) vectors of four. */
  readonly z: GPUBuffer;
  readonly change: GPUBuffer;
}

/** The passes that write partial sums. */
type Summed = "softmax" | "moved" | "evaluated" | "trial";
type Pass = Summed | "gradient" | "hessianResidual";

type PassKernels = Readonly<Record<Pass, Compiled>> & {
  readonly products: ProductKernels;
  /** Absent where all rows are one block. */
  readonly blockSum: Compiled | undefined;
};

export async function compilePasses(context: ObjectiveContext): Promise<PassKernels> {
  const { gpu, placed, tiling } = context;
  const ofRows = rowKernels(tiling);
  const residual = residualKernel(placed.rows, tiling);
  const one = (name: KernelName, specialisation: Specialisation) => compiled(gpu, name, specialisation);
  const [products, gradient, blockSum, ...ofRow] = await Promise.all([
    compileProducts(context),
    one("gradient", rawKernels(placed.rows, tiling)),
    tiling.levels > 0 ? one("block-sum", objectiveBlockSum(tiling)) : undefined,
    one("objective-residual", residual),
    one("objective-residual", changed(ofRows, { MOVE: true })),
    one("objective-residual", changed(residual, { EVALUATE: true })),
    one("objective-trial", ofRows),
    one("hessian-residual", ofRows),
  ]);
  const [softmax, moved, evaluated, trial, hessianResidual] = ofRow;
  return { products, gradient, blockSum, softmax, moved, evaluated, trial, hessianResidual };
}

export class ObjectivePasses {
  /** The products with X. */
  readonly products: Products;
  /** The blocks of the objective's own rows. */
  readonly blocks: readonly KeptBlock[];
  /** Row numbers: the objective's own, and those of an evaluation. */
  readonly order: GPUBuffer;
  readonly others: GPUBuffer;
  /** (blockRows, classes4) R, or the logits that a pass evaluates or changes in place. */
  readonly r: GPUBuffer;
  /** (slots, count) partial sums of a block's gradient. After the last block the sum is in the first slot. */
  readonly slots: GPUBuffer;
  /** (levels, count) sums of blocks that wait for others. */
  readonly #nodes: GPUBuffer;
  readonly #gpu: Gpu;
  readonly #commands: Commands;
  readonly #kernels: PassKernels;
  readonly #tiling: ObjectiveTiling;
  /** The labels, with the offsets beside them where there are any. */
  readonly #offsetLabels: GPUBuffer;

  constructor(context: ObjectiveContext, kernels: PassKernels) {
    const { gpu, commands, placed, problem, tiling } = context;
    const { blockRows, classes4, count, levels, slots } = tiling;
    this.#gpu = gpu;
    this.#commands = commands;
    this.#kernels = kernels;
    this.#tiling = tiling;
    this.blocks = cutRows(0, problem.rows.length, blockRows).map((block) => ({
      ...block,
      z: this.#create("logits", 16 * classes4 * block.rows),
      change: this.#create("change of logits", 16 * classes4 * block.rows),
    }));
    this.order = this.#create("order", 4 * problem.rows.length);
    this.others = this.#create("order of an evaluation", 4 * placed.rows.count);
    this.r = this.#create("residuals", 16 * classes4 * blockRows);
    this.slots = this.#create("slots", 16 * count * slots);
    this.#nodes = this.#create("sums of blocks", Math.max(16, 16 * count * levels));
    this.products = new Products(context, kernels.products);
    this.#offsetLabels = (placed.rows.offsets && placed.wideLabels) ?? placed.labels;
    gpu.run(() => gpu.device.queue.writeBuffer(this.order, 0, Uint32Array.from(problem.rows)));
  }

  /** Fills the slots with partial sums of Xᵀ·R of the block, and adds them to those of the blocks before. */
  gradient(block: Block): void {
    const { multiplied4, vectors, threads, slots } = this.#tiling;
    const groups = Math.ceil(multiplied4 / vectors / threads);
    const buffers = { order: this.order, powers: this.r, slots: this.slots };
    const grid = (tileGroups: number): [number, number, number] => [groups, tileGroups, slots];
    this.products.multiply(this.#kernels.gradient, block, buffers, grid);
    this.#addBlock(block);
  }

  #addBlock({ number, last }: Block): void {
    const { count, slots, updateVectors } = this.#tiling;
    const { blockSum: kernel } = this.#kernels;
    if (!kernel) return;
    for (let vector = 0; vector < count; vector += updateVectors) {
      const some = Math.min(updateVectors, count - vector);
      this.#commands.dispatch({
        kernel,
        buffers: { slots: this.slots, nodes: this.#nodes },
        whole: [vector, number, last ? 1 : 0],
        groups: grid(some, WORKGROUP),
        macs: 4 * (slots + 2) * some,
      });
    }
  }

  /**
   * Computes R from the block's Z, after Z ← Z + t·ΔZ, or Z ← Z + O if t is not given. Resolves to partial
   * sums of losses, hits and weights, (sums, 4).
   */
  softmax({ z, change, ...block }: KeptBlock, t?: number): Promise<Float32Array> {
    const buffers = { order: this.order, z, change, r: this.r };
    if (t !== undefined) return this.#sums("moved", block, buffers, t);
    return this.#sums("softmax", block, { ...buffers, labels: this.#offsetLabels });
  }

  /** Resolves to partial sums of losses, hits and weights, (sums, 4), of the logits in R's buffer. */
  evaluated(block: Block): Promise<Float32Array> {
    const { tiles: change, captured: r } = this.products.shared; // placeholders: Z does not move and R is not stored
    const labels = this.#offsetLabels;
    return this.#sums("evaluated", block, { labels, order: this.others, z: this.r, change, r });
  }

  /** Resolves to partial sums of losses, slopes and curvatures at Z + t·ΔZ, (sums, 4). */
  trial({ z, change, ...block }: KeptBlock, t: number): Promise<Float32Array> {
    return this.#sums("trial", block, { order: this.order, z, change }, t);
  }

  /** Dispatches a pass that writes partial sums, (sums, 4). */
  #sums(pass: Summed, block: Block, buffers: Bindings, t = 0): Promise<Float32Array> {
    const { labels, rowWeights } = this.products.shared;
    const groups = this.#rowGroups(block);
    const one = {
      kernel: this.#kernels[pass],
      buffers: { labels, rowWeights, ...buffers },
      whole: [block.first, block.rows],
      real: [t],
      groups: [groups] as const,
      macs: this.#rowMacs(block),
    };
    return this.#commands.sums(one, groups * this.#tiling.groupSums);
  }

  /** Turns U = X·V, in R's buffer, into the change of R: weight ⊙ s ⊙ (u − s·u), s the softmax of Z. */
  hessianResidual({ z, ...block }: KeptBlock): void {
    const { labels, rowWeights } = this.products.shared;
    this.#commands.dispatch({
      kernel: this.#kernels.hessianResidual,
      buffers: { order: this.order, labels, rowWeights, z, u: this.r },
      whole: [block.first, block.rows],
      groups: [this.#rowGroups(block)],
      macs: this.#rowMacs(block),
    });
  }

  /** Fills the slots with partial sums of the product of the Hessian with a vector. */
  curvature(vector: GPUBufferBinding): void {
    for (const block of this.blocks) {
      this.products.gather(block, this.order);
      this.products.logits(block, this.order, vector, this.r);
      this.hessianResidual(block);
      this.gradient(block);
    }
  }

  #rowGroups({ rows }: Block): number {
    const { rowLanes, rowThreads, threadRows } = this.#tiling;
    return Math.ceil((rows * rowLanes) / rowThreads / threadRows);
  }

  #rowMacs({ rows }: Block): number {
    return LOGITS_MACS * this.#tiling.classes4 * rows;
  }

  #create(label: string, bytes: number, usage = GPUBufferUsage.STORAGE): GPUBuffer {
    const usages = usage | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    return this.#gpu.buffer(label, bytes, usages);
  }
}
