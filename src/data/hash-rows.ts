/** Hashes rows, so that data can be told apart. */
import { DataHash } from "../core/hash.js";
import type { Rows } from "../core/rows.js";

/** Hashes the values of x, the labels or targets, the offsets and the weights. */
export function hashRows({ x, scale, labels, targets, offsets, weights }: Rows): string {
  const hash = new DataHash().addText(`${x.BYTES_PER_ELEMENT} ${scale}`).add(x).add(labels);
  if (targets) hash.add(Float64Array.from(targets));
  if (offsets) hash.add(Float64Array.from(offsets));
  if (weights) hash.add(Float64Array.from(weights));
  return hash.digest();
}
