/** The rules by which full-batch training stops, as functions of a point and the options. */
import type { Sums } from "../../core/sums.js";
import type { Examples } from "../solver.js";
import { type Point, allowedDistance } from "./method.js";

/**
 * A method has stalled when for `STALLED` iterations F has not fallen by more than its relative rounding, and
 * neither the largest gradient nor the distance has reached a new low.
 */
const STALLED = 20;
const ROUNDING = 1e-7;

/** The options that the rules read. */
export interface StoppingSettings {
  readonly tolerance: number;
  readonly l1: number;
  readonly l2: number;
  readonly labelSmoothing: number;
}

/** The lowest values so far, and the points since any of them fell. */
export interface StallState {
  readonly value: number;
  readonly gradientMax: number;
  readonly distance: number;
  readonly points: number;
}

/** Detects when F, the largest gradient and the distance have all stopped falling. */
export class StallDetector {
  #lowest: StallState;

  constructor(from: StallState = { value: Infinity, gradientMax: Infinity, distance: Infinity, points: 0 }) {
    this.#lowest = from;
  }

  get state(): StallState {
    return this.#lowest;
  }

  observe({
    value,
    gradientMax,
    distance = Infinity,
  }: Pick<Point, "value" | "gradientMax" | "distance">): void {
    const lowest = this.#lowest;
    const fell =
      value < lowest.value - ROUNDING * Math.abs(value) ||
      gradientMax < lowest.gradientMax ||
      distance < lowest.distance;
    this.#lowest = {
      value: Math.min(lowest.value, value),
      gradientMax: Math.min(lowest.gradientMax, gradientMax),
      distance: Math.min(lowest.distance, distance),
      points: fell ? 0 : lowest.points + 1,
    };
  }

  get stalled(): boolean {
    return this.#lowest.points >= STALLED;
  }
}

/**
 * Tells whether a point meets the tolerance if F − F* is at most `distance`: F − F* ≤ tolerance · max(F*,
 * 0.01), or ≤ `enough`, and no gradient above the tolerance.
 */
export function meetsTolerance(
  { value, gradientMax }: Pick<Point, "value" | "gradientMax">,
  distance: number,
  tolerance: number,
  enough = 0,
): boolean {
  return gradientMax <= tolerance && distance <= Math.max(allowedDistance(value, tolerance), enough);
}

/**
 * Tells whether ever larger weights fit ever better: all rows are classified correctly, and no penalty or
 * soft target bounds the weights. Such a training never converges. With offsets, which do not grow with the
 * weights, correct rows do not tell.
 */
export function isSeparable(
  { hits, weight }: Pick<Sums, "hits" | "weight">,
  { soft, offsets }: Pick<Examples, "soft" | "offsets">,
  { l1, l2, labelSmoothing }: Omit<StoppingSettings, "tolerance">,
): boolean {
  return l1 === 0 && l2 === 0 && labelSmoothing === 0 && !soft && !offsets && hits === weight;
}

/**
 * The fraction done, by iterations or by the log of the largest gradient on its way to the tolerance,
 * whichever is more. At most 0.99: only the end is 1.
 */
export function fractionDone(
  iterations: number,
  first: Pick<Point, "gradientMax">,
  point: Pick<Point, "gradientMax">,
  tolerance: number,
): number {
  const way = Math.log(first.gradientMax / tolerance);
  const done = Math.log(first.gradientMax / point.gradientMax);
  return Math.min(0.99, Math.max(iterations, way > 0 ? done / way : 0));
}
