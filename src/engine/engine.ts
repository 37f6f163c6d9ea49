/**
 * The seam between solvers and engines. Solvers know no engine and engines know no solver: a solver holds
 * handles to rows and weights that live where the engine computes, and asks for steps, sums and a rare readback.
 *
 * Everything is a sum over examples, made of three passes:
 *   logits    Z = X·W                             (rows, classes)
 *   residual  R = weight ⊙ (softmax(Z) − T)       (rows, classes), and the loss on the way; T = Y, or softer
 *   gradient  G = Xᵀ·R                            (features + 1, classes), the sum of outer products x ⊗ (s − t)
 *
 * The constant feature 1 of the intercept is the last row of W and G: both are (features + 1, classes), row by row.
 */
import type { Sums, Trial } from "../core/sums.js";
import type { FloatArray, Rows } from "../core/rows.js";

export const ENGINES = ["webgpu", "wasm", "reference"] as const;
export type EngineName = (typeof ENGINES)[number];

/** How one gradient changes the weights: g is the gradient of the objective, w the weights. */
export type UpdateRule =
  /** v ← momentum·v + g;  w ← w − rate·v, or with nesterov w ← w − rate·(g + momentum·v). */
  | { readonly kind: "sgd"; readonly momentum: number; readonly nesterov: boolean }
  /** Kingma & Ba (2015), with Loshchilov & Hutter's (2019) decoupled `weightDecay`. */
  | {
      readonly kind: "adam";
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly weightDecay: number;
    };

/** What stays the same over a whole descent. */
export interface Problem {
  readonly classes: number;
  readonly intercept: boolean;
  readonly rule: UpdateRule;
  /** The most rows that one step will have. */
  readonly batchSize: number;
  /** ε, where steps, but not evaluations, make (1 − ε)·t + ε/classes of the targets. Default 0. */
  readonly smoothing?: number;
  /** Which kernels: "auto" to time some, "table" (default) not to, or the name of a choice that a descent recorded. */
  readonly kernels?: string;
}

/** One update of the weights, from the rows `order[first .. first + rows)`. */
export interface Step {
  readonly first: number;
  readonly rows: number;
  readonly learningRate: number;
  /** The objective's gradient is g = gradientScale·G + penalty·W (the intercept's row without penalty). */
  readonly gradientScale: number;
  readonly penalty: number;
  /** Keep what the passes of this step computed, for a check against the reference. */
  readonly capture: boolean;
}

/** Weights and, beside them, what the update rule remembers (momentum, or Adam's two moments). */
export interface State {
  /** (features + 1, classes) */
  readonly weights: FloatArray;
  /** each (features + 1, classes) */
  readonly moments: readonly FloatArray[];
}

/** Everything that the passes of one step computed. */
export interface Passes {
  /** (rows) which rows, as numbers in the placement. */
  readonly rows: Uint32Array;
  readonly step: Step;
  /** How many steps this one was, from 1. */
  readonly number: number;
  readonly before: State;
  /** (rows, classes) */
  readonly logits: FloatArray;
  /** (rows, classes), each row times its weight */
  readonly residual: FloatArray;
  /** (rows), each times its weight */
  readonly losses: FloatArray;
  /** (features + 1, classes) sum over the rows, not yet scaled or penalised */
  readonly gradient: FloatArray;
  readonly after: State;
  /** The longest chain of additions behind one element of the gradient: an error bound needs it. */
  readonly chain: number;
}

export interface StepResult {
  readonly sums: Sums;
  readonly passes?: Passes;
}

/** Weights in training on placed rows. */
export interface Descent {
  /** The name of the kernels chosen. Pinned, the same adapter gives the same bits. */
  readonly kernels: string;
  /**
   * Runs the steps in order and yields each one's result in the same order, some time after it was computed:
   * the engine keeps working ahead of what was yielded. It works no further ahead when nobody asks for more.
   */
  run(order: Uint32Array, steps: readonly Step[]): AsyncIterable<StepResult>;
  /** Loss and hits of these rows at the present weights. */
  evaluate(order: Uint32Array): Promise<Sums>;
  /** (features + 1, classes) a copy of the present weights. */
  weights(): Promise<FloatArray>;
  release(): void;
}

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

/** Rows that are where the engine computes. */
export interface Placement {
  /** Starts from `weights`, (features + 1, classes), with moments of zero. */
  descent(problem: Problem, weights: FloatArray): Promise<Descent>;
  objective(problem: ObjectiveProblem): Promise<Objective>;
  /** (count) what each row weighs from now on, in descents and objectives too that have begun. Nothing may be under way. */
  weigh(weights: FloatArray): void;
  release(): void;
}

export interface Engine {
  readonly name: EngineName;
  /** What computes: the GPU adapter's name, or the processor's kernels and threads. */
  readonly adapter: string;
  /** Why it computes with less than this machine should have, where it does. */
  readonly note?: string;
  /** Copies the rows to where the engine computes. Throws a DataError when it cannot represent a value. */
  place(rows: Rows): Promise<Placement>;
  close(): void;
}

/** How many moments the update rule keeps beside the weights. */
export function momentsOf(rule: UpdateRule): number {
  if (rule.kind === "adam") return 2;
  return rule.momentum === 0 ? 0 : 1;
}
