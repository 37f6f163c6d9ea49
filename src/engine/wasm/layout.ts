/**
 * Splits a problem into ranges of rows, as the plan of sums has it, and into what memory holds at a time. The
 * rows of a range depend on the shape and the named kernels alone, and the tree adds the sums of ranges, so
 * any number of threads, and any batch size of the descent, gives the same bits for the same rows.
 */
import { OptionError } from "../../core/errors.js";
import type { DescentProblem } from "../descent.js";
import type { FeatureType, RowHead } from "../../core/rows.js";
import { chainLength, countLevels, planBlockRows } from "../../core/sum-plan.js";

/** Rows of X and of the weights have `stride` values: features, intercept, and zeros to a multiple of 8. */
export interface RowLayout {
  readonly stride: number;
  readonly valueBytes: number;
  readonly rowBytes: number;
}

interface Common {
  /** Classes rounded up to an even number. The weights of the padding class stay 0. */
  readonly paddedClasses: number;
  /** Rows of a range, whose outer products are added in order: a power of two, and a block at most. */
  readonly rangeRows: number;
  /** Nodes of the gradient's tree that wait in memory, one a level. */
  readonly levels: number;
  /** Partial sums of the losses in memory at a time, and the nodes of their tree that wait. */
  readonly sums: number;
  readonly sumLevels: number;
  readonly scratchBytes: number;
  /** The longest chain of additions behind one element of the gradient. */
  readonly chain: number;
}

/**
 * For few classes: each range has its own partial sum of the gradient, and is computed `packRows` rows at a
 * time. Memory holds the partial sums of `groupRanges` ranges, or of all if there are fewer.
 */
export interface FusedLayout extends Common {
  readonly kind: "fused";
  readonly groupRanges: number;
  readonly partials: number;
  readonly packRows: number;
}

/** For many classes: memory holds the logits of `chunkRows` rows at a time and the gradient of one range. */
export interface TiledLayout extends Common {
  readonly kind: "tiled";
  readonly chunkRows: number;
  readonly packBytes: number;
  /** Bytes of the rows of a chunk in tiles of features. */
  readonly tileBytes: number;
}

export type Layout = FusedLayout | TiledLayout;

/**
 * Fused up to these numbers of classes and of weights: the weights then stay in the L2 cache, and all classes
 * of a few rows in L1.
 */
const FUSED_CLASSES = 64;
const FUSED_WEIGHTS = 2 ** 16;
/** Most rows of a range: enough to be worth a partial sum, few enough that threads share ranges evenly. */
const FUSED_RANGE = 256;
/** The same where the gradient is large, and threads share its tiles. */
const TILED_RANGE = 4096;
/** Ranges of a group: within these bounds, as many as have partial sums of so many bytes. */
const GROUP_RANGES = { least: 64, most: 1024 };
const GROUP_BYTES = 2 ** 20;
/** Most values of a pack of rows, which has at least 8 rows. */
const PACK_VALUES = 2 ** 17;
/** Rows in each partial sum of the losses, as in assembly/tiled.ts. */
const SOFTMAX_ROWS = 16;
/** Features of a tile of X, as in assembly/tiled.ts. */
const TILE = 48;
/** Most rows of a chunk, and most bytes of its logits. */
const CHUNK_ROWS = 512;
const CHUNK_BYTES = 2 ** 27;

export function rowLayout(features: number, x: FeatureType): RowLayout {
  // Eight values of two classes are a cache line. Tiles of the gradient share none, to avoid contention.
  const eights = Math.ceil((features + 1) / 8);
  const stride = 8 * (eights % 16 === 0 ? eights + 1 : eights); // multiples of 128 would crowd the caches
  const valueBytes = Math.min(4, x.BYTES_PER_ELEMENT); // f64 is stored as f32
  return { stride, valueBytes, rowBytes: stride * valueBytes };
}

