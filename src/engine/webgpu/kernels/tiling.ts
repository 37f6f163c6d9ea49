/**
 * Cuts a problem to fit an adapter. The cut depends only on the shape, the adapter and the choice of kernels,
 * so sums are reproducible.
 */
import type { DescentProblem } from "../../descent.js";
import { DeviceError } from "../../../core/errors.js";
import { chainLength, countLevels, planBlockRows } from "../../../core/sum-plan.js";
import type { RowHead } from "../../../core/rows.js";
import type { Capacity } from "../device/capacity.js";
import { type Block, cutRows } from "./blocks.js";
import {
  type KernelChoice,
  sideOf,
  SPLIT_LANES,
  SPLIT_WORKGROUP,
  splitPart4,
  type DescentShape as ChoiceShape,
  type Sharing,
  choices,
  powerBelow,
  tilesOf,
} from "./choice.js";
import { type WholeCut, cutWhole } from "./whole-steps.js";

interface Common {
  /** Vectors of four features per row, including the column of ones; the last is padded with zeros. */
  readonly features4: number;
  /** Whether the column of ones is alone in its vector. */
  readonly onesAlone: boolean;
  readonly classes: number;
  /** Vectors of four classes per row, padded with zeros after the last class. */
  readonly classes4: number;
  /** Vectors of four in W: 4·features4 rows of classes4 each. */
  readonly count: number;
  /** Most rows that a pass takes at a time. A step with more rows is cut into several blocks. */
  readonly blockRows: number;
  /** Number of partial sums of a block's gradient, and of its losses. */
  readonly slots: number;
  readonly sums: number;
  /** Partial sums of the losses of an evaluated block. */
  readonly evaluationSums: number;
  /** Levels of the tree that adds the sums of blocks; 0 if a step is a single block. */
  readonly levels: number;
  /** Rows that each partial sum of the gradient adds in order. */
  readonly span: number;
  /** 32-bit words per row of X. */
  readonly rowWords: number;
  /** Rows of X per binding. With more than one shard the rows of a block are gathered first. */
  readonly shardRows: number;
  readonly gathered: boolean;
  readonly sharing: Sharing;
  /** Vectors of W per dispatch of the update. */
  readonly updateVectors: number;
  /** Threads per workgroup. */
  readonly workgroup: number;
  /** Rows, and vectors of four features, per thread. */
  readonly rows: number;
  readonly vectors: number;
  /** Lanes of the subgroups that its products ask for, or 0. */
  readonly subgroupSize: number;
}

/** Tiling for few classes: one kernel does all three passes. */
export interface FusedTiling extends Common {
  readonly kind: "fused";
  /** Threads per workgroup for logits and for outer products, and turns that it takes over its rows. */
  readonly rowThreads: number;
  readonly columnThreads: number;
  readonly turns: number;
  readonly whole?: WholeCut;
}

/** Tiling for a small problem, one workgroup of which takes whole steps. The rest is for evaluations. */
export interface WholeTiling extends FusedTiling {
  readonly whole: WholeCut;
}

/** Tiling for few classes on a GPU, whose threads share rows by their features. */
export interface SplitTiling extends Common {
  readonly kind: "split";
  /** Threads that share rows in the product of the logits, and rows of one workgroup. */
  readonly lanes: number;
  readonly groupRows: number;
  /** Vectors of classes of a workgroup of the gradient. */
  readonly part4: number;
}

/** Tiling for many classes: tiles of `tile4` vectors of classes. */
export interface TiledTiling extends Common {
  readonly kind: "tiled";
  readonly tile4: number;
  readonly tiles: number;
  /** Vectors of features that the products multiply: all, or all but ones that are alone in theirs. */
  readonly multiplied4: number;
  /** Threads per workgroup of the two products: along rows or vectors of features, and along tiles. */
  readonly threads: number;
  readonly tileThreads: number;
  /** Tiles per dispatch. */
  readonly dispatchTiles: number;
  /** Threads that share a row in the residual kernel. */
  readonly lanes: number;
  /**
   * Whether the gradient takes the step itself, where a block is the whole step and has one slot. On a
   * software adapter it would compile longer than it gains.
   */
  readonly takesStep: boolean;
}

export type Tiling = FusedTiling | SplitTiling | TiledTiling;

