/** Generates data of a known character, the same in every run. */
import type { Rows } from "../../src/core/rows.js";
import { type Random, randomIntegers } from "../../src/core/random.js";

/** A uniform number in [−1, 1). */
export function signed(random: Random): number {
  return random() / 2 ** 31 - 1;
}

export interface Clouds {
  /** (count, features) */
  readonly x: Float64Array;
  readonly y: number[];
  readonly features: number;
}

/**
 * Clouds of points, one per class, around centres that differ by `apart` in one feature each. Below 1 they
 * overlap, so that no weights classify every row correctly; above 2 they are separable. Labels cycle: 0, 1,
 * 2, 0, 1, …
 */
export function clouds(count: number, features: number, classes: number, apart: number, seed = 1): Clouds {
  const random = randomIntegers(seed);
  const y = Array.from({ length: count }, (_, row) => row % classes);
  const x = new Float64Array(count * features);
  for (let row = 0; row < count; row++) {
    for (let d = 0; d < features; d++) {
      x[row * features + d] = signed(random) + (d === y[row] % features ? apart : 0);
    }
  }
  return { x, y, features };
}

/** Rows with values of both signs, in the form that engines take. */
export function randomRows(count: number, features: number, classes: number, seed = 1): Rows {
  const { x, y } = clouds(count, features, classes, 0.5, seed);
  return { count, features, x, scale: 1, labels: Uint32Array.from(y) };
}
