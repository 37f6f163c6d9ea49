/** The penalties that a sweep tries. */

/** Penalties on the mean objective, l2/2·‖W‖² + l1·Σ|w|. */
export interface Penalty {
  readonly l1: number;
  readonly l2: number;
}

/** A penalty to try. */
export interface TriedPenalty {
  /** Number of its path: each fit of a path starts from the one with the next larger penalty. */
  readonly path: number;
  /** C as it was given. Absent where l1 or l2 was. */
  readonly C?: number;
  /** The share of l1, where C was given. */
  readonly l1Ratio?: number;
  /** Returns the penalty on the mean objective of rows of so much weight. */
  of(weight: number): Penalty;
}

/** The values to try, as options give them. */
export interface GivenPenalties {
  readonly C?: ArrayLike<number> | undefined;
  readonly l1Ratio?: ArrayLike<number> | undefined;
  readonly l1?: ArrayLike<number> | undefined;
  readonly l2?: ArrayLike<number> | undefined;
}

/** Lists every C with every l1Ratio, or every l1 with every l2: one path for each l1Ratio, or each l2. */
export function triedPenalties({ C, l1Ratio = [0], l1, l2 = [0] }: GivenPenalties): TriedPenalty[] {
  if (C) {
    return Array.from(l1Ratio).flatMap((ratio, path) =>
      Array.from(C, (one) => ({
        path,
        C: one,
        l1Ratio: ratio,
        of: (weight: number) => ({ l1: ratio / (one * weight), l2: (1 - ratio) / (one * weight) }),
      })),
    );
  }
  if (!l1) return Array.from(l2, (one) => ({ path: 0, of: () => ({ l1: 0, l2: one }) }));
  return Array.from(l2).flatMap((two, path) =>
    Array.from(l1, (one) => ({ path, of: () => ({ l1: one, l2: two }) })),
  );
}

/** The sum of both penalties, by which a path is ordered. */
export function strengthOf({ l1, l2 }: Penalty): number {
  return l1 + l2;
}
