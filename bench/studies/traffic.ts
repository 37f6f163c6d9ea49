/**
 * What a step costs on paper: formulas for the loads, stores and multiply-adds of each kernel as it is
 * written, and for the bytes that have to move. A counting build of the kernels confirms the counts exactly
 * (test/unit/engine/webgpu/counted.browser.test.ts).
 */
import { type DescentProblem, momentCount } from "../../src/engine/descent.js";
import { type Rows } from "../../src/core/rows.js";
import { SPLIT_COLUMNS, sideOf } from "../../src/engine/webgpu/kernels/choice.js";
import {
  isWhole,
  takesStep,
  type FusedTiling,
  type SplitTiling,
  type TiledTiling,
  type Tiling,
  type WholeTiling,
} from "../../src/engine/webgpu/kernels/tiling.js";
import { labelWords, tileWords } from "../../src/engine/webgpu/kernels/cut.js";
import type { KernelName } from "../../src/engine/webgpu/kernels/kernels.js";

export interface Counts {
  /**
   * 32-bit words that all threads load from storage buffers and store to them, before any cache. What is the
   * same for all lanes of a subgroup is loaded once for them, as a GPU does.
   */
  readonly loads: number;
  readonly stores: number;
  /** Multiply-adds of the two products, including padding. */
  readonly macs: number;
}

/** The work of a kernel for a block or for the step: its counts, and the bytes that its dispatches touch. */
export interface Pass extends Counts {
  readonly kernel: KernelName;
  /** A fraction where one dispatch takes several steps. */
  readonly dispatches: number;
  readonly bytes: number;
}

export interface Traffic {
  readonly passes: readonly Pass[];
  /**
   * Bytes between memory and a cache that holds everything that one dispatch touches: each dispatch reads and
   * writes every byte at most once, and nothing stays in the cache until the next dispatch.
   */
  readonly bytesMoved: number;
  /**
   * Bytes that every implementation of the step has to move: X and the labels or targets are read, weights
   * and moments read and written.
   */
  readonly leastBytes: number;
}

/** A block of rows, its number in the step, and the number of the last. */
interface Block {
  readonly rows: number;
  readonly number: number;
  readonly lastNumber: number;
}

/**
 * The traffic of one step over `stepRows` of the rows, without captures, where subgroups have so many lanes:
 * 1 on a software adapter, which loads for each of them.
 */
export function traffic(
  rows: Rows,
  problem: DescentProblem,
  tiling: Tiling,
  stepRows: number,
  subgroup = 1,
): Traffic {
  const passes = passesOf({ rows, problem, subgroup }, tiling, stepRows);
  return {
    passes,
    bytesMoved: passes.reduce((all, { bytes }) => all + bytes, 0),
    leastBytes: leastBytes(rows, problem, stepRows),
  };
}

/** What is counted: a step of a problem, on an adapter with subgroups of so many lanes. */
interface Counted {
  readonly rows: Rows;
  readonly problem: DescentProblem;
  readonly subgroup: number;
}

/** Returns how often words are loaded that are the same for so many neighbouring threads. */
function once(words: number, threads: number, { subgroup }: Counted): number {
  return words / Math.min(subgroup, threads);
}

function passesOf(of: Counted, tiling: Tiling, stepRows: number): Pass[] {
  if (isWhole(tiling)) return [steps(of, tiling, stepRows)];
  const count = Math.ceil(stepRows / tiling.blockRows);
  const blocks = Array.from({ length: count }, (_, number) => ({
    rows: Math.min(tiling.blockRows, stepRows - number * tiling.blockRows),
    number,
    lastNumber: count - 1,
  }));
  const passes = blocks.flatMap((block) => [
    ...(tiling.gathered ? [gather(of, tiling, block)] : []),
    ...productsOf(of, tiling, block),
    ...(tiling.levels > 0 ? [blockSum(tiling, block)] : []),
  ]);
  return [...passes, update(of.rows, of.problem, tiling)];
}

function productsOf(of: Counted, tiling: Tiling, block: Block): Pass[] {
  switch (tiling.kind) {
    case "fused":
      return [fused(of, tiling, block)];
    case "split":
      return [splitLogits(of, tiling, block), splitGradient(of, tiling, block)];
    case "tiled":
      return [logits(of, tiling, block), residual(of, tiling, block), gradient(of, tiling, block)];
  }
}

function leastBytes({ x, features, targets }: Rows, { classes, rule }: DescentProblem, rows: number): number {
  const state = 4 * (features + 1) * classes * (1 + momentCount(rule));
  return rows * Math.min(4, x.BYTES_PER_ELEMENT) * features + 4 * rows * (targets ? classes : 1) + 2 * state;
}

