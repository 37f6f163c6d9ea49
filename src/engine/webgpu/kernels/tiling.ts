/** How a problem is cut to fit an adapter. A function of the shape and the adapter only, so that sums are reproducible. */
import type { DescentProblem } from "../../descent.js";
import { DeviceError } from "../../../core/errors.js";
import type { Rows } from "../../../core/rows.js";
import type { Capacity } from "../device/capacity.js";
import {
  type KernelChoice,
  SIDE,
  STEP_THREADS,
  type DescentShape as ChoiceShape,
  type Sharing,
  choices,
  stepsPerDispatch,
} from "./choice.js";

interface Common {
  /** Vectors of four features a row, the column of ones included; the last is padded with zeros. */
  readonly features4: number;
  readonly classes: number;
  /** Vectors of four classes a row; the last is padded with zeros. */
  readonly classes4: number;
  /** Vectors in W: 4·features4 rows, each of classes4. */
  readonly count: number;
  /** The most rows that a pass takes at a time. A step of more rows is several blocks. */
  readonly blockRows: number;
  /** Partial sums of a block's gradient, and of its losses. */
  readonly slots: number;
  readonly sums: number;
  /** The longest chain of additions to one element of a slot, in one block. */
  readonly chain: number;
  /** 32-bit words of a row of X. */
  readonly rowWords: number;
  /** Rows of X in one binding. With more than one shard the rows of a block are gathered first. */
  readonly shardRows: number;
  readonly gathered: boolean;
  readonly sharing: Sharing;
  /** Vectors of W that one dispatch of the update takes. */
  readonly updateVectors: number;
  /** Threads in a workgroup. */
  readonly workgroup: number;
  /** Rows, and vectors of features, a thread. */
  readonly rows: number;
  readonly vectors: number;
}

/** Few classes: one kernel does all three passes. */
export interface FusedTiling extends Common {
  readonly kind: "fused";
  readonly rowThreads: number;
  readonly columnThreads: number;
  readonly turns: number;
  /** For a problem so small that one workgroup takes whole steps: how many a dispatch; otherwise 0. */
  readonly wholeSteps: number;
  /** And the threads of that workgroup. */
  readonly stepThreads: number;
}

/** Many classes: tiles of `tile4` vectors of classes. */
export interface TiledTiling extends Common {
  readonly kind: "tiled";
  readonly tile4: number;
  readonly tiles: number;
  /** Threads of a workgroup of the two products: along rows or vectors of features, and along tiles. */
  readonly threads: number;
  readonly tileThreads: number;
  /** Tiles that one dispatch takes. */
  readonly dispatchTiles: number;
  /** Fours of rows that add to a slot. */
  readonly span4: number;
  /** Threads that share a row in the residual. */
  readonly lanes: number;
}

export type Tiling = FusedTiling | TiledTiling;

/** An objective keeps the logits: what is done to them row by row is a pass of its own. */
export interface ObjectiveTiling extends TiledTiling {
  /** Threads that share a row in such a pass. */
  readonly rowLanes: number;
  /** Multiply-adds in one submission, and in one dispatch. */
  readonly submissionMacs: number;
}

/**
 * Multiply-adds in one dispatch: about 0.1 s on a software adapter (3 G/s), and far less on a GPU. Windows resets a
 * device after 2 s.
 */
const DISPATCH_MACS = { slow: 3e8, fast: 4e10 };
/** A class of a row costs as much again as this many vectors of features: its loads, stores and exponential. */
const OVERHEAD4 = 8;
/** Vectors of W in one dispatch of the update. */
const UPDATE_VECTORS = { slow: 2 ** 20, fast: 2 ** 26 };
/** Threads that keep an adapter busy. */
const THREADS = { slow: 256, fast: 16384 };
/** Tiles of a row that one thread goes over. llvmpipe silently ends a thread's loops after 65,535 turns in all. */
const MOST_TILES = { slow: 4096, fast: 256 };
/** Vectors of a row's classes that one thread goes over, three times, where it keeps no tile of them. */
const MOST_VECTORS = { slow: 8192, fast: 16 };
/** Memory for a block's powers or records, and for the slots. */
const BLOCK_BYTES = 2 ** 27;
const SLOTS_BYTES = 2 ** 26;
/** Workgroups along one dimension of a dispatch, in every implementation. */
const MOST_GROUPS = 65535;