/** Tiling of an objective, which keeps its logits and processes them row by row in passes of their own. */
export interface ObjectiveTiling extends TiledTiling {
  /** The tiling of the product that makes the logits; that of the gradient is this one. */
  readonly logits: TiledTiling | SplitTiling;
  /** Threads that share a row in these passes, and threads of their workgroups. */
  readonly rowLanes: number;
  readonly rowThreads: number;
  /** Rows that a thread takes by itself, one after the other; 1 where threads add their sums together. */
  readonly threadRows: number;
  /** Sums that a workgroup of these passes writes: one, or one for each thread. */
  readonly groupSums: number;
  /** Vectors of four for each thread of vector-products.wgsl. */
  readonly productVectors: number;
  /** Threads that share four rows of four classes of a product of a matrix and a vector. */
  readonly multiplyLanes: number;
  /** Most multiply-adds in one submission, and in one dispatch. */
  readonly submissionMacs: number;
}

/** Overhead of a class of a row (loads, stores, exponential), in vectors of features that cost as much. */
const OVERHEAD4 = 8;
/** Most vectors of W in one dispatch of the update. */
const UPDATE_VECTORS = { slow: 2 ** 20, fast: 2 ** 26 };
/**
 * Threads that share a row of the residual kernel, and the most tiles for which they are enough. With more
 * tiles a thread, AMD's compiler unrolls the loops of one thread over them into 240 registers; llvmpipe
 * silently ends a thread's loops after 65,535 turns in all. More threads a row are more partial sums of
 * losses, which one thread adds.
 */
const LANES = {
  slow: [[1, 4096], [16, Infinity]],
  fast: [[1, 8], [4, 256], [16, 4096], [64, Infinity]],
} as const; // prettier-ignore
/**
 * Threads that share a row in the row passes of an objective, and the most vectors of classes for which they
 * are enough. These passes read a row three times instead of keeping it in registers, but Intel's compiler
 * unrolls short loops of one thread, and then keeps it.
 */
const ROW_LANES = {
  slow: [[1, 8192], [16, Infinity]],
  fast: [[1, 16], [16, Infinity]],
  few: [[1, 4], [4, 16], [16, Infinity]], // few registers
} as const; // prettier-ignore
/**
 * Threads of a workgroup in these passes and in products of vectors. On a software adapter they have nothing
 * in common, and take rows one after the other: workgroup memory and barriers cost SwiftShader 0.5 µs a
 * thread, as much as 30 exponentials.
 */
const ROW_THREADS = 64;
const SERIAL_THREADS = 8;
const SERIAL_ROWS = 8;
/** Vectors of four for each thread of vector-products.wgsl, if threads add their sums together or not. */
const PRODUCT_VECTORS = { together: 16, serial: 64 };
/** Most such threads, each of which writes a sum. */
const MOST_SERIAL = 2 ** 16;
/** Threads that the product of a matrix and a vector aims at on a GPU, and most that share an element. */
const MULTIPLY_THREADS = 2 ** 15;
const MOST_MULTIPLY_LANES = 32;
/** Most bytes for a block's exponentials (`powers`) or records, and for the slots. */
const BLOCK_BYTES = 2 ** 27;
const SLOTS_BYTES = 2 ** 26;
/** Storage buffers of a gradient that takes the step. */
export const STEP_BUFFERS = 9;
/** Most workgroups along one dimension of a dispatch, in every implementation. */
const MOST_GROUPS = 65535;

/** Returns the number of vectors of four features per row, including the column of ones. */
export function vectorsOf(features: number): number {
  return Math.ceil((features + 1) / 4);
}

/**
 * Cuts X into shards of one binding each, whatever the classes and the batch. Throws a DeviceError if a row
 * exceeds a binding.
 */
export function sharding(rows: RowHead, { bindingBytes }: Capacity): { rowWords: number; shardRows: number } {
  const features4 = vectorsOf(rows.features);
  const rowWords = features4 * Math.min(4, rows.x.BYTES_PER_ELEMENT); // f64 goes to the device as f32
  const shardRows = Math.floor(bindingBytes / (4 * rowWords));
  if (shardRows === 0) {
    throw new DeviceError(
      `A row of ${rows.features} features takes ${4 * rowWords} bytes, and this adapter binds ${bindingBytes}.`,
    );
  }
  return { rowWords, shardRows };
}

/** Returns the shape that the choice of kernels depends on. */
export function shapeOf(rows: RowHead, classes: number, batchSize: number, capacity: Capacity): ChoiceShape {
  const gathered = rows.count > sharding(rows, capacity).shardRows;
  return { features4: vectorsOf(rows.features), classes, batchSize, planRows: planBlockRows(rows), gathered };
}