/** Words that the shaders' `features()` loads: a vector of four features. */
function vectorWords({ rowWords, features4 }: Tiling): number {
  return rowWords / features4;
}

/** Words that the shaders' `rowOf()` loads: the row's number, unless the rows were gathered. */
function numberWords({ gathered }: Tiling): number {
  return gathered ? 0 : 1;
}

/** Bytes of the block's rows of X and of their row numbers. */
function rowBytes(tiling: Tiling, { rows }: Block): number {
  return 4 * rows * (tiling.rowWords + numberWords(tiling));
}

/** Counts of shaders/fused.wgsl. */
function fused(of: Counted, tiling: FusedTiling, block: Block): Pass {
  const { rows } = block;
  const data = of.rows;
  const { features4, classes, classes4, count, slots, sharing, vectors, rowThreads, columnThreads } = tiling;
  const [xWords, number] = [vectorWords(tiling), numberWords(tiling)];
  const turnRows = tiling.rows * rowThreads;
  const turns = Math.ceil(rows / turnRows); // over all slots
  // Words that a thread loads for four rows of W, or of the residual.
  const shared = (threads: number) =>
    sharing === "subgroups" ? 4 * classes4 : once(4 * classes, threads, of);
  const record = 4 * (classes4 + 1);
  const targets = 2 * (labelWords(data) - 1); // words per row, for its loss and for its residual
  const logitLoads =
    turnRows * (number + features4 * xWords + 3 + targets) + rowThreads * features4 * shared(rowThreads);
  const gradientLoads =
    columnThreads *
    ((turnRows / 4) * shared(columnThreads) +
      turnRows * (once(number, columnThreads, of) + vectors * xWords));
  return {
    kernel: "fused",
    dispatches: 1,
    loads: turns * (logitLoads + gradientLoads + 4 * turnRows),
    stores: turns * turnRows * record + slots * (4 * count + 4),
    macs: turns * turnRows * 4 * classes * (features4 + columnThreads * vectors),
    // X, the labels and weights of rows, W, records, slots and sums.
    bytes:
      rowBytes(tiling, block) +
      4 * (labelWords(data) + 1) * rows +
      16 * count +
      4 * record * rows +
      slots * (16 * count + 16),
  };
}

/** Counts of shaders/split-logits.wgsl. */
function splitLogits(of: Counted, tiling: SplitTiling, block: Block): Pass {
  const { rows } = block;
  const data = of.rows;
  const { features4, classes, classes4, count, lanes, groupRows } = tiling;
  const groups = Math.ceil(rows / groupRows);
  const slabs = Math.ceil(features4 / lanes);
  const [ofLoss, ofResidual] = data.targets ? [classes, 4 * classes4] : [0, 0]; // words of targets
  const ofRow = once(lanes * numberWords(tiling), lanes, of) + features4 * vectorWords(tiling) + 3 + ofLoss;
  const record = 4 * (classes4 + 1);
  return {
    kernel: "split-logits",
    dispatches: 1,
    loads: groups * (groupRows * ofRow + slabs * lanes * 16 * classes4) + rows * ofResidual,
    stores: rows * record,
    macs: groups * groupRows * 4 * classes * features4,
    // X, the labels and weights of rows, W and records.
    bytes:
      rowBytes(tiling, block) +
      4 * (labelWords(data) + 1) * rows +
      16 * count +
      4 * record * rows +
      16 * groups,
  };
}

/** Counts of shaders/split-gradient.wgsl. */
function splitGradient(of: Counted, tiling: SplitTiling, block: Block): Pass {
  const { rows } = block;
  const { classes, classes4, count, features4, slots } = tiling;
  const columns = SPLIT_COLUMNS * Math.ceil(features4 / SPLIT_COLUMNS);
  return {
    kernel: "split-gradient",
    dispatches: 1,
    loads:
      rows * (columns * (once(numberWords(tiling) + classes, SPLIT_COLUMNS, of) + vectorWords(tiling)) + 4),
    stores: slots * (4 * count + 4),
    macs: rows * columns * 4 * classes,
    // X, records, slots and sums.
    bytes: rowBytes(tiling, block) + 16 * (classes4 + 1) * rows + slots * (16 * count + 16),
  };
}

