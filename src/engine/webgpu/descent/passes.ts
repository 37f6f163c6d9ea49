/** The passes of one problem on one device: the buffers they share, the uniforms, and the update. */
import { type DescentState, momentCount } from "../../descent.js";
import type { FloatArray } from "../../../core/rows.js";
import {
  type Block,
  type BlockPasses,
  type Buffers,
  KernelCache,
  type Mode,
  type Stages,
  type StepEntry,
  type Unit,
  ratesOf,
  pad,
} from "../kernels/blocks.js";
import type { Gpu } from "../device/device.js";
import { blockSumKernel, gatherKernel, updateKernel } from "../kernels/constants.js";
import type { DescentContext } from "./context.js";
import { FusedPasses } from "./fused.js";
import { type Bound, ENTRY_BYTES, bound, dispatch } from "../kernels/pipelines.js";
import { Orders } from "./orders.js";
import type { Readback } from "../device/readback.js";
import type { Specialisation } from "../kernels/specialise.js";
import { SplitPasses } from "./split.js";
import { WholeSteps, wholeCapacity } from "./steps.js";
import { TiledPasses } from "./tiled.js";
import { type Tiling, isWhole, takesStep } from "../kernels/tiling.js";
import { grid } from "../kernels/cut.js";
import { GPUBufferUsage } from "../device/flags.js";

/** Fewest entries in a uniform. */
const ENTRIES = 256;
/** Threads in a workgroup of gather and of update. */
const WORKGROUP = 64;

type BufferName =
  | "order"
  | "blocks"
  | "steps"
  | "weights"
  | "moment1"
  | "moment2"
  | "slots"
  | "sums"
  | "nodes"
  | "blockSums"
  | "ring";

/** The buffers and kernels of a descent's passes. */
interface Parts {
  readonly orders: Orders;
  readonly buffers: Readonly<Record<BufferName, GPUBuffer>>;
  readonly blocks: BlockPasses;
  /** For small problems: takes whole steps in place of `blocks`, which still evaluates. */
  readonly whole: WholeSteps | undefined;
  readonly updates: KernelCache;
  /** Adds the sums of a step's blocks, where it has several. */
  readonly blockSum: Bound | undefined;
  /** One gather per shard; none if X is one binding. */
  readonly gathers: readonly Bound[];
}

export class GpuPasses {
  readonly tiling: Tiling;
  readonly orders: Orders;
  readonly buffers: Readonly<Record<BufferName, GPUBuffer>>;
  /** Most blocks, and most steps, in one submission. */
  readonly capacity: number;
  readonly #blocks: BlockPasses;
  readonly #whole: WholeSteps | undefined;
  readonly #prepared = new Map<Mode, Promise<void>>();
  readonly #gpu: Gpu;
  readonly #updates: KernelCache;
  readonly #gathers: readonly Bound[];
  readonly #blockSum: Bound | undefined;
  readonly #updateIn: (mode: Mode) => Specialisation;

  private constructor(
    { gpu, placed, problem, tiling }: DescentContext,
    { orders, buffers, blocks, whole, updates, blockSum, gathers }: Parts,
  ) {
    this.#gpu = gpu;
    this.tiling = tiling;
    this.orders = orders;
    this.buffers = buffers;
    this.#blocks = blocks;
    this.#whole = whole;
    this.capacity = whole
      ? whole.capacity
      : Math.floor(entriesOf(tiling) / Math.max(blockEntries(tiling), stepEntries(tiling)));
    this.#updates = updates;
    this.#gathers = gathers;
    this.#blockSum = blockSum;
    this.#updateIn = (mode) => updateKernel(placed.rows, problem, tiling, mode);
  }