/**
 * Cuts a problem for a choice of kernels, by default the table's, which is the first candidate. Throws a
 * DeviceError if the weights exceed a binding.
 */
export function tiling(
  rows: RowHead,
  classes: number,
  batchSize: number,
  capacity: Capacity,
  choice = choices(shapeOf(rows, classes, batchSize, capacity), capacity)[0],
): Tiling {
  const shape = cutShape(rows, classes, capacity);
  const cutBy = { tiled: tiledTiling, split: splitTiling, fused: fusedTiling, steps: wholeTiling }[
    choice.kind
  ];
  const cut = cutBy(shape, batchSize, capacity, choice);
  checkWeights(rows, cut, capacity);
  return cut;
}

/** Cuts an objective of `count` rows for one of its choices of kernels. Throws as `tiling` does. */
export function objectiveTiling(
  rows: RowHead,
  classes: number,
  count: number,
  capacity: Capacity,
  choice: KernelChoice,
): ObjectiveTiling {
  const shape = cutShape(rows, classes, capacity);
  const cut = tiledTiling(shape, count, capacity, { ...choice, kind: "tiled" });
  checkWeights(rows, cut, capacity);
  const { classes4 } = cut; // Z is padded like the weights
  const logits = choice.kind === "split" ? { ...splitTiling(shape, count, capacity, choice), classes4 } : cut;
  const fast = capacity.registers < Infinity ? "few" : "fast";
  const [rowLanes] = ROW_LANES[capacity.slow ? "slow" : fast].find(([, most]) => classes4 <= most) ?? [1];
  const serial = capacity.slow && rowLanes === 1;
  const rowThreads = serial ? SERIAL_THREADS : ROW_THREADS;
  const fewest = 2 ** Math.ceil(Math.log2(cut.blockRows / MOST_SERIAL));
  const threadRows = serial ? Math.max(SERIAL_ROWS, fewest) : 1;
  return {
    ...cut,
    logits,
    rowLanes,
    rowThreads,
    threadRows,
    groupSums: serial ? rowThreads : 1,
    productVectors: PRODUCT_VECTORS[serial ? "serial" : "together"],
    multiplyLanes: capacity.slow ? 1 : multiplyLanes(cut),
    submissionMacs: capacity.dispatchMacs,
  };
}

/** As many as keep a GPU busy, each with two vectors of features or more. */
function multiplyLanes({ features4, classes4 }: TiledTiling): number {
  const most = Math.min(MULTIPLY_THREADS / (features4 * classes4), MOST_MULTIPLY_LANES, features4 / 2);
  return powerBelow(Math.max(1, most));
}

type Shape = Pick<
  Common,
  "features4" | "onesAlone" | "classes" | "rowWords" | "shardRows" | "gathered" | "subgroupSize"
>;

function cutShape(rows: RowHead, classes: number, capacity: Capacity): Shape {
  const shards = sharding(rows, capacity);
  const gathered = rows.count > shards.shardRows;
  const onesAlone = rows.features % 4 === 0;
  const { subgroupSize } = capacity;
  return { ...shards, features4: vectorsOf(rows.features), onesAlone, classes, gathered, subgroupSize };
}

/** Throws a DeviceError if the rows' soft targets exceed one binding. */
export function checkTargets(rows: RowHead, { bindingBytes }: Capacity): void {
  const bytes = 4 * labelWords(rows) * rows.count;
  if (!rows.targets || bytes <= bindingBytes) return;
  throw new DeviceError(
    `The soft targets of ${rows.count} rows take ${bytes} bytes, and this adapter binds ${bindingBytes}: ` +
      `use fewer rows, or the wasm engine.`,
  );
}

function checkWeights({ features }: RowHead, { classes, count }: Tiling, { bindingBytes }: Capacity): void {
  if (16 * count <= bindingBytes) return;
  throw new DeviceError(
    `The weights of ${features} features × ${classes} classes take ${16 * count} bytes, ` +
      `and this adapter binds ${bindingBytes}: use fewer features or classes, or the reference engine.`,
  );
}

