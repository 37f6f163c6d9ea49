/** A way from point to point that lowers F: what the loop of the second-order solvers asks of L-BFGS, OWL-QN and Newton. */
import type { Objective } from "../../engine/objective.js";
import type { Product, Vector } from "../../engine/vectors.js";
import type { Sums } from "../../core/sums.js";
import type { FloatArray } from "../../core/rows.js";

/** F at the present weights. */
export interface Point {
  /** Sums of the losses, without the penalty. */
  readonly sums: Sums;
  /** F */
  readonly value: number;
  /** The largest |∂F/∂w|, or element of the smallest subgradient, in the units of the placement. */
  readonly gradientMax: number;
  /** The method's own guess of F − F*. It decides when another method takes over. */
  readonly guess: number;
  /** No less than F − F* where the quadratic model holds: solved for, not guessed. Undefined where it is not known. */
  readonly distance?: number;
  /** How far along its direction the last step went. */
  readonly step: number;
}

/** F = scale·Σ losses + the penalty. */
export interface Scaling {
  readonly scale: number;
}

/** F, where the losses add up to `sums` and `square` is w's product with itself. */
export function valueOf({ scale }: Scaling, sums: Sums, square: Product): number {
  return scale * sums.loss + square.penalised / 2;
}

/** A point whose distance from the minimum is solved for: undefined where it was not tried, infinite where it is not known. */
export function pointOf(point: Omit<Point, "guess" | "distance">, distance: number | undefined): Point {
  const known = distance !== undefined && distance < Infinity;
  return { ...point, guess: distance ?? Infinity, ...(known && { distance }) };
}

export interface Method {
  /** Passes over X so far. */
  readonly passes: number;
  /** It has taken as many passes as it may. */
  readonly spent?: boolean;
  readonly objective: Objective;
  /** (features + 1, classes) the present weights. */
  readonly weights: Vector;
  /** F at the present weights, computed afresh. */
  evaluate(): Promise<Point>;
  /** One iteration. Undefined where rounding hides any lower point. */
  iterate(from: Point): Promise<Point | undefined>;
}

/** (features + 1, classes) a copy of the method's present weights. */
export function readWeights({ objective, weights }: Method): Promise<FloatArray> {
  return objective.read(weights);
}

/** F − F* that `tolerance` allows: this part of F*, or of 0.01 where F* is smaller. */
export function allowedDistance(value: number, tolerance: number): number {
  return tolerance * Math.max(value / (1 + tolerance), 0.01);
}
