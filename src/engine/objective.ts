/** The interface of objectives: F, its gradient and its curvature, for solvers that train to the optimum. */
import type { Sums, Trial } from "../core/sums.js";
import type { ConjugateStep, ConjugateSystem } from "./conjugate-system.js";
import type { Vector, VectorSpace } from "./vectors.js";
import type { FloatArray } from "../core/rows.js";

/**
 * F(w) = scale·Σ lossₙ(w) + Σ_d penalties[d]/2·‖w_d‖², where each loss is multiplied by its row's weight, and
 * w_d is the row of feature d. The intercept's row has no penalty.
 */
export interface ObjectiveProblem {
  readonly classes: number;
  /** Without an intercept the gradient's last row is zero. */
  readonly intercept: boolean;
  readonly scale: number;
  /** (features) the l2 penalty of each feature, ≥ 0. Engines that compute in f32 round it to f32. */
  readonly penalties: FloatArray;
  /**
   * (features) the l1 penalty of each feature, ≥ 0. Only `subgradient` uses it: F does not include it.
   * Default zeros. Rounded likewise.
   */
  readonly l1?: FloatArray;
  /** The rows that F sums over, as numbers in the placement. */
  readonly rows: Uint32Array;
  /** As in `DescentProblem`. */
  readonly kernels?: string;
  /**
   * How many objectives of the engine are used at the same time, this one included: they may share its
   * threads. Default 1.
   */
  readonly together?: number;
}

/**
 * An objective, for solvers that use more than its gradient. It keeps the logits Z of the last point that it
 * was evaluated at, and their change along a direction, ΔZ = X·p: trials along the line then take no pass
 * over X.
 *
 * Calls are carried out in order, those of its vector space among them. Those that return nothing are queued
 * and done before the next one. Calls made in the same turn of the event loop may run as one batch.
 */
export interface Objective {
  /** The vectors that it takes, which live as long as it does. */
  readonly space: VectorSpace;
  /** The name of the chosen kernels. Results are deterministic for a pinned name on one adapter. */
  readonly kernels: string;
  /**
   * Evaluates F at w: Z ← X·w + O, with the rows' offsets O, and gradient ← ∇F(w). The sums are those of the
   * losses, without the penalty. `gradient` must not be `w`. One pass.
   */
  linearize(w: Vector, gradient: Vector): Promise<Sums>;
  /** ΔZ ← X·p. Half a pass. */
  setDirection(direction: Vector): void;
  /** Returns the summed loss and its derivatives at each Z + t·ΔZ. Leaves Z as it is. */
  evaluateAlong(ts: readonly number[]): Promise<Trial[]>;
  /**
   * Takes a step along the line: Z ← Z + t·ΔZ and gradient ← ∇F(w), where w is the point already moved by the
   * same step. `gradient` must not be `w`. Half a pass.
   */
  step(t: number, w: Vector, gradient: Vector): Promise<Sums>;
  /** Hessian-vector product: to ← ∇²F·v at Z. `to` must not be `v`. One pass. */
  curvature(v: Vector, to: Vector): void;
  /**
   * How many steps of conjugate gradients to take before asking what they found: as many as cost about what
   * the wait for an answer does.
   */
  readonly stepsAhead: number;
  /**
   * Takes `count` steps of the method of conjugate gradients, each with the Hessian at Z. After a step of
   * length 0 nothing changes any more. A step takes one pass. Wait for the answer before the next call.
   */
  conjugateSteps(system: ConjugateSystem, count: number): Promise<ConjugateStep[]>;
  /** Returns a copy of Z, (rows, classes). */
  logits(): Promise<FloatArray>;
  /** Returns a copy of ΔZ, (rows, classes). */
  directionLogits(): Promise<FloatArray>;
  /** Sums the loss and hits of other rows of the placement at w. Leaves Z as it is. */
  evaluate(w: Vector, rows: Uint32Array): Promise<Sums>;
  release(): void;
}
