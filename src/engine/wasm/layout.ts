/**
 * Splits a problem into ranges and blocks of rows. The split depends on the shape and the named kernels
 * alone, not on the number of threads, so any number of threads gives the same bits.
 */
import { OptionError } from "../../core/errors.js";
import type { DescentProblem } from "../descent.js";
import type { FlatFeatures, Rows } from "../../core/rows.js";

/** Rows of X and of the weights have `stride` values: features, intercept, and zeros to a multiple of 8. */
export interface RowLayout {
  readonly stride: number;
  readonly valueBytes: number;
  readonly rowBytes: number;
}

interface Common {
  /** Classes rounded up to an even number. The weights of the padding class stay 0. */
  readonly paddedClasses: number;
  /** Capacity for partial sums of the losses. */
  readonly sums: number;
  readonly scratchBytes: number;
  /** The longest chain of additions behind one element of the gradient. */
  readonly chain: number;
}

/**
 * For few classes: each range of `slotRows` rows has its own partial sum of the gradient, and is computed
 * `blockRows` rows at a time.
 */
export interface FusedLayout extends Common {
  readonly kind: "fused";
  readonly slots: number;
  readonly slotRows: number;
  readonly blockRows: number;
}

/** For many classes: memory holds the logits of `chunkRows` rows at a time and one sum of the gradient. */
export interface TiledLayout extends Common {
  readonly kind: "tiled";
  readonly chunkRows: number;
  readonly blockBytes: number;
}

export type Layout = FusedLayout | TiledLayout;

/**
 * Fused up to these numbers of classes and of weights: the weights then stay in the L2 cache, and all classes
 * of a few rows in L1.
 */
const FUSED_CLASSES = 64;
const FUSED_WEIGHTS = 2 ** 16;
/**
 * Least rows of a range, and most ranges: enough rows to be worth a partial sum, few enough that threads
 * share the ranges evenly.
 */
const SLOT_ROWS = 256;
const MOST_SLOTS = 64;
/** Most values of a block of rows, which has at least 8 rows. */
const BLOCK_VALUES = 2 ** 15;
/** Rows in each partial sum of the losses, as in assembly/tiled.ts. */
const SOFTMAX_ROWS = 16;
/** Most rows of a chunk, and most bytes of its logits. */
const CHUNK_ROWS = 512;
const CHUNK_BYTES = 2 ** 27;

export function rowLayout(features: number, x: FlatFeatures): RowLayout {
  // Eight values of two classes are a cache line. Tiles of the gradient share none, to avoid contention.
  const eights = Math.ceil((features + 1) / 8);
  const stride = 8 * (eights % 16 === 0 ? eights + 1 : eights); // multiples of 128 would crowd the caches
  const valueBytes = Math.min(4, x.BYTES_PER_ELEMENT); // f64 is stored as f32
  return { stride, valueBytes, rowBytes: stride * valueBytes };
}

export function layoutOf(
  rows: Rows,
  { classes, batchSize }: Pick<DescentProblem, "classes" | "batchSize">,
  kind?: Layout["kind"],
): Layout {
  const { stride } = rowLayout(rows.features, rows.x);
  const few = classes <= FUSED_CLASSES && classes * stride <= FUSED_WEIGHTS;
  return (kind ?? (few ? "fused" : "tiled")) === "fused"
    ? fusedLayout(stride, classes, batchSize)
    : tiledLayout(stride, classes, batchSize);
}

/** Returns the kind of layout that `kernels` names, if any. Throws an OptionError for an unknown name. */
export function kindOf({ kernels = "table" }: Pick<DescentProblem, "kernels">): Layout["kind"] | undefined {
  if (kernels === "auto" || kernels === "table") return undefined;
  if (kernels === "fused" || kernels === "tiled") return kernels;
  throw new OptionError(
    `kernels is ${JSON.stringify(kernels)}, but the wasm engine has these: "auto", "table", "fused", "tiled".`,
  );
}

function fusedLayout(stride: number, classes: number, batchSize: number): FusedLayout {
  const paddedClasses = 2 * Math.ceil(classes / 2);
  const slotRows = fours(Math.max(SLOT_ROWS, batchSize / MOST_SLOTS));
  const slots = Math.ceil(batchSize / slotRows);
  const blockRows = Math.max(8, Math.min(64, 4 * Math.floor(BLOCK_VALUES / stride / 4)));
  const scratchBytes = 64 * Math.ceil((4 * blockRows * paddedClasses + blockBytes(blockRows, stride)) / 64);
  const chain = slotRows + slots;
  return { kind: "fused", paddedClasses, slots, slotRows, blockRows, sums: MOST_SLOTS, scratchBytes, chain };
}

function tiledLayout(stride: number, classes: number, batchSize: number): TiledLayout {
  const paddedClasses = 2 * Math.ceil(classes / 2);
  const most = Math.max(4, 4 * Math.floor(CHUNK_BYTES / (4 * paddedClasses) / 4));
  const chunkRows = Math.min(CHUNK_ROWS, most, fours(batchSize));
  const sums = Math.ceil(chunkRows / SOFTMAX_ROWS);
  const bytes = blockBytes(chunkRows, stride);
  return {
    kind: "tiled",
    paddedClasses,
    chunkRows,
    sums,
    scratchBytes: 0,
    blockBytes: bytes,
    chain: batchSize,
  };
}

/** Bytes of a `Block` of assembly/rows.ts: its header, four words for each row, and the rows as f32. */
function blockBytes(rows: number, stride: number): number {
  return 64 + 16 * rows + 64 + 4 * rows * stride;
}

function fours(n: number): number {
  return 4 * Math.ceil(n / 4);
}
