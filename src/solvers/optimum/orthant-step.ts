/**
 * A step that stops weights at 0 instead of letting them change sign (after Andrew & Gao 2007). Between its
 * ends the l1 penalty is linear, so a search along it takes no pass over X, and at its far end stopped
 * weights are exactly 0.
 *
 * Where stopped weights take away more than half of the slope, the direction is halved. Along a short
 * direction only weights stop that are already 0, and they would have gone uphill or are held by l1.
 */
import type { Objective } from "../../engine/objective.js";
import { plus } from "../../engine/terms.js";
import type { Vector } from "../../engine/vectors.js";
import type { Sums } from "../../core/sums.js";
import type { Line } from "./line-search.js";
import type { Scaling } from "./method.js";

/** A step within the orthant must keep this fraction of the direction's slope. */
const KEPT = 0.5;
/** Most halvings of a direction. */
const SHORTER = 30;

export interface OrthantVectors {
  readonly w: Vector;
  /** The smallest subgradient, and the gradient without l1. */
  readonly d: Vector;
  readonly gradient: Vector;
  /** The direction, halved in place. */
  readonly p: Vector;
  /** Receives the step. */
  readonly step: Vector;
}

/**
 * Sets the step and ΔZ along it, and returns the line. `slope` is d·p, `sums` the losses at w. Returns
 * undefined where no step goes downhill.
 */
export async function orthantStep(
  objective: Objective,
  { scale }: Scaling,
  { w, d, gradient, p, step }: OrthantVectors,
  slope: number,
  sums: Sums,
): Promise<Line | undefined> {
  const { space } = objective;
  for (let [trial, promised] = [0, slope]; trial < SHORTER && promised < 0; trial++, promised /= 2) {
    space.orthant(step, w, p, d);
    space.combine(step, plus(step, -1, w));
    const [whole, smooth, ws, ss] = await space.products([
      [d, step],
      [gradient, step],
      [w, step],
      [step, step],
    ]);
    if (whole.sum <= KEPT * promised) {
      objective.setDirection(step);
      return {
        scale,
        loss: scale * sums.loss,
        slope: whole.sum,
        // The slope of the l1 penalty is the subgradient's along the step less the gradient's.
        penaltySlope: ws.penalised + whole.sum - smooth.sum,
        penaltyCurvature: ss.penalised,
      };
    }
    space.combine(p, [[0.5, p]]);
  }
  return undefined;
}
