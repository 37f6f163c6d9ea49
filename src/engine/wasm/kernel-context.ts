/** The memory of a training or an objective, and the threads that work on it. */
import type { ObjectiveProblem } from "../objective.js";
import type { FloatArray, RowHead } from "../../core/rows.js";
import { SumTree } from "../../core/sum-plan.js";
import type { WasmContext } from "./context.js";
import type { Heap } from "./heap.js";
import type { Layout } from "./layout.js";
import type { HeapRows } from "./placement.js";
import { PLAN_ENTRY_BYTES, type Entry, PLAN_BYTES, type Plan, writeEntries, writePlan } from "./plan.js";
import type { ThreadPool } from "./thread-pool.js";

/**
 * Multiply-adds of a product that are worth one more thread: threads meet several times a pass, which takes
 * microseconds.
 */
const THREAD_WORK = 2 ** 16;
/**
 * The same where each pass is awaited, which takes a message to the thread and back. Work for less than two
 * threads runs inline.
 */
const AWAITED_WORK = 2 ** 21;
/** The multiply-adds that take as long as an entry does besides. */
const ENTRY_WORK = 2 ** 14;
/** The most entries of one run. */
export const MOST_ENTRIES = 1024;
/** Vectors of four numbers in each partial sum of an inner product, as in assembly/vectors.ts. */
const PRODUCT_RANGE = 1024;

/** The three sums of an entry. */
export type SumTriple = readonly [number, number, number];

export interface WorkShape {
  readonly classes: number;
  readonly intercept: boolean;
  /** The most rows of a step or pass. `sums` takes more. */
  readonly batchSize: number;
  /** True if every entry is awaited, so that a run has few. */
  readonly awaited?: boolean;
  /** How many `Work`s run at the same time, each with an equal share of the threads. Default 1. */
  readonly together?: number;
}

/** Bytes of a vector: a matrix (features + 1, classes) in the kernels' layout. */
export function vectorBytes({ paddedClasses }: Layout, stride: number): number {
  return 4 * paddedClasses * stride;
}

/** Bytes of the logits of some rows, or of their change: (rows / 4, paddedClasses, 4 rows). */
export function logitsBytes({ paddedClasses }: Layout, rows: number): number {
  return 16 * Math.ceil(rows / 4) * paddedClasses;
}

/** Returns the bytes of each block that a layout needs, by its name in the plan. */
function layoutBlocks(layout: Layout, stride: number, threads: number) {
  const vector = vectorBytes(layout, stride);
  const common = {
    sums: 32 * layout.sums,
    nodeSums: 32 * layout.sumLevels,
    nodes: layout.levels * vector,
    scratch: threads * layout.scratchBytes,
  };
  if (layout.kind === "fused") return { ...common, partials: layout.partials * vector };
  const z = 4 * layout.paddedClasses * (layout.chunkRows + 4);
  const { chunkRows, packBytes: pack, tileBytes: tiles } = layout;
  return { ...common, pack, tiles, tileRows: 4 * chunkRows, z, partials: vector };
}

export class KernelContext {
  readonly layout: Layout;
  readonly #heap: Heap;
  readonly #pool: ThreadPool;
  readonly #rows: RowHead;
  readonly #shape: WorkShape;
  readonly #stride: number;
  readonly #threads: number;
  readonly #inline: boolean;
  readonly #blocks: number[] = [];
  readonly #plan: number;
  readonly #entries: number;
  readonly #ring: number;
  #running = false;
  #released = false;

