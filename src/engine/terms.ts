/** Terms for `VectorSpace.combine`. */
import type { Term, Vector } from "./vectors.js";

/** a + factor·b */
export function plus(a: Vector, factor: number, b: Vector): readonly Term[] {
  return [
    [1, a],
    [factor, b],
  ];
}
