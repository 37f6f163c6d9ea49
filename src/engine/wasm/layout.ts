/** How a problem is cut. A function of the shape alone, whatever the threads: so the bits are the same for any number. */
import { OptionError } from "../../core/errors.js";
import type { DescentProblem } from "../descent.js";
import type { FlatFeatures, Rows } from "../../core/rows.js";

/** Rows of X, and of the weights: values a row, the one of the intercept included, padded to a multiple of 8. */
export interface RowLayout {
  readonly stride: number;
  readonly valueBytes: number;
  readonly rowBytes: number;
}

interface Common {
  /** Classes whose weights there is room for, an even number: the last may be zeros that nothing changes. */
  readonly paddedClasses: number;
  /** Partial sums of losses that there is room for. */
  readonly sums: number;
  readonly scratchBytes: number;
  /** The longest chain of additions to one element of the gradient. */
  readonly chain: number;
}

/** Few classes: ranges of `slotRows` rows, each with a partial sum of the gradient; `blockRows` of them at a time. */
export interface FusedLayout extends Common {
  readonly kind: "fused";
  readonly slots: number;
  readonly slotRows: number;
  readonly blockRows: number;
}

/** Many classes: the logits of `chunkRows` rows at a time are in memory, and every weight's gradient is one sum. */
export interface TiledLayout extends Common {
  readonly kind: "tiled";
  readonly chunkRows: number;
  readonly blockBytes: number;
}

export type Layout = FusedLayout | TiledLayout;

/** Fused while the weights stay in the second cache, and all classes of a few rows in the first. */
const FUSED_CLASSES = 64;
const FUSED_WEIGHTS = 2 ** 16;
/** A range has about so many rows: enough to be worth its partial sum, few enough that threads share them evenly. */
const SLOT_ROWS = 256;
const MOST_SLOTS = 64;
/** Values of a block of rows. */
const BLOCK_VALUES = 2 ** 15;
/** Rows whose losses are one sum, as in assembly/tiled.ts. */
const SOFTMAX_ROWS = 16;
/** Rows of a chunk, and bytes of its logits. */
const CHUNK_ROWS = 512;
const CHUNK_BYTES = 2 ** 27;

export function rowLayout(features: number, x: FlatFeatures): RowLayout {
  // Eight values of two classes are a line of the cache, and tiles of the gradient share none: they would be fought over.
  const eights = Math.ceil((features + 1) / 8);
  const stride = 8 * (eights % 16 === 0 ? eights + 1 : eights); // rows a power of two apart would crowd the caches
  const valueBytes = Math.min(4, x.BYTES_PER_ELEMENT); // f64 is computed with as f32
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

/** The kind that is asked for by name. */
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

/** A block of rows: what is known of them, and they themselves as floats. */
function blockBytes(rows: number, stride: number): number {
  return 64 + 16 * rows + 64 + 4 * rows * stride;
}

function fours(n: number): number {
  return 4 * Math.ceil(n / 4);
}