  /**
   * @param others bytes of each block that its owner will allocate.
   * @throws {DeviceError} if they do not fit together with its own blocks.
   */
  constructor(
    { heap, pool, twelveSums, rows, placed }: WasmContext,
    shape: WorkShape,
    layout: Layout,
    others: readonly number[],
  ) {
    this.layout = layout;
    this.#heap = heap;
    this.#pool = pool;
    this.#rows = rows;
    this.#shape = shape;
    this.#stride = placed.stride;
    const work = shape.batchSize * shape.classes * placed.stride;
    const worth = Math.floor(work / (shape.awaited ? AWAITED_WORK : THREAD_WORK));
    const share = Math.floor(pool.threads / (shape.together ?? 1));
    this.#threads = Math.max(1, Math.min(share, worth));
    this.#inline = worth < 2 && shape.awaited === true;
    const run = { plan: PLAN_BYTES, entries: MOST_ENTRIES * PLAN_ENTRY_BYTES, ring: 32 * MOST_ENTRIES };
    const blocks = layoutBlocks(layout, placed.stride, this.#threads);
    heap.check([...Object.values(run), ...Object.values(blocks), ...others], this.#what);
    try {
      this.#plan = this.allocate(run.plan);
      this.#entries = this.allocate(run.entries);
      this.#ring = this.allocate(run.ring);
      this.#writePlan(placed, blocks);
      this.write({ twelveSums: Number(twelveSums) });
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** True if the calling thread computes. */
  get blocking(): boolean {
    return this.#pool.blocking;
  }

  allocate(bytes: number): number {
    const block = this.#heap.allocate(bytes, this.#what, this.#blocks);
    this.#blocks.push(block);
    return block;
  }

  get #what(): string {
    const { classes, batchSize } = this.#shape;
    return `Training ${this.#rows.features} features × ${classes} classes in batches of ${batchSize}`;
  }

  free(block: number): void {
    const index = this.#blocks.indexOf(block);
    if (index < 0) return; // freed by `release`
    this.#heap.free(block);
    this.#blocks.splice(index, 1);
  }

  /** Allocates the blocks and writes the fields of the plan that stay the same from run to run. */
  #writePlan(placed: HeapRows, blocks: Readonly<Record<string, number>>): void {
    const { layout } = this;
    const { classes, intercept } = this.#shape;
    this.#heap.bytes(this.#plan, PLAN_BYTES).fill(0);
    this.write({
      features: this.#rows.features,
      stride: placed.stride,
      rowBytes: placed.rowBytes,
      valueBytes: placed.valueBytes,
      scale: this.#rows.scale,
      x: placed.x,
      labels: placed.labels,
      rowWeights: placed.rowWeights,
      offsets: placed.offsets,
      classes,
      paddedClasses: layout.paddedClasses,
      intercept: Number(intercept),
      threads: this.#threads,
      entries: this.#entries,
      ring: this.#ring,
      scratchBytes: layout.scratchBytes,
      rangeRows: layout.rangeRows,
      ...(layout.kind === "fused"
        ? { groupRanges: layout.groupRanges, packRows: layout.packRows }
        : { tiled: 1, chunkRows: layout.chunkRows }),
      ...Object.fromEntries(Object.entries(blocks).map(([name, bytes]) => [name, this.allocate(bytes)])),
    });
  }

  get #vectorBytes(): number {
    return vectorBytes(this.layout, this.#stride);
  }

  write(values: Partial<Plan>): void {
    writePlan(this.#heap, this.#plan, values);
  }

  /** Runs at most MOST_ENTRIES entries and returns the sums of each. */
  async run(
    entries: readonly Partial<Entry>[],
    inline = this.#inline || this.#takesLessThanMessage(entries),
  ): Promise<SumTriple[]> {
    if (this.#released) throw new Error("The memory of this training was released.");
    writeEntries(this.#heap, this.#entries, entries);
    this.write({ steps: entries.length });
    this.#running = true;
    try {
      await this.#pool.run(this.#plan, this.#threads, inline);
      const ring = this.#heap.f64(this.#ring, 4 * entries.length);
      return entries.map((_, n) => [ring[4 * n], ring[4 * n + 1], ring[4 * n + 2]]);
    } finally {
      this.#running = false;
      if (this.#released) this.#freeAll();
    }
  }

  /** Returns whether steps of a descent on one thread are done before a message would reach it. */
  #takesLessThanMessage(entries: readonly Partial<Entry>[]): boolean {
    if (this.#shape.awaited || this.#threads > 1) return false;
    const rows = entries.reduce((sum, entry) => sum + (entry.rows ?? 0), 0);
    const work = rows * this.#shape.classes * this.#stride + entries.length * ENTRY_WORK;
    return work < 2 * AWAITED_WORK;
  }

  /** Adds up the sums of a sums-only entry over `rows` rows, in runs that are nodes of the tree. */
  async sums(entry: Partial<Entry>, rows: number): Promise<SumTriple> {
    const { layout } = this;
    const most = layout.kind === "fused" ? layout.groupRanges * layout.rangeRows : layout.chunkRows;
    const inline = this.#inline && rows <= this.#shape.batchSize;
    const tree = new SumTree<SumTriple>((left, right) => [
      left[0] + right[0],
      left[1] + right[1],
      left[2] + right[2],
    ]);
    for (let first = 0; first < rows; first += most) {
      const [sums] = await this.run([{ ...entry, first, rows: Math.min(most, rows - first) }], inline);
      tree.push(sums);
    }
    return tree.total([0, 0, 0]);
  }

  words(address: number, length: number): { readonly u32: Uint32Array; readonly f32: Float32Array } {
    return { u32: this.#heap.u32(address, length), f32: this.#heap.f32(address, length) };
  }

  /** Copies the logits of `rows` rows, or their change, out of memory as (rows, classes). */
  logitsAt(address: number, rows: number): Float32Array {
    const { classes } = this.#shape;
    const { paddedClasses } = this.layout;
    const from = this.#heap.f32(address, logitsBytes(this.layout, rows) / 4);
    const values = new Float32Array(rows * classes);
    for (let n = 0, i = 0; n < rows; n++) {
      const first = 4 * (n >> 2) * paddedClasses + (n & 3);
      for (let k = 0; k < classes; k++, i++) values[i] = from[first + 4 * k];
    }
    return values;
  }

  /** Allocates a vector of zeros: (paddedClasses / 2, stride / 4, 2, 4). */
  vector(): number {
    const address = this.allocate(this.#vectorBytes);
    this.clear(address);
    return address;
  }

  clear(vector: number): void {
    this.#heap.bytes(vector, this.#vectorBytes).fill(0);
  }

  /** Allocates the scratch memory of products with vectors, and copies the penalties of each feature. */
  prepareVectors({ penalties, l1 }: Pick<ObjectiveProblem, "penalties" | "l1">): void {
    this.write({
      productSums: this.allocate(32 * Math.ceil(this.#vectorBytes / 16 / PRODUCT_RANGE)),
      matrixRows: this.allocate(16 * (this.layout.paddedClasses + 1) * this.#threads),
      penalties: this.ofFeatures(penalties),
      l1: this.ofFeatures(l1),
    });
  }

  /** Copies a number for each feature, with zeros for the intercept and the padding: (stride). */
  ofFeatures(values: FloatArray = new Float32Array()): number {
    const address = this.allocate(4 * this.#stride);
    this.#heap.f32(address, this.#stride).fill(0).set(values);
    return address;
  }

  /** Copies a matrix (features + 1, features + 1) into memory, padded with zeros: (stride, stride). */
  square(values: FloatArray): number {
    const size = this.#rows.features + 1;
    const stride = this.#stride;
    const address = this.allocate(4 * stride * stride);
    const to = this.#heap.f32(address, stride * stride).fill(0);
    for (let row = 0; row < size; row++) {
      to.set(values.subarray(row * size, (row + 1) * size), row * stride);
    }
    return address;
  }

  /** Copies a vector out of memory as (features + 1, classes). */
  matrix(vector: number): Float32Array {
    const { classes } = this.#shape;
    const from = this.#heap.f32(vector, this.#vectorBytes / 4);
    const matrix = new Float32Array((this.#rows.features + 1) * classes);
    for (let i = 0, d = 0; i < matrix.length; d++) {
      for (let k = 0; k < classes; k++, i++) matrix[i] = from[this.#placeOf(d, k)];
    }
    return matrix;
  }

  setMatrix(vector: number, matrix: FloatArray): void {
    const { classes } = this.#shape;
    const to = this.#heap.f32(vector, this.#vectorBytes / 4).fill(0);
    for (let i = 0, d = 0; i < matrix.length; d++) {
      for (let k = 0; k < classes; k++, i++) to[this.#placeOf(d, k)] = matrix[i];
    }
  }

  /** The index of weight (d, k). Classes lie in pairs: four features of one, then four of the other. */
  #placeOf(d: number, k: number): number {
    return (k >> 1) * 2 * this.#stride + 8 * (d >> 2) + 4 * (k & 1) + (d & 3);
  }

  /** Frees the memory, after the run where one is at work on it. */
  release(): void {
    this.#released = true;
    if (!this.#running) this.#freeAll();
  }

  #freeAll(): void {
    for (const block of this.#blocks.splice(0)) this.#heap.free(block);
  }
}
