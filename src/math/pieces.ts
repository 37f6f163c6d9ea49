/** Loops over rows and over vectors that yield to the event loop between pieces. */
import { yieldIfDue } from "../core/event-loop.js";

/** Most rows in a block: bounds the memory of what the passes compute from one. */
const MOST_ROWS = 1024;
/** Multiply-adds in a piece, about 20 ms. */
const PIECE_WORK = 2 ** 23;

/**
 * Calls `use` with the rows, block by block. `first` is the position of a block's first row in `rows`.
 * @param workPerRow multiply-adds per row.
 */
export async function inBlocks(
  rows: Uint32Array,
  workPerRow: number,
  use: (block: Uint32Array, first: number) => void,
): Promise<void> {
  const blockRows = Math.max(1, Math.min(MOST_ROWS, Math.floor(PIECE_WORK / workPerRow)));
  for (let first = 0; first < rows.length; first += blockRows) {
    use(rows.subarray(first, first + blockRows), first);
    await yieldIfDue();
  }
}

/**
 * Calls `use` with the numbers from `first` to below `past`, range by range, from 0 to below `length`.
 * @param workPerNumber multiply-adds per number.
 */
export async function inRanges(
  length: number,
  workPerNumber: number,
  use: (first: number, past: number) => void,
): Promise<void> {
  const size = Math.max(1, Math.floor(PIECE_WORK / workPerNumber));
  for (let first = 0; first < length; first += size) {
    use(first, Math.min(first + size, length));
    await yieldIfDue();
  }
}
