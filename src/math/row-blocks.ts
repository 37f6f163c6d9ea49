import { range } from "../core/random.js";
import type { FeatureRows } from "../core/rows.js";

/** Rows computed on at a time, and values of their features and logits, whichever are fewer rows. */
const ROWS = 4096;
const VALUES = 2 ** 20;

/** The numbers of all rows, in order and a block at a time, so that nothing of all rows × classes need be kept. */
export function* blocks(
  { count, features }: Pick<FeatureRows, "count" | "features">,
  classes: number,
): Generator<Uint32Array> {
  const size = Math.max(1, Math.min(ROWS, Math.floor(VALUES / (features + classes))));
  const all = range(count);
  for (let first = 0; first < count; first += size) yield all.subarray(first, first + size);
}