/** Vectors of four features a row, with the column of ones. */
export function vectorsOf(features: number): number {
  return Math.ceil((features + 1) / 4);
}

/** How X is cut to bindings. It depends on neither the classes nor the batch. */
export function sharding(rows: Rows, { bindingBytes }: Capacity): { rowWords: number; shardRows: number } {
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

/** What the choice of kernels depends on. */
export function shapeOf(rows: Rows, classes: number, batchSize: number, capacity: Capacity): ChoiceShape {
  const gathered = rows.count > sharding(rows, capacity).shardRows;
  return { features4: vectorsOf(rows.features), classes, batchSize, gathered };
}

/** Cuts the problem as chosen; by default as the table says, which is the first choice. */
export function tiling(
  rows: Rows,
  classes: number,
  batchSize: number,
  capacity: Capacity,
  choice = choices(shapeOf(rows, classes, batchSize, capacity), capacity)[0],
): Tiling {
  const shape = cutShape(rows, classes, capacity);
  const cut =
    choice.kind === "tiled"
      ? tiledTiling(shape, batchSize, capacity, choice)
      : fusedTiling(shape, batchSize, capacity, choice);
  checkWeights(rows, cut, capacity);
  return cut;
}

/** Cuts an objective of so many rows, as the choice of tiled kernels says. */
export function objectiveTiling(
  rows: Rows,
  classes: number,
  count: number,
  capacity: Capacity,
  choice: KernelChoice,
): ObjectiveTiling {
  const cut = tiledTiling(cutShape(rows, classes, capacity), count, capacity, choice);
  checkWeights(rows, cut, capacity);
  const speed = capacity.slow ? "slow" : "fast";
  return {
    ...cut,
    rowLanes: cut.classes4 > MOST_VECTORS[speed] ? 16 : 1,
    submissionMacs: capacity.dispatchMacs ?? DISPATCH_MACS[speed],
  };
}

type Shape = Pick<Common, "features4" | "classes" | "rowWords" | "shardRows" | "gathered">;

function cutShape(rows: Rows, classes: number, capacity: Capacity): Shape {
  const shards = sharding(rows, capacity);
  const gathered = rows.count > shards.shardRows;
  return { ...shards, features4: vectorsOf(rows.features), classes, gathered };
}

/** Throws a DeviceError when the rows' soft targets are more than one binding. */
export function checkTargets(rows: Rows, { bindingBytes }: Capacity): void {
  const bytes = 4 * labelWords(rows) * rows.count;
  if (!rows.targets || bytes <= bindingBytes) return;
  throw new DeviceError(
    `The soft targets of ${rows.count} rows take ${bytes} bytes, and this adapter binds ${bindingBytes}: ` +
      `use fewer rows, or the wasm engine.`,
  );
}

function checkWeights({ features }: Rows, { classes, count }: Tiling, { bindingBytes }: Capacity): void {
  if (16 * count <= bindingBytes) return;
  throw new DeviceError(
    `The weights of ${features} features × ${classes} classes take ${16 * count} bytes, ` +
      `and this adapter binds ${bindingBytes}: use fewer features or classes, or the reference engine.`,
  );
}

function fusedTiling(shape: Shape, batchSize: number, capacity: Capacity, choice: KernelChoice): FusedTiling {
  const { slow, bindingBytes } = capacity;
  const speed = slow ? "slow" : "fast";
  const dispatchMacs = capacity.dispatchMacs ?? DISPATCH_MACS[speed];
  const { features4, classes, shardRows } = shape;
  const { rows, vectors } = choice;
  const stepThreads = STEP_THREADS[speed];
  const columnThreads = fours(Math.ceil(features4 / vectors));
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
  const blockRows = blockOf(batchSize, most, capacity);

  const mostSlots = Math.max(
    1,
    Math.min(slow ? 4 : 64, Math.floor(Math.min(SLOTS_BYTES, bindingBytes) / (16 * count))),
  );
  const rowThreads = Math.min(fours(Math.ceil(blockRows / mostSlots / rows)), slow ? 64 : 32);
  const turns = Math.ceil(blockRows / (mostSlots * rows * rowThreads));
  const span = turns * rows * rowThreads;
  const slots = Math.ceil(blockRows / span);
  return {
    ...shape,
    kind: "fused",
    classes4,
    count,
    blockRows,
    slots,
    sums: slots,
    chain: span + 1,
    sharing: choice.sharing,
    updateVectors: UPDATE_VECTORS[speed],
    workgroup: fours(Math.max(columnThreads + 1, rowThreads)),
    rows,
    vectors,
    rowThreads,
    columnThreads,
    turns,
    wholeSteps: choice.kind === "steps" ? stepsPerDispatch({ ...shape, batchSize }, stepThreads) : 0,
    stepThreads,
  };
}

/** Vectors of classes in a tile; where there are few classes one tile has them all, so that X is read once for each product. */
const TILE4 = 2;
const FEW4 = 3;

function tiledTiling(shape: Shape, batchSize: number, capacity: Capacity, choice: KernelChoice): TiledTiling {
  const { slow, bindingBytes } = capacity;
  const speed = slow ? "slow" : "fast";
  const dispatchMacs = capacity.dispatchMacs ?? DISPATCH_MACS[speed];
  const { features4, classes, shardRows } = shape;
  const { rows, vectors, sharing } = choice;
  const workgroup = 64;
  const [threads, tileThreads] = sharing === "shared" ? [SIDE, SIDE] : [workgroup, 1];
  const vectors4 = Math.ceil(classes / 4);
  const tile4 = vectors4 <= FEW4 ? vectors4 : TILE4;
  const tiles = Math.ceil(vectors4 / tile4);
  const classes4 = tiles * tile4;
  const count = 4 * features4 * classes4;
  const macsOfARow = 16 * (features4 + OVERHEAD4) * tile4 * tileThreads; // and the tiles of a workgroup
  const most = Math.min(
    dispatchMacs / macsOfARow,
    Math.min(BLOCK_BYTES, bindingBytes) / (16 * classes4),
    shardRows,
    MOST_GROUPS,
  );
  const blockRows = blockOf(batchSize, most, capacity);
  const dispatchGroups = Math.max(1, Math.floor(dispatchMacs / (macsOfARow * blockRows)));
  const dispatchTiles = Math.min(tiles, tileThreads * Math.min(MOST_GROUPS, dispatchGroups));

  const threadsOfASlot = Math.ceil(features4 / vectors) * tiles;
  const slots = Math.max(
    1,
    Math.min(
      Math.ceil(THREADS[speed] / threadsOfASlot),
      Math.floor(blockRows / 64),
      Math.floor(Math.min(SLOTS_BYTES, bindingBytes) / (16 * count)),
    ),
  );
  const span4 = Math.ceil(blockRows / slots / 4);
  const lanes = tiles > MOST_TILES[speed] ? 16 : 1;
  return {
    ...shape,
    kind: "tiled",
    classes4,
    count,
    blockRows,
    slots,
    sums: Math.ceil(blockRows / (workgroup / lanes)),
    chain: 4 * span4 + 1,
    sharing,
    updateVectors: UPDATE_VECTORS[speed],
    workgroup,
    rows,
    vectors,
    tile4,
    tiles,
    threads,
    tileThreads,
    dispatchTiles,
    span4,
    lanes,
  };
}

/** Rows of a block: all of a batch if it may have so many. */
function blockOf(batchSize: number, most: number, { blockRows = Infinity }: Capacity): number {
  return Math.min(batchSize, Math.max(4, 4 * Math.floor(Math.min(most, blockRows) / 4)));
}

function fours(n: number): number {
  return 4 * Math.ceil(n / 4);
}

/** Workgroups in two dimensions that hold `threads` threads, as the update counts them. */
export function grid(threads: number, workgroup: number): [x: number, y: number] {
  const groups = Math.ceil(threads / workgroup);
  const y = Math.ceil(groups / MOST_GROUPS);
  return [Math.ceil(groups / y), y];
}

/** Words that the tiled kernels keep of a tile's softmax: two for the loss of a label, four for that of other targets. */
export function tileWords({ targets }: Rows, { smoothing = 0 }: Pick<DescentProblem, "smoothing">): number {
  return targets || smoothing > 0 ? 4 : 2;
}

/** Words of a row's label, and of its targets where it has any. */
export function labelWords({ targets, count }: Rows): number {
  return 1 + (targets ? targets.length / count : 0);
}
