/** The interface between the loop of the second-order solvers and its methods: L-BFGS, OWL-QN and Newton. */
import type { Objective } from "../../engine/objective.js";
import type { Product, Vector } from "../../engine/vectors.js";
import type { Sums } from "../../core/sums.js";
import type { FloatArray } from "../../core/rows.js";
import type { PairState } from "./history.js";
import type { L1Minimum } from "./l1-quadratic.js";
import type { Solution } from "./newton-equation.js";

/** F at the current weights, and how near it is to its minimum. */
export interface Point {
  /** Sums of the losses, without the penalty. */
  readonly sums: Sums;
  /** F */
  readonly value: number;
  /** The largest |∂F/∂w|, or with l1 that of the smallest subgradient, in the units of the placement. */
  readonly gradientMax: number;
  /** The method's guess of F − F*, which decides when the next method takes over. */
  readonly guess: number;
  /** A computed upper bound of F − F*, valid where the quadratic model holds. Undefined where unknown. */
  readonly distance?: number;
  /** Step length along the last direction; 0 where the point is a fresh evaluation. */
  readonly step: number;
}

/** F = scale·Σ losses + the penalty. */
export interface Scaling {
  readonly scale: number;
}

/** The arguments that every method begins with. */
export interface MethodContext {
  readonly objective: Objective;
  readonly scaling: Scaling;
  /** (features + 1, classes) the starting weights, updated in place. */
  readonly start: Vector;
}

/** F without l1, from the sums of the losses at w and the product of w with itself. */
export function valueOf({ scale }: Scaling, sums: Sums, square: Product): number {
  return scale * sums.loss + square.penalised / 2;
}

/**
 * Makes a point of a method that computes its distance: `distance` is undefined where it was not computed and
 * infinite where no bound is known. The guess is the distance, or infinite.
 */
export function pointOf(point: Omit<Point, "guess" | "distance">, distance: number | undefined): Point {
  const known = distance !== undefined && distance < Infinity;
  return { ...point, guess: distance ?? Infinity, ...(known && { distance }) };
}

export interface Method {
  /** Passes over X so far. */
  readonly passes: number;
  /** Whether its budget of passes is used up. */
  readonly budgetExhausted?: boolean;
  readonly objective: Objective;
  /** (features + 1, classes) the current weights, updated in place. */
  readonly weights: Vector;
  /** Evaluates F at the current weights from scratch. */
  evaluate(): Promise<Point>;
  /**
   * Takes one iteration. Returns undefined where rounding hides any lower point or the budget is used up.
   * `afresh` has it evaluate F at the new weights from scratch.
   */
  iterate(from: Point, afresh: boolean): Promise<Point | undefined>;
  /** Returns the state at a point that was evaluated from scratch. */
  state(): Promise<MethodState>;
  /** Goes back to a state of a method of the same kind, whose weights the method has begun with. */
  restore(state: MethodState): Promise<void>;
}

/** Whether and when a sample of the rows is asked for the distance. */
export interface Asked {
  readonly tries: number;
  /** Passes before the first try; 0 before that. */
  readonly first: number;
  /**
   * The guess of F − F*, relative to the allowed distance, at which the sample is asked next. At 0 Newton's
   * method takes over.
   */
  readonly due: number;
}

/** The state of a method: its weights and what it cannot compute from them, as plain values. */
export type MethodState = {
  /** (features + 1, classes) */
  readonly weights: FloatArray;
  readonly passes: number;
} & (
  | {
      readonly kind: "quasi-newton";
      readonly pairs: readonly PairState[];
      /** g·M·g */
      readonly square: number;
      /** Absent where no sample is asked. */
      readonly asked?: Asked;
    }
  | {
      readonly kind: "newton";
      /** g·g of the first gradient, and of the current one. */
      readonly first: number | undefined;
      readonly length: number;
      /** Newton's equation solved at the point, where it was, and p: (features + 1, classes). */
      readonly solution: Solution | undefined;
      readonly p: FloatArray;
    }
  | { readonly kind: "proximal"; readonly step: L1Minimum | undefined }
);

/** Narrows a state to one kind. Throws where it is of another. */
export function stateOf<K extends MethodState["kind"]>(
  state: MethodState,
  kind: K,
): Extract<MethodState, { kind: K }> {
  if (isOf(state, kind)) return state;
  throw new Error(`A ${kind} method cannot go on from the state of a ${state.kind} one.`);
}

function isOf<K extends MethodState["kind"]>(
  state: MethodState,
  kind: K,
): state is Extract<MethodState, { kind: K }> {
  return state.kind === kind;
}

/** Returns a copy of the method's current weights, (features + 1, classes). */
export function readWeights({ objective, weights }: Method): Promise<FloatArray> {
  return objective.space.read(weights);
}

/**
 * The F − F* that `tolerance` allows: tolerance · max(F*, 0.01). In terms of F = `value`, tolerance · F* is
 * tolerance · F / (1 + tolerance) at the limit.
 */
export function allowedDistance(value: number, tolerance: number): number {
  return tolerance * Math.max(value / (1 + tolerance), 0.01);
}
