/** Distances and norms of vectors. */

/** The largest |a − b|, or NaN where any value is NaN, so that a comparison with it fails. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`${a.length} values against ${b.length}.`);
  return Math.max(0, ...Array.from(a, (value, i) => Math.abs(value - b[i])));
}

/** The Euclidean norm. */
export function norm(a: ArrayLike<number>): number {
  return Math.hypot(...Array.from(a));
}