  /** Allocates its buffers on the handle of the context, whose owner releases them. */
  static async create(context: DescentContext): Promise<GpuPasses> {
    const { gpu, placed, problem, tiling } = context;
    const { count, features4, blockRows, slots, sums, evaluationSums, levels, rowWords, gathered } = tiling;
    const create = (label: string, bytes: number, usage = GPUBufferUsage.STORAGE) => {
      const usages = usage | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
      return gpu.buffer(label, Math.max(16, bytes), usages);
    };
    const moments = momentCount(problem.rule);
    const { penaltyFactors } = problem;
    const factors4 = penaltyFactors ? features4 : 0; // behind the weights, as kernels have no binding left
    const entries = ENTRY_BYTES * entriesOf(tiling);
    const orders = new Orders(gpu, placed.rows.count);
    const buffers = {
      order: orders.buffer,
      blocks: create("blocks", entries, GPUBufferUsage.UNIFORM),
      steps: create("steps", entries, GPUBufferUsage.UNIFORM),
      weights: create("weights", 16 * (count + factors4)),
      moment1: create("first moment", moments > 0 ? 16 * count : 16),
      moment2: create("second moment", moments > 1 ? 16 * count : 16),
      slots: create("slots", 16 * count * slots),
      sums: create("sums", 16 * Math.max(sums, evaluationSums)),
      nodes: create("sums of blocks", 16 * (count + 1) * levels),
      blockSums: create("block sums", levels > 0 ? entries : 16, GPUBufferUsage.UNIFORM),
      ring: create("ring", 16 * (isWhole(tiling) ? wholeCapacity(tiling) : ENTRIES)),
    };
    if (penaltyFactors) {
      const padded = pad(penaltyFactors, penaltyFactors.length, 4 * features4, 4 * features4);
      gpu.run(() => gpu.device.queue.writeBuffer(buffers.weights, 16 * count, padded));
    }
    const x = gathered ? create("gathered rows", 4 * rowWords * blockRows) : placed.shards[0].x;
    const shared = {
      ...buffers,
      block: buffers.blocks,
      current: buffers.steps,
      x,
      labels: placed.wideLabels ?? placed.labels,
      rowWeights: placed.weights,
    };
    const blocks = passesOf(context, shared);
    const whole = isWhole(tiling) ? new WholeSteps({ ...context, tiling }, shared) : undefined;
    const shards = (gathered ? placed.shards : []).map((shard) => {
      const range = create("shard", 16, GPUBufferUsage.UNIFORM);
      gpu.run(() => gpu.device.queue.writeBuffer(range, 0, Uint32Array.of(shard.first, shard.rows)));
      return { ...shared, shard: range, x: shard.x, gathered: x };
    });
    const gathers = await Promise.all(
      shards.map((between) => bound(gpu, "gather", gatherKernel(tiling), between)),
    );
    const updates = new KernelCache(gpu, shared);
    const blockSum =
      levels > 0
        ? await bound(gpu, "block-sum", blockSumKernel(tiling), { ...shared, current: buffers.blockSums })
        : undefined;
    return new GpuPasses(context, { orders, buffers, blocks, whole, updates, blockSum, gathers });
  }

  /** Compiles the kernels of a mode, once. */
  prepare(mode: Mode): Promise<void> {
    const prepared = this.#prepared.get(mode) ?? this.#compile(mode);
    this.#prepared.set(mode, prepared);
    return prepared;
  }

  async #compile(mode: Mode): Promise<void> {
    if (this.#whole && mode !== "evaluate") return this.#whole.prepare(mode);
    await Promise.all([
      this.#blocks.prepare(mode),
      mode !== "evaluate" && this.#updates.add(mode, "update", this.#updateIn(mode)),
    ]);
  }

  /** Writes weights and the given moments, each (features + 1, classes), to the device's padded rows. */
  setState({ weights, moments: [first, second] }: DescentState): void {
    const { count, classes, classes4 } = this.tiling;
    const write = (buffer: GPUBuffer, values: FloatArray | undefined) => {
      if (!values) return;
      const padded = pad(values, classes, 4 * classes4, 4 * count);
      this.#gpu.run(() => this.#gpu.device.queue.writeBuffer(buffer, 0, padded));
    };
    write(this.buffers.weights, weights);
    write(this.buffers.moment1, first);
    write(this.buffers.moment2, second);
  }

