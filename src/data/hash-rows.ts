/** Hashes rows, so that data can be told apart. */
import { DataHash } from "../core/hash.js";
import type { Rows } from "../core/rows.js";

/** Hashes the values of x, the labels or targets, and the weights. */
export function hashRows({ x, scale, labels, targets, weights }: Rows): string {
  const hash = new DataHash().addText(`${x.BYTES_PER_ELEMENT} ${scale}`).add(x).add(labels);
  if (targets) hash.add(Float64Array.from(targets));
  if (weights) hash.add(Float64Array.from(weights));
  return hash.digest();
}