/** Counts of shaders/logits.wgsl. */
function logits(of: Counted, tiling: TiledTiling, block: Block): Pass {
  const { rows: data, problem } = of;
  const { features4, multiplied4, classes4, count, sharing, tile4, tiles } = tiling;
  const [xWords, number] = [vectorWords(tiling), numberWords(tiling)];
  const threads = threadsOf(tiling, block.rows / tiling.rows);
  const weights = sharing === "none" ? once(16, tiling.threads, of) : 4;
  const own = tiling.rows * (number + features4 * xWords) + features4 * weights * tile4;
  const side = sideOf(sharing);
  const slabs = Math.ceil((4 * multiplied4) / side);
  const loaded = tiling.rows / 4; // rows of a slab, one vector of features of each
  const bias = multiplied4 < features4 ? once(4 * tile4, side, of) : 0; // of the tile's `side` threads
  const loads = side > 0 ? loaded * number + slabs * (loaded * xWords + 4 * tile4) + bias : own;
  const dispatches = tileRanges(tiling);
  const words = tileWords(data, problem);
  const targets = data.targets ? 4 * tile4 : 0; // words per row and tile
  return {
    kernel: "logits",
    dispatches,
    loads: threads * loads + (2 + targets) * tiles * block.rows,
    stores: block.rows * (tiles * (4 * tile4 + words) + 4),
    macs: threads * multiplied4 * tiling.rows * 16 * tile4,
    // Each dispatch touches X and the labels; one touches W, targets, powers, tiles and rowSums.
    bytes:
      dispatches * (rowBytes(tiling, block) + 4 * block.rows) +
      4 * (labelWords(data) - 1) * block.rows +
      16 * count +
      block.rows * (16 * classes4 + 4 * words * tiles + 16),
  };
}

/** Counts of shaders/residual.wgsl. */
function residual(of: Counted, { sums, lanes, tiles, workgroup }: TiledTiling, { rows }: Block): Pass {
  const threads = sums * workgroup;
  const words = tileWords(of.rows, of.problem);
  return {
    kernel: "residual",
    dispatches: 1,
    loads: once(7 * threads, lanes, of) + (1 + words) * tiles * (threads / lanes) + tiles * rows,
    stores: rows * (tiles + 4) + 4 * sums,
    macs: 0,
    // The rows' numbers, labels and weights; tiles, rowSums and sums, read and written.
    bytes: 12 * rows + 2 * (rows * (4 * words * tiles + 16) + 16 * sums),
  };
}

/** Counts of shaders/gradient.wgsl. */
function gradient(of: Counted, tiling: TiledTiling, block: Block): Pass {
  const { rows: data, problem } = of;
  const { features4, multiplied4, classes4, slots, sharing, tile4, tiles, vectors } = tiling;
  const [xWords, number] = [vectorWords(tiling), numberWords(tiling)];
  const threads = threadsOf(tiling, multiplied4 / vectors); // each over all slots
  // The padding after ones that are alone is never stored.
  const count = tiling.count - (multiplied4 < features4 ? 3 * classes4 : 0);
  const fours = Math.ceil(block.rows / 4);
  const ofRow = data.targets ? 2 : 3; // words loaded for the residuals of a row
  const ofTile = (data.targets ? 9 : 5) * tile4; // and for those of a tile of it
  const made = sharing === "none" ? once(4 * (ofRow + ofTile), tiling.threads, of) : ofRow + ofTile;
  const rowNumber = once(number, tiling.threads, of);
  const own = fours * (made + 4 * (rowNumber + vectors * xWords));
  const side = sideOf(sharing);
  const slab4 = side / 4;
  const slabs = Math.ceil(fours / slab4);
  // The row's number, label and weight are the same for `side` threads.
  const inSlab = rowNumber + vectors * xWords + ofTile + once(ofRow, side, of);
  const loads = side > 0 ? slabs * inSlab : own;
  const dispatches = tileRanges(tiling);
  const state = tiling.takesStep ? 4 * stateVectors(problem, data, { count, classes4 }) : 0;
  const stored = tiling.takesStep ? state : slots * 4 * count;
  return {
    kernel: "gradient",
    dispatches,
    loads: threads * loads + state,
    stores: stored,
    macs: threads * fours * 4 * vectors * 16 * tile4,
    // Each dispatch touches X, the row weights and, unless there are targets, the labels; one touches
    // targets, powers, tiles, and slots or weights and moments.
    bytes:
      dispatches * (rowBytes(tiling, block) + (data.targets ? 4 : 8) * block.rows) +
      4 * (labelWords(data) - 1) * block.rows +
      block.rows * (16 * classes4 + 4 * tileWords(data, problem) * tiles) +
      4 * (state + stored),
  };
}

/**
 * Threads of a product's dispatches that do not return early. Rows, or vectors of features, are rounded up to
 * groups of four threads, or to whole workgroups where these share slabs.
 */