export function layoutOf(
  rows: RowHead,
  { classes, batchSize }: Pick<DescentProblem, "classes" | "batchSize">,
  kind?: Layout["kind"],
): Layout {
  const row = rowLayout(rows.features, rows.x);
  const { stride } = row;
  const blockRows = planBlockRows(rows);
  const few = classes <= FUSED_CLASSES && classes * stride <= FUSED_WEIGHTS;
  return (kind ?? (few ? "fused" : "tiled")) === "fused"
    ? fusedLayout(row, classes, batchSize, Math.min(FUSED_RANGE, blockRows))
    : tiledLayout(row, classes, batchSize, Math.min(TILED_RANGE, blockRows));
}

/** Returns the kind of layout that `kernels` names, if any. Throws an OptionError for an unknown name. */
export function kindOf({ kernels = "table" }: Pick<DescentProblem, "kernels">): Layout["kind"] | undefined {
  if (kernels === "auto" || kernels === "table") return undefined;
  if (kernels === "fused" || kernels === "tiled") return kernels;
  throw new OptionError(
    `kernels is ${JSON.stringify(kernels)}, but the wasm engine has these: "auto", "table", "fused", "tiled".`,
  );
}

function fusedLayout(row: RowLayout, classes: number, batchSize: number, rangeRows: number): FusedLayout {
  const { stride } = row;
  const paddedClasses = 2 * Math.ceil(classes / 2);
  const ranges = Math.ceil(batchSize / rangeRows);
  const fitting = floorToPower(GROUP_BYTES / (4 * paddedClasses * stride));
  const groupRanges = Math.max(GROUP_RANGES.least, Math.min(GROUP_RANGES.most, fitting));
  const levels = countLevels(Math.ceil(ranges / groupRanges));
  const packRows = Math.max(8, Math.min(60, 4 * Math.floor(PACK_VALUES / stride / 4)));
  return {
    kind: "fused",
    paddedClasses,
    rangeRows,
    groupRanges,
    partials: Math.min(ranges, groupRanges),
    levels,
    sums: groupRanges,
    sumLevels: levels,
    packRows,
    scratchBytes: 64 * Math.ceil((4 * packRows * paddedClasses + packBytes(packRows, row)) / 64),
    chain: chainLength(batchSize, rangeRows),
  };
}

function tiledLayout(row: RowLayout, classes: number, batchSize: number, rangeRows: number): TiledLayout {
  const { stride } = row;
  const paddedClasses = 2 * Math.ceil(classes / 2);
  const fitting = Math.max(4, floorToPower(CHUNK_BYTES / (4 * paddedClasses)));
  // All rows of a small batch, and at least one whole partial sum of the losses, so that the bits do not
  // depend on the size of the batch.
  const needed = Math.max(SOFTMAX_ROWS, 2 ** countLevels(batchSize));
  const chunkRows = Math.min(CHUNK_ROWS, rangeRows, fitting, needed);
  return {
    kind: "tiled",
    paddedClasses,
    rangeRows,
    levels: countLevels(Math.ceil(batchSize / rangeRows)),
    chunkRows,
    sums: Math.ceil(chunkRows / SOFTMAX_ROWS),
    sumLevels: countLevels(Math.ceil(batchSize / chunkRows)),
    scratchBytes: 0,
    packBytes: packBytes(chunkRows, row),
    tileBytes: 4 * chunkRows * TILE * Math.ceil(stride / TILE),
    chain: chainLength(batchSize, rangeRows),
  };
}

/**
 * Bytes of a `RowPack` of assembly/rows.ts: its header, six words for each row, and the rows as f32, unless
 * they are.
 */
function packBytes(rows: number, { stride, valueBytes }: RowLayout): number {
  return 64 + 24 * rows + 64 + (valueBytes === 4 ? 0 : 4 * rows * stride);
}

/** Returns the largest power of two that is not above x. */
function floorToPower(x: number): number {
  return 2 ** Math.floor(Math.log2(x));
}
