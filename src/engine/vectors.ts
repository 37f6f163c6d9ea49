/** Vectors and matrices that live where the engine computes, and what is asked of them. */

/** A matrix (features + 1, classes) that lives where the engine computes: weights, a gradient, a direction. */
export interface Vector {
  /** Which of its objective's. */
  readonly number: number;
}

/** A symmetric matrix (features + 1, features + 1) that lives where the engine computes. */
export interface Matrix {
  /** Which of its objective's. */
  readonly number: number;
}

/** A vector and what it is multiplied by. */
export type Term = readonly [factor: number, vector: Vector];

export interface Product {
  /** Σ aᵢ·bᵢ */
  readonly sum: number;
  /** Σ_d penalties[d]·Σₖ a[d, k]·b[d, k], the intercept's row left out: twice the l2 penalty of w where both are w. */
  readonly penalised: number;
  /** The largest |aᵢ·bᵢ|. */
  readonly largest: number;
}
