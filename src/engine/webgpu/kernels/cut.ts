/** The shape of a problem on an adapter, and the blocks that all ways to cut it have in common. */
import type { DescentProblem } from "../../descent.js";
import { DeviceError } from "../../../core/errors.js";
import { countLevels, planBlockRows } from "../../../core/sum-plan.js";
import type { RowHead } from "../../../core/rows.js";
import type { Capacity } from "../device/capacity.js";
import { type Block, cutRows } from "./blocks.js";
import { type DescentShape, powerBelow } from "./choice.js";
import type { CommonTiling, Tiling } from "./tiling.js";

/** Overhead of a class of a row (loads, stores, exponential), in vectors of features that cost as much. */
export const OVERHEAD4 = 8;
/** Most vectors of W in one dispatch of the update. */
const UPDATE_VECTORS = { slow: 2 ** 20, fast: 2 ** 26 };
/** Most bytes for a block's exponentials (`powers`) or records, and for the slots. */
const BLOCK_BYTES = 2 ** 27;
const SLOTS_BYTES = 2 ** 26;
/** Most workgroups along one dimension of a dispatch, in every implementation. */
export const MOST_GROUPS = 65535;

/** The part of a tiling that is the same for all choices. */
export type Shape = Pick<
  CommonTiling,
  | "features4"
  | "onesAlone"
  | "classes"
  | "rowWords"
  | "shardRows"
  | "gathered"
  | "subgroupSize"
  | "updateVectors"
>;

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
export function shapeOf(rows: RowHead, classes: number, batchSize: number, capacity: Capacity): DescentShape {
  const gathered = rows.count > sharding(rows, capacity).shardRows;
  return { features4: vectorsOf(rows.features), classes, batchSize, planRows: planBlockRows(rows), gathered };
}

export function cutShape(rows: RowHead, classes: number, capacity: Capacity): Shape {
  const shards = sharding(rows, capacity);
  const gathered = rows.count > shards.shardRows;
  const onesAlone = rows.features % 4 === 0;
  const { slow, subgroupSize } = capacity;
  const updateVectors = UPDATE_VECTORS[slow ? "slow" : "fast"];
  const features4 = vectorsOf(rows.features);
  return { ...shards, features4, onesAlone, classes, gathered, subgroupSize, updateVectors };
}

/** The cost of a row of a block. */
interface RowCost {
  /** Multiply-adds in a dispatch. */
  readonly macs: number;
  /** Bytes in the largest buffer of the block. */
  readonly bytes: number;
}

/**
 * Cuts a batch into blocks that a dispatch and the buffers can hold. A block is the whole batch if it fits,
 * otherwise as many spans as a power of two, so that its sum is a node of the plan's tree. Where not even a
 * span fits, it has a multiple of 4 rows.
 */
export function cutBlocks(
  { shardRows }: Shape,
  { count, span }: Pick<CommonTiling, "count" | "span">,
  batchSize: number,
  { macs, bytes }: RowCost,
  capacity: Capacity,
): Pick<CommonTiling, "blockRows" | "slots" | "levels"> {
  const { bindingBytes, dispatchMacs } = capacity;
  const fitting = Math.min(
    dispatchMacs / macs,
    Math.min(BLOCK_BYTES, bindingBytes) / bytes,
    shardRows,
    MOST_GROUPS,
    slotRows(span, count, capacity),
    capacity.blockRows,
  );
  const blockRows = batchSize <= fitting ? batchSize : nodeRows(fitting, span);
  return {
    blockRows,
    slots: Math.ceil(blockRows / span),
    levels: countLevels(Math.ceil(batchSize / blockRows)),
  };
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

/** Returns the least multiple of `unit` that is at least `n`. */
export function multiple(n: number, unit: number): number {
  return unit * Math.ceil(n / unit);
}

/** Returns a grid (x, y) of workgroups with at least `threads` threads, as update.wgsl numbers them. */
export function grid(threads: number, workgroup: number): [x: number, y: number] {
  const groups = Math.ceil(threads / workgroup);
  const y = Math.ceil(groups / MOST_GROUPS);
  return [Math.ceil(groups / y), y];
}

/** Throws a DeviceError if the rows' soft targets and offsets exceed one binding. */
export function checkTargets(rows: RowHead, { bindingBytes }: Capacity): void {
  const bytes = 4 * labelWords(rows) * rows.count;
  if (!isWide(rows) || bytes <= bindingBytes) return;
  const what = [...(rows.targets ? ["soft targets"] : []), ...(rows.offsets ? ["offsets"] : [])].join(
    " and ",
  );
  throw new DeviceError(
    `The ${what} of ${rows.count} rows take ${bytes} bytes, and this adapter binds ${bindingBytes}: ` +
      `use fewer rows, or the wasm engine.`,
  );
}

/** Tells whether rows have soft targets or offsets, which lie beside their labels. */
export function isWide({ targets, offsets }: RowHead): boolean {
  return targets !== undefined || offsets !== undefined;
}

/** Throws a DeviceError if the weights exceed one binding, with `more` vectors of four numbers after them. */
export function checkWeights(
  { features }: RowHead,
  { classes, count }: Tiling,
  { bindingBytes }: Capacity,
  more = 0,
): void {
  const bytes = 16 * (count + more);
  if (bytes <= bindingBytes) return;
  throw new DeviceError(
    `The weights of ${features} features × ${classes} classes take ${bytes} bytes, ` +
      `and this adapter binds ${bindingBytes}: use fewer features or classes, or the reference engine.`,
  );
}

/** Returns the 32-bit words per tile for its softmax: two if the targets are labels, otherwise four. */
export function tileWords(
  { targets }: RowHead,
  { smoothing = 0 }: Pick<DescentProblem, "smoothing">,
): number {
  return targets || smoothing > 0 ? 4 : 2;
}

/** Returns the 32-bit words of a row's label, its soft targets and its offsets, if it has any. */
export function labelWords({ targets, offsets, count }: RowHead): number {
  return 1 + ((targets?.length ?? 0) + (offsets?.length ?? 0)) / count;
}