function threadsOf({ sharing, threads, tileThreads, tiles }: TiledTiling, across: number): number {
  const together = sideOf(sharing) > 0 ? threads : 4;
  return tileThreads * Math.ceil(tiles / tileThreads) * together * Math.ceil(across / together);
}

function tileRanges({ tiles, dispatchTiles }: TiledTiling): number {
  return Math.ceil(tiles / dispatchTiles);
}

/** Counts of shaders/gather.wgsl, for all shards. */
function gather(of: Counted, { rowWords, shardRows }: Tiling, { rows }: Block): Pass {
  const shards = Math.ceil(of.rows.count / shardRows);
  return {
    kernel: "gather",
    dispatches: shards,
    loads: rows * rowWords * (once(shards, 64, of) + 1),
    stores: rows * rowWords,
    macs: 0,
    bytes: 4 * rows * (shards + 2 * rowWords),
  };
}

/** Counts of shaders/block-sum.wgsl. */
function blockSum({ count, slots, sums, updateVectors }: Tiling, { number, lastNumber }: Block): Pass {
  // Blocks before that waited: those on the levels below, or for the last block on all.
  const waited = number === lastNumber ? bits(number) : bits(number) - bits(number + 1) + 1;
  const own = 4 * (count * slots + sums);
  const one = 4 * (count + 1);
  return {
    kernel: "block-sum",
    dispatches: Math.ceil((count + 1) / updateVectors),
    loads: own + waited * one,
    stores: one,
    macs: 0,
    bytes: 4 * (own + (waited + 1) * one),
  };
}

/** The ones in the binary digits of a number. */
function bits(number: number): number {
  return [...number.toString(2)].filter((digit) => digit === "1").length;
}

/** Counts of shaders/update.wgsl. */
function update(rows: Rows, problem: DescentProblem, tiling: Tiling): Pass {
  const { count, classes4, levels, updateVectors } = tiling;
  const sums = levels > 0 ? 1 : tiling.sums;
  const updates = !takesStep(tiling);
  const slots = updates ? (levels > 0 ? 1 : tiling.slots) : 0;
  const state = updates ? 4 * stateVectors(problem, rows, { count, classes4 }) : 0;
  return {
    kernel: "update",
    dispatches: updates ? Math.ceil((count + 1) / updateVectors) : 1,
    loads: 4 * count * slots + 4 * sums + state,
    stores: 4 + state,
    macs: 0,
    bytes: 4 * (4 * count * slots + 4 * sums + 4 + 2 * state),
  };
}

type WeightsShape = Pick<Tiling, "count" | "classes4">;

/** Vectors of weights and moments that an update changes. */
function stateVectors(problem: DescentProblem, rows: Rows, shape: WeightsShape): number {
  return trainedVectors(problem, rows, shape) * (1 + momentCount(problem.rule));
}

/** Vectors of weights that are trained. */
function trainedVectors(
  { intercept }: DescentProblem,
  rows: Rows,
  { count, classes4 }: WeightsShape,
): number {
  return intercept ? count : rows.features * classes4;
}

/**
 * Counts of shaders/steps.wgsl for one of the steps of a dispatch, without the weights, which the dispatch
 * loads once and stores once.
 */
function steps(of: Counted, tiling: WholeTiling, stepRows: number): Pass {
  const { rows, problem } = of;
  const { features4, classes, whole } = tiling;
  const { columns, lanes, vectors, rowThreads } = whole;
  const xWords = vectorWords(tiling);
  const moments = 4 * trainedVectors(problem, rows, tiling) * momentCount(problem.rule);
  const label = labelWords(rows);
  const isOwn = columns === 1;
  // Rows whose residuals are computed: those past the last repeat it.
  const turn = whole.rows * rowThreads;
  const computed = isOwn ? stepRows : turn * Math.ceil(stepRows / turn);
  const logitLoads = 3 + 2 * (label - 1) + features4 * xWords; // per row
  const gradientLoads = isOwn ? 0 : columns * (once(1, columns, of) + vectors * xWords); // per row
  const threads = lanes * columns;
  const entries = once(8 * threads, threads, of);
  return {
    kernel: "steps",
    dispatches: 1 / whole.steps,
    loads: entries + computed * logitLoads + stepRows * gradientLoads + moments,
    stores: moments + 4,
    macs: 4 * classes * (computed * features4 + stepRows * columns * vectors),
    // The entry, X, the rows' numbers, labels and weights, moments, and the ring.
    bytes: 32 + 4 * (stepRows * (tiling.rowWords + 2 + label) + 2 * moments + 4),
  };
}