  /** Writes the orders and entries of these units, within the caller's `run`. Encode the same units next. */
  write(mode: Mode, units: readonly Unit[]): void {
    this.orders.write();
    if (this.#whole && mode !== "evaluate") {
      this.#whole.write(units);
      return;
    }
    const { buffers, tiling } = this;
    const tiles = tiling.kind === "tiled" ? tiling.dispatchTiles : 0;
    this.#writeBlocks(buffers.blocks, units, blockEntries(tiling), ({ first, rows }, range) => [
      first,
      rows,
      range * tiles,
    ]);
    if (this.#blockSum && mode !== "evaluate") {
      this.#writeBlocks(buffers.blockSums, units, stepEntries(tiling), ({ number, last }, range) => [
        range * tiling.updateVectors,
        number,
        last ? 1 : 0,
      ]);
    }
    const steps = units.flatMap(({ step }) => step ?? []);
    if (steps.length > 0) this.#writeSteps(mode, steps);
  }

  /** Writes the entries of each block, one for each range, to a uniform: three words, then a step's rates. */
  #writeBlocks(
    uniform: GPUBuffer,
    units: readonly Unit[],
    ranges: number,
    wordsOf: (block: Block, range: number) => readonly [number, number, number],
  ): void {
    const entries = new Uint32Array((units.length * ranges * ENTRY_BYTES) / 4);
    const reals = new Float32Array(entries.buffer);
    units.forEach(({ block, step }, n) => {
      for (let range = 0; range < ranges; range++) {
        const at = ((n * ranges + range) * ENTRY_BYTES) / 4;
        entries.set(wordsOf(block, range), at);
        if (step) reals.set(ratesOf(step), at + 3);
      }
    });
    this.#gpu.device.queue.writeBuffer(uniform, 0, entries);
  }

  #writeSteps(mode: Mode, steps: readonly StepEntry[]): void {
    const { count, updateVectors } = this.tiling;
    const ranges = stepEntries(this.tiling);
    const entries = new Uint32Array((steps.length * ranges * ENTRY_BYTES) / 4);
    const reals = new Float32Array(entries.buffer);
    steps.forEach((step, n) => {
      for (let range = 0; range < ranges; range++) {
        const at = ((n * ranges + range) * ENTRY_BYTES) / 4;
        entries.set([n, this.#addsLosses(mode) ? count : range * updateVectors], at);
        reals.set(ratesOf(step), at + 2);
      }
    });
    this.#gpu.device.queue.writeBuffer(this.buffers.steps, 0, entries);
  }

  /** Whether the update has only losses to add: the gradient took the step. */
  #addsLosses(mode: Mode): boolean {
    return mode === "train" && takesStep(this.tiling);
  }

  /** Encodes the units written last: the passes of each block and the update of each step that ends. */
  encode(pass: GPUComputePassEncoder, mode: Mode, units: readonly Unit[]): void {
    if (this.#whole && mode !== "evaluate") {
      this.#whole.encode(pass, mode, units);
      return;
    }
    let ended = 0;
    units.forEach(({ block, step }, n) => {
      const entry = n * blockEntries(this.tiling);
      const words = Math.ceil(this.tiling.rowWords / WORKGROUP);
      for (const gather of this.#gathers) dispatch(pass, gather, entry, words, block.rows);
      this.#blocks.encode(pass, mode, entry);
      if (this.#blockSum && mode !== "evaluate") this.#overVectors(pass, this.#blockSum, n);
      if (!step) return;
      const update = this.#updates.get(mode);
      if (this.#addsLosses(mode)) dispatch(pass, update, ended++ * stepEntries(this.tiling), 1);
      else this.#overVectors(pass, update, ended++);
    });
  }

  /** Encodes the dispatches of a kernel over W and the sums, whose entries in its uniform are the n-th. */
  #overVectors(pass: GPUComputePassEncoder, kernel: Bound, n: number): void {
    const { count, updateVectors } = this.tiling;
    const ranges = stepEntries(this.tiling);
    for (let range = 0; range < ranges; range++) {
      const vectors = Math.min(updateVectors, count + 1 - range * updateVectors);
      dispatch(pass, kernel, n * ranges + range, ...grid(vectors, WORKGROUP));
    }
  }

  /** Encodes copies of the stages of a captured block of `rows` rows. Call the result after submitting. */
  stages(readback: Readback, encoder: GPUCommandEncoder, rows: number): () => Promise<Stages> {
    return (this.#whole ?? this.#blocks).stages(readback, encoder, rows);
  }

  /** Encodes a copy of the gradient of a captured step, (4·features4, 4·classes4). */
  gradient(readback: Readback, encoder: GPUCommandEncoder): () => Promise<ArrayBuffer> {
    if (this.#whole) return this.#whole.gradient(readback, encoder);
    return readback.copy(encoder, this.buffers.slots, 16 * this.tiling.count);
  }
}

function passesOf(context: DescentContext, shared: Buffers): BlockPasses {
  const { tiling } = context;
  switch (tiling.kind) {
    case "fused":
      return new FusedPasses({ ...context, tiling }, shared);
    case "split":
      return new SplitPasses({ ...context, tiling }, shared);
    case "tiled":
      return new TiledPasses({ ...context, tiling }, shared);
  }
}

/** Describes the purpose of a descent's buffers, for error messages. */
export function descentOf({ placed, problem, tiling }: Omit<DescentContext, "gpu">): string {
  const { features } = placed.rows;
  const { classes, rule } = problem;
  const { blockRows, levels, slots } = tiling;
  const moments = momentCount(rule);
  return `${features} features × ${classes} classes with ${moments} moments, ${slots + levels} partial gradients and blocks of ${blockRows} rows`;
}

/** Returns the entries of a block: one for each dispatch's range of tiles. */
function blockEntries(tiling: Tiling): number {
  return tiling.kind === "tiled" ? Math.ceil(tiling.tiles / tiling.dispatchTiles) : 1;
}

/** Returns the entries of a step: one for each dispatch's range of W. */
function stepEntries({ count, updateVectors }: Tiling): number {
  return Math.ceil((count + 1) / updateVectors);
}

function entriesOf(tiling: Tiling): number {
  return Math.max(ENTRIES, blockEntries(tiling), stepEntries(tiling));
}
