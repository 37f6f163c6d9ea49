/** Vectors and matrices that live where the engine computes, and their operations. */
import type { FloatArray } from "../core/rows.js";

/** A matrix (features + 1, classes) that lives where the engine computes, such as weights or a gradient. */
export interface Vector {
  /** Its number among the vectors of its space, from 0. */
  readonly number: number;
}

/** A symmetric matrix (features + 1, features + 1) that lives where the engine computes. */
export interface Matrix {
  /** Its number among the matrices of its space, from 0. */
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

/**
 * The vectors of an objective, as handles: solvers combine them and ask for inner products, and read few of
 * them back.
 */
export interface VectorSpace {
  /** The unit roundoff of its arithmetic: 2⁻²⁴ in f32, 2⁻⁵³ in f64. */
  readonly precision: number;
  /** Creates a vector, (features + 1, classes), of `values` or zeros. It lives as long as the objective. */
  vector(values?: FloatArray): Vector;
  read(vector: Vector): Promise<FloatArray>;
  /** to ← Σ factor·vector. `to` may be one of the vectors. */
  combine(to: Vector, terms: readonly Term[]): void;
  products(pairs: readonly (readonly [Vector, Vector])[]): Promise<Product[]>;
  /** Creates a matrix of `values`, (features + 1, features + 1). It lives as long as the objective. */
  matrix(values: FloatArray): Matrix;
  /** to ← M·from. `to` must not be `from`. */
  multiply(to: Vector, matrix: Matrix, from: Vector): void;
  /**
   * Subtracts from every row its mean over the classes. The softmax does not depend on that mean, and in
   * gradients it is 0 but for rounding.
   */
  centre(vector: Vector): void;
  /**
   * to ← the smallest subgradient of F + Σ_d l1[d]·‖w_d‖₁ at w, with g = ∇F(w) given in `gradient`. It is
   * g + l1[d]·sign(w), or, where w is 0, g soft-thresholded by l1[d]. The intercept's row, which has no l1,
   * is g. `to` must not be `w` or `gradient`.
   */
  subgradient(to: Vector, w: Vector, gradient: Vector): void;
  /**
   * to ← v where w ≠ 0 or d ≠ 0, and 0 elsewhere: v restricted to the free weights of an l1 problem, where d
   * is the smallest subgradient at w. Rows without l1, such as the intercept's, are v. `to` must not be one
   * of the three.
   */
  restrict(to: Vector, v: Vector, w: Vector, d: Vector): void;
  /**
   * to ← w + p projected onto the orthant of w: 0 where its sign differs from that of w, or, where w is 0,
   * from that of −d, with d the smallest subgradient. Rows without l1, such as the intercept's, are w + p.
   * `to` must not be one of the three.
   */
  orthant(to: Vector, w: Vector, p: Vector, d: Vector): void;
}
