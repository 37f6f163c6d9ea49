import type { Breath } from "../../breath.js";

/** Rows that the passes take at a time: bounds the memory of what they make of them. */
const BLOCK = 1024;

/** Uses the rows block by block, `first` the place of a block's first row among them. Everything else has a turn between two. */
export async function inBlocks(
  rows: Uint32Array,
  breath: Breath,
  use: (block: Uint32Array, first: number) => void,
): Promise<void> {
  for (let first = 0; first < rows.length; first += BLOCK) {
    use(rows.subarray(first, first + BLOCK), first);
    await breath.take();
  }
}
