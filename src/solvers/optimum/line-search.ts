/** Line search. F is convex, so the sign of its slope tells on which side of the minimum a point is. */
import type { Objective } from "../../engine/objective.js";
import type { Vector } from "../../engine/vectors.js";
import type { Sums } from "../../core/sums.js";
import type { Scaling } from "./method.js";

/**
 * F along w + t·p: at t = 0 scale·Σ losses and the slope of F, and the penalty's slope w·Λ·p (plus that of
 * l1, if any) and curvature p·Λ·p.
 */
export interface Line {
  readonly scale: number;
  readonly loss: number;
  readonly slope: number;
  readonly penaltySlope: number;
  readonly penaltyCurvature: number;
}

/** The line from w along p, given the sums of the losses at w and the slope of F along p. */
export async function lineAlong(
  objective: Objective,
  { scale }: Scaling,
  w: Vector,
  p: Vector,
  sums: Sums,
  slope: number,
): Promise<Line> {
  const [wp, pp] = await objective.space.products([
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

/** Wolfe's second condition, c₂: the slope must shrink to this fraction of the initial one. */
const FLAT = 0.1;
/** Most trials of one search. */
const TRIALS = 25;
/** Relative error of losses in f32: they are sums of logarithms that are right to about 2⁻²¹. */
const NOISE = 1e-6;
/** Most that t may grow by from one trial to the next, as a factor. */
const FURTHEST = 10;

export interface SearchOptions {
  /** Largest t, which is returned if F still falls there. Default: unlimited. */
  readonly most?: number;
  /**
   * Called with the t of the second trial where that is Newton's, since it is nearly always accepted. It may
   * queue the step to there, which is then answered together with the trial. Later trials begin there.
   */
  readonly onLikely?: (t: number) => void;
}

/**
 * Finds a t > 0 where F(w + t·p) is flat enough, by Newton's method from `first`, kept within the bounds that
 * slopes of either sign set. A trial takes no pass over X, and the first is answered together with the
 * request for the line. Returns undefined where f32 resolves no such t.
 */
export async function search(
  objective: Objective,
  asking: Line | Promise<Line>,
  first: number,
  { most = Infinity, onLikely }: SearchOptions = {},
): Promise<number | undefined> {
  let t = first;
  let at = 0; // where the objective's Z is
  let likely = false;
  let [low, high] = [0, Infinity]; // the slope is negative at low, positive at high
  for (let trial = 0; trial < TRIALS; trial++) {
    const answers = Promise.all([asking, objective.evaluateAlong([t - at])]);
    if (trial === 1 && likely && onLikely) {
      onLikely(t);
      at = t;
    }
    const [line, [{ loss, slope: lossSlope, curvature: lossCurvature }]] = await answers;
    const slope = line.scale * lossSlope + line.penaltySlope + t * line.penaltyCurvature;
    const curvature = line.scale * lossCurvature + line.penaltyCurvature;
    const rise = line.scale * loss + t * (line.penaltySlope + (t / 2) * line.penaltyCurvature) - line.loss;
    if (Number.isFinite(slope) && Math.abs(slope) <= -FLAT * line.slope) {
      if (slope <= 0 || rise <= NOISE * line.loss) return t;
    }
    if (slope < 0 && t === most) return t;
    if (slope < 0) low = t;
    else high = t; // or the slope is NaN: too far
    const newton = t - slope / curvature;
    const middle = high < Infinity ? (low + high) / 2 : FURTHEST * t;
    likely = newton > low && newton < high && newton < FURTHEST * t; // false where the slope is NaN
    t = likely ? newton : middle;
    if (t <= low || t >= high) return undefined;
  }
  return low > 0 ? low : undefined;
}
