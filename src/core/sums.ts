/** Sums that the passes make of rows: losses, hits and weights, and derivatives along a line. */

/** Sums over rows, each row times its weight. */
export interface Sums {
  readonly loss: number;
  /** Weight of the rows whose largest logit (the first of equals) is their label's. */
  readonly hits: number;
  readonly weight: number;
}

export const NOTHING: Sums = { loss: 0, hits: 0, weight: 0 };

export function addSums(a: Sums, b: Sums): Sums {
  return { loss: a.loss + b.loss, hits: a.hits + b.hits, weight: a.weight + b.weight };
}

/** Σ lossₙ at Z + t·ΔZ, each times its row's weight, and its first and second derivative in t. */
export interface Trial {
  readonly loss: number;
  readonly slope: number;
  readonly curvature: number;
}
