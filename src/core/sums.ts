/** Sums over rows that the passes compute: losses, hits and weights, and derivatives along a line. */

/** Sums over rows, each row times its weight. */
export interface Sums {
  readonly loss: number;
  /** Weight of the rows whose largest logit is that of their label. Ties go to the lower index. */
  readonly hits: number;
  readonly weight: number;
}

export const ZERO_SUMS: Sums = { loss: 0, hits: 0, weight: 0 };

export function addSums(a: Sums, b: Sums): Sums {
  return { loss: a.loss + b.loss, hits: a.hits + b.hits, weight: a.weight + b.weight };
}

/** Σ lossₙ at Z + t·ΔZ, each loss times the weight of its row, and its first and second derivative in t. */
export interface Trial {
  readonly loss: number;
  readonly slope: number;
  readonly curvature: number;
}

export function addTrials(a: Trial, b: Trial): Trial {
  return { loss: a.loss + b.loss, slope: a.slope + b.slope, curvature: a.curvature + b.curvature };
}
