/** Where to stop along a direction. F is convex, so its slope alone says on which side of the minimum a point is. */
import type { Objective } from "../../engine/objective.js";
import type { Vector } from "../../engine/vectors.js";
import type { Sums } from "../../core/sums.js";
import type { Scaling } from "./method.js";

/** A line: scale·Σ losses and F's slope where it begins, and the penalty's slope and curvature, w·Λ·p and p·Λ·p. */
export interface Line {
  readonly scale: number;
  readonly loss: number;
  readonly slope: number;
  readonly penaltySlope: number;
  readonly penaltyCurvature: number;
}

/** The line from w, where Σ losses and F's slope along p are known. */
export async function lineAlong(
  objective: Objective,
  { scale }: Scaling,
  w: Vector,
  p: Vector,
  sums: Sums,
  slope: number,
): Promise<Line> {
  const [wp, pp] = await objective.products([
    [w, p],
    [p, p],
  ]);
  return {
    scale,
    loss: scale * sums.loss,
    slope,
    penaltySlope: wp.penalised,
    penaltyCurvature: pp.penalised,
  };
}

/** A point is good when its slope is at most this part of the first one: Wolfe's second condition, c₂. */
const FLAT = 0.1;
/** Trials of one search. */
const TRIALS = 25;
/** Of losses in f32: they are sums of logarithms that are right to about 2⁻²¹. */
const NOISE = 1e-6;
/** No trial is further from the last one than this many times. */
const FURTHEST = 10;

/**
 * The t > 0 where F(w + t·p) is flat enough, from `first` on, by Newton's method between the bounds that slopes of
 * either sign set. A trial costs no pass over X, and the first is answered together with what is asked for the line. No t is
 * above `most`, where F may still fall. Undefined where f32 finds none.
 */
export async function search(
  objective: Objective,
  asking: Line | Promise<Line>,
  first: number,
  most = Infinity,
): Promise<number | undefined> {
  let t = first;
  let [low, high] = [0, Infinity]; // the slopes there are negative and positive
  for (let trial = 0; trial < TRIALS; trial++) {
    const [line, [{ loss, slope: lossSlope, curvature: lossCurvature }]] = await Promise.all([
      asking,
      objective.trials([t]),
    ]);
    const slope = line.scale * lossSlope + line.penaltySlope + t * line.penaltyCurvature;
    const curvature = line.scale * lossCurvature + line.penaltyCurvature;
    const rise = line.scale * loss + t * (line.penaltySlope + (t / 2) * line.penaltyCurvature) - line.loss;
    if (Number.isFinite(slope) && Math.abs(slope) <= -FLAT * line.slope) {
      if (slope <= 0 || rise <= NOISE * line.loss) return t;
    }
    if (slope < 0 && t === most) return t;
    if (slope < 0) low = t;
    else high = t; // or not a number: too far
    const newton = t - slope / curvature;
    const middle = high < Infinity ? (low + high) / 2 : FURTHEST * t;
    t = newton > low && newton < high && newton < FURTHEST * t ? newton : middle;
    if (t <= low || t >= high) return undefined;
  }
  return low > 0 ? low : undefined;
}
