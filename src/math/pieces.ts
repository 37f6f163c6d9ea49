/** Loops over rows and over vectors, in pieces between which the event loop has its turn. */
import { yieldIfDue } from "../core/event-loop.js";

/** The most rows of a block: bounds the memory of what the passes make of them. */
const MOST_ROWS = 1024;
/** Multiply-adds of a piece: some 20 ms. */
const PIECE_WORK = 2 ** 23;

/**
 * Uses the rows block by block; `first` is the position of a block's first row in `rows`.
 * @param workPerRow multiply-adds that a row takes.
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
 * Uses the numbers from 0 to `length` range by range.
 * @param workPerNumber multiply-adds that one of them takes.
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
