/** Handles of vectors and matrices that live where the engine computes, and the types of their operations. */

/** A matrix (features + 1, classes) that lives where the engine computes, such as weights or a gradient. */
export interface Vector {
  /** Its number among the vectors of its objective, from 0. */
  readonly number: number;
}

/** A symmetric matrix (features + 1, features + 1) that lives where the engine computes. */
export interface Matrix {
  /** Its number among the matrices of its objective, from 0. */
  readonly number: number;
}

/** A vector and its factor in a sum. */
export type Term = readonly [factor: number, vector: Vector];

/** The inner product of two vectors a and b, and related numbers. */
export interface Product {
  /** Σ aᵢ·bᵢ */
  readonly sum: number;
  /** Σ_d penalties[d]·Σₖ a[d, k]·b[d, k], intercept excluded: twice the l2 penalty of w if a = b = w. */
  readonly penalised: number;
  /** The largest |aᵢ·bᵢ|. */
  readonly largest: number;
}