function fusedTiling(shape: Shape, batchSize: number, capacity: Capacity, choice: KernelChoice): FusedTiling {
  const { slow, bindingBytes, dispatchMacs } = capacity;
  const speed = slow ? "slow" : "fast";
  const { features4, classes, shardRows } = shape;
  const { rows, vectors, span } = choice;
  const columnThreads = multiple(Math.ceil(features4 / vectors), 4);
  const classes4 = Math.ceil(classes / 4);
  const count = 4 * features4 * classes4;
  const record = 16 * (2 * classes4 + 1);
  const macs = 8 * (features4 + OVERHEAD4) * classes; // of both products
  const most = Math.min(
    dispatchMacs / macs,
    Math.min(BLOCK_BYTES, bindingBytes) / record,
    shardRows,
    MOST_GROUPS,
  );
  const blockRows = blockOf(batchSize, Math.min(most, slotRows(span, count, capacity)), span, capacity);
  const rowThreads = Math.min(span / rows, slow ? 64 : 32);
  const slots = Math.ceil(blockRows / span);
  return {
    ...shape,
    kind: "fused",
    classes4,
    count,
    blockRows,
    slots,
    sums: slots,
    evaluationSums: slots,
    levels: levelsOf(batchSize, blockRows),
    span,
    sharing: choice.sharing,
    updateVectors: UPDATE_VECTORS[speed],
    workgroup: multiple(Math.max(columnThreads + 1, rowThreads), Math.max(4, shape.subgroupSize)),
    rows,
    vectors,
    rowThreads,
    columnThreads,
    turns: span / (rows * rowThreads),
  };
}

/** Cuts for whole steps, and for the fused kernel of the table, which evaluates. */
function wholeTiling(shape: Shape, batchSize: number, capacity: Capacity, choice: KernelChoice): WholeTiling {
  const whole = cutWhole({ ...shape, batchSize }, choice, capacity.subgroupSize);
  if (!whole) throw new Error(`Whole steps do not fit: ${JSON.stringify(choice)}`);
  // An evaluation adds no gradient, and takes few registers.
  const evaluating = { ...capacity, registers: Infinity, kinds: ["fused"] } as const;
  const [fused] = choices({ ...shape, batchSize, planRows: Infinity }, evaluating);
  return { ...fusedTiling(shape, batchSize, capacity, fused), whole };
}

function splitTiling(shape: Shape, batchSize: number, capacity: Capacity, choice: KernelChoice): SplitTiling {
  const { slow, bindingBytes, dispatchMacs } = capacity;
  const speed = slow ? "slow" : "fast";
  const { features4, classes, shardRows } = shape;
  const { rows, vectors, span } = choice;
  const classes4 = Math.ceil(classes / 4);
  const count = 4 * features4 * classes4;
  const macs = 8 * (features4 + OVERHEAD4) * classes; // of both products
  const most = Math.min(
    dispatchMacs / macs,
    Math.min(BLOCK_BYTES, bindingBytes) / (16 * (2 * classes4 + 1)),
    shardRows,
    MOST_GROUPS,
  );
  const blockRows = blockOf(batchSize, Math.min(most, slotRows(span, count, capacity)), span, capacity);
  const slots = Math.ceil(blockRows / span);
  const groupRows = (rows * SPLIT_WORKGROUP) / SPLIT_LANES;
  return {
    ...shape,
    kind: "split",
    classes4,
    count,
    blockRows,
    slots,
    sums: slots,
    evaluationSums: Math.ceil(blockRows / groupRows),
    levels: levelsOf(batchSize, blockRows),
    span,
    sharing: choice.sharing,
    updateVectors: UPDATE_VECTORS[speed],
    workgroup: SPLIT_WORKGROUP,
    rows,
    vectors,
    lanes: SPLIT_LANES,
    groupRows,
    part4: splitPart4(classes4, capacity),
  };
}

