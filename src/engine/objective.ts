/** Objectives: F, its gradient and its curvature, for solvers that go to the optimum. */
import type { Sums, Trial } from "../core/sums.js";
import type { Term, Product, Vector, Matrix } from "./vectors.js";
import type { FloatArray } from "../core/rows.js";

/**
 * F(w) = scale·Σ lossₙ(w) + Σ_d penalties[d]/2·‖w_d‖², each loss times its row's weight, and w_d the row of feature d. The
 * intercept's row has no penalty.
 */
export interface ObjectiveProblem {
  readonly classes: number;
  /** Without an intercept the gradient's last row is zero. */
  readonly intercept: boolean;
  readonly scale: number;
  /** (features) the l2 penalty of each feature, ≥ 0. Engines that compute in f32 round it to f32. */
  readonly penalties: FloatArray;
  /** (features) the l1 penalty of each feature, ≥ 0, for subgradients: F is without it. Default zeros. Rounded likewise. */
  readonly l1?: FloatArray;
  /** The rows that F is a sum over, as numbers in the placement. */
  readonly rows: Uint32Array;
  readonly kernels?: string;
  /** Objectives of the engine that are asked at the same time, this one included, which may share what computes. Default 1. */
  readonly together?: number;
}

/**
 * An objective, for solvers that look at more than its gradient. It keeps the logits Z of the point where it was last
 * looked at, and how they change along a direction, ΔZ = X·p: trials along the line then take no pass over X.
 *
 * What returns nothing is put in a queue, and done before what is asked for next. What is asked for in one turn of the
 * event loop is answered together.
 */
export interface Objective {
  /** The name of the kernels chosen. Pinned, the same adapter gives the same bits. */
  readonly kernels: string;
  /** The unit roundoff that it computes with: 2⁻²⁴ in f32, 2⁻⁵³ in f64. */
  readonly precision: number;
  /** A new vector: these values, (features + 1, classes), or zeros. It lives as long as the objective. */
  vector(values?: FloatArray): Vector;
  read(vector: Vector): Promise<FloatArray>;
  /** to ← Σ factor·vector. `to` may be among them. */
  combine(to: Vector, terms: readonly Term[]): void;
  products(pairs: readonly (readonly [Vector, Vector])[]): Promise<Product[]>;
  /** A new matrix of these values. It lives as long as the objective. */
  matrix(values: FloatArray): Matrix;
  /** to ← M·from. `to` is another vector than `from`. */
  multiply(to: Vector, matrix: Matrix, from: Vector): void;
  /** Takes the mean over the classes off every row: no softmax sees it, and no gradient has it but for rounding. */
  centre(vector: Vector): void;
  /**
   * to ← the smallest subgradient of F + Σ_d l1[d]·‖w_d‖₁, where the gradient is ∇F(w): g + l1[d]·sign(w), and where w is 0
   * what is left of g beyond ±l1[d]. The intercept's row, which has no l1, is g. `to` is another vector than both.
   */
  subgradient(to: Vector, w: Vector, gradient: Vector): void;
  /**
   * to ← v where w ≠ 0 or d ≠ 0, and 0 elsewhere: the part of v in the free weights of an l1 problem, d the smallest
   * subgradient at w. The intercept's row is v. `to` is another vector than all three.
   */
  restrict(to: Vector, v: Vector, w: Vector, d: Vector): void;
  /**
   * to ← w + p, kept within the orthant of w: 0 where the sign would not be w's, or where w is 0 not that of −d, d the
   * smallest subgradient. The intercept's row is w + p. `to` is another vector than all three.
   */
  orthant(to: Vector, w: Vector, p: Vector, d: Vector): void;
  /**
   * Looks at w: Z ← X·w, and gradient ← ∇F(w), which is another vector. One pass. The sums are of the losses, without the
   * penalty.
   */
  at(w: Vector, gradient: Vector): Promise<Sums>;
  /** ΔZ ← X·p. Half a pass. */
  along(direction: Vector): void;
  /** The losses at each Z + t·ΔZ. */
  trials(ts: readonly number[]): Promise<Trial[]>;
  /**
   * Goes along the line: Z ← Z + t·ΔZ, and gradient ← ∇F(w), another vector than w, which is the one that was moved as far.
   * Half a pass.
   */
  move(t: number, w: Vector, gradient: Vector): Promise<Sums>;
  /** to ← ∇²F·v at Z. One pass. `to` is another vector than v. */
  curvature(v: Vector, to: Vector): void;
  /** (rows, classes) a copy of Z. */
  logits(): Promise<FloatArray>;
  /** (rows, classes) a copy of ΔZ. */
  change(): Promise<FloatArray>;
  /** Loss and hits of other rows of the placement at w. Z stays. */
  evaluate(w: Vector, rows: Uint32Array): Promise<Sums>;
  release(): void;
}
