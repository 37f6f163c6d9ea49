/** Splits rows into blocks, so that no result of (rows, classes) is kept for all rows at once. */
import { range } from "../core/random.js";
import type { FeatureRows } from "../core/rows.js";

/** Most rows in a block, and most values in its features and logits together. The smaller block is taken. */
const ROWS = 4096;
const VALUES = 2 ** 20;

/** Yields the numbers of all rows in order, a block at a time. */
export function* blocks(
  { count, features }: Pick<FeatureRows, "count" | "features">,
  classes: number,
): Generator<Uint32Array> {
  const size = Math.max(1, Math.min(ROWS, Math.floor(VALUES / (features + classes))));
  const all = range(count);
  for (let first = 0; first < count; first += size) yield all.subarray(first, first + size);
}