function tiledTiling(shape: Shape, batchSize: number, capacity: Capacity, choice: KernelChoice): TiledTiling {
  const { slow, bindingBytes, dispatchMacs, storageBuffers } = capacity;
  const speed = slow ? "slow" : "fast";
  const { features4, classes, shardRows } = shape;
  const { rows, vectors, span, sharing } = choice;
  const workgroup = 64;
  const side = sideOf(sharing);
  const [threads, tileThreads] = side > 0 ? [side, side] : [workgroup, 1];
  const { tile4, tiles } = tilesOf(classes, { ...capacity, slow: slow && side === 0 });
  const classes4 = tiles * tile4;
  const count = 4 * features4 * classes4;
  const macsOfARow = 16 * (features4 + OVERHEAD4) * tile4 * tileThreads; // for the tiles of a workgroup
  const most = Math.min(
    dispatchMacs / macsOfARow,
    Math.min(BLOCK_BYTES, bindingBytes) / (16 * classes4),
    shardRows,
    MOST_GROUPS,
  );
  const blockRows = blockOf(batchSize, Math.min(most, slotRows(span, count, capacity)), span, capacity);
  const dispatchGroups = Math.max(1, Math.floor(dispatchMacs / (macsOfARow * blockRows)));
  const dispatchTiles = Math.min(tiles, tileThreads * Math.min(MOST_GROUPS, dispatchGroups));

  const [lanes] = LANES[speed].find(([, most]) => tiles <= most) ?? [1];
  const sums = Math.ceil(blockRows / (workgroup / lanes));
  const slots = Math.ceil(blockRows / span);
  const levels = levelsOf(batchSize, blockRows);
  return {
    ...shape,
    kind: "tiled",
    classes4,
    count,
    blockRows,
    slots,
    sums,
    evaluationSums: sums,
    levels,
    span,
    sharing,
    updateVectors: UPDATE_VECTORS[speed],
    workgroup,
    rows,
    vectors,
    tile4,
    tiles,
    multiplied4: side > 0 && shape.onesAlone ? features4 - 1 : features4,
    threads,
    tileThreads,
    dispatchTiles,
    lanes,
    takesStep: !slow && slots === 1 && levels === 0 && storageBuffers >= STEP_BUFFERS,
  };
}

/**
 * Returns the rows of a block: the whole batch if it fits, otherwise as many spans as a power of two, so that
 * the sum of a block is a node of the plan's tree. Where not even a span fits, a multiple of 4.
 */
function blockOf(batchSize: number, most: number, span: number, { blockRows }: Capacity): number {
  const fitting = Math.min(most, blockRows);
  return batchSize <= fitting ? batchSize : nodeRows(fitting, span);
}

/** Returns the most rows, up to `fitting`, whose sum is a node of the plan's tree. */
function nodeRows(fitting: number, span: number): number {
  return fitting >= span ? span * powerBelow(fitting / span) : Math.max(4, 4 * Math.floor(fitting / 4));
}

/** Cuts an evaluation of any number of rows into blocks. */
export function cutEvaluation({ blockRows, span }: Tiling, first: number, rows: number): Block[] {
  return cutRows(first, rows, rows <= blockRows ? rows : nodeRows(blockRows, span));
}

/** Returns the rows whose partial sums fit the memory for slots. */
function slotRows(span: number, count: number, { bindingBytes }: Capacity): number {
  return span * powerBelow(Math.max(1, Math.min(SLOTS_BYTES, bindingBytes) / (16 * count)));
}

/** Returns the levels of the tree over the blocks of a step; 0 if it is a single one. */
function levelsOf(batchSize: number, blockRows: number): number {
  return countLevels(Math.ceil(batchSize / blockRows));
}

export function isWhole(tiling: Tiling): tiling is WholeTiling {
  return tiling.kind === "fused" && tiling.whole !== undefined;
}

/**
 * Returns the longest chain of additions behind an element of the gradient of a step over `rows` rows, or
 * more: the lanes of a split span add fewer in order.
 */
export function chainOf(tiling: Tiling, rows: number): number {
  if (isWhole(tiling)) {
    const { lanes } = tiling.whole;
    return Math.ceil(rows / lanes) + Math.log2(lanes);
  }
  return chainLength(rows, Math.min(tiling.span, tiling.blockRows));
}

/** Whether a step's gradient updates the weights, unless it is captured. */
export function takesStep(tiling: Tiling): boolean {
  return tiling.kind === "tiled" && tiling.takesStep;
}

/** Returns the least multiple of `unit` that is at least `n`. */
function multiple(n: number, unit: number): number {
  return unit * Math.ceil(n / unit);
}

/** Returns a grid (x, y) of workgroups with at least `threads` threads, as update.wgsl numbers them. */
export function grid(threads: number, workgroup: number): [x: number, y: number] {
  const groups = Math.ceil(threads / workgroup);
  const y = Math.ceil(groups / MOST_GROUPS);
  return [Math.ceil(groups / y), y];
}

/** Returns the 32-bit words per tile for its softmax: two if the targets are labels, otherwise four. */
export function tileWords(
  { targets }: RowHead,
  { smoothing = 0 }: Pick<DescentProblem, "smoothing">,
): number {
  return targets || smoothing > 0 ? 4 : 2;
}

/** Returns the 32-bit words of a row's label and of its soft targets, if it has any. */
export function labelWords({ targets, count }: RowHead): number {
  return 1 + (targets ? targets.length / count : 0);
}
