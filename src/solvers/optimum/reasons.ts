/** Why full-batch training ended: a code for programs, and a text for people. */
import type { ReasonCode } from "../../core/progress.js";
import type { Point } from "./method.js";

/** How a training ended. */
export interface End {
  readonly code: ReasonCode;
  readonly text: string;
}

const SEPARABLE =
  "the classes are separable and there is no penalty, so that ever larger weights fit ever better: give l2 or C";

const MAY_BE_SEPARABLE =
  "all rows are right and there is no penalty, so there may be no minimum: give l2 or C";

export function converged(point: Point, distance: number, tolerance: number): End {
  return {
    code: "converged",
    text: `${standing({ ...point, distance })}: within tolerance ${shown(tolerance, 3)}`,
  };
}

/** The weights as the model has them are farther from the minimum, by `lost`, than the tolerance allows. */
export function lostDigits(point: Point, distance: number, lost: number): End {
  const text =
    `${standing({ ...point, distance })}, but rounding its weights to f32 raises it by ` +
    `${shown(lost / point.value, 1)} of itself: take a mean off the features, or train with an intercept`;
  return { code: "rounded-weights", text };
}

export function outOfPatience(patience: number): End {
  return { code: "patience", text: `no lower validation loss for ${patience} iterations` };
}

export function aborted(iteration: number): End {
  return { code: "aborted", text: `aborted after iteration ${iteration}` };
}

interface Unfinished {
  readonly maxIterations: number;
  readonly separable: boolean;
  /** Whether all rows are right and there is no penalty, but offsets may have a part in it. */
  readonly mayBeSeparable: boolean;
}

/** All iterations are done, or no method goes further. */
export function unfinished(
  cause: "max-iterations" | "rounding" | "unknown-distance" | "stalled",
  point: Point,
  { maxIterations, separable, mayBeSeparable }: Unfinished,
): End {
  const causes = {
    "max-iterations": `all ${maxIterations} iterations are done, and `,
    rounding: "rounding hides any lower point: ",
    "unknown-distance": "how near F is to its minimum took more passes to find out than the training: ",
    stalled: "L-BFGS and Newton's method both stalled: ",
  };
  const text = `${causes[cause]}${standing(point)}`;
  if (separable) return { code: "separable", text: `${SEPARABLE}; ${text}` };
  return { code: cause, text: mayBeSeparable ? `${text}; ${MAY_BE_SEPARABLE}` : text };
}

/** Says how large the gradient is, and how near F is to its minimum where that is known. */
function standing({ gradientMax, distance, value }: Point): string {
  const gradient = `the largest gradient is ${shown(gradientMax, 2)}`;
  if (distance === undefined) return gradient;
  const known = Math.min(distance, value); // F* is not below 0
  const part = known / Math.max(value - known, 0.01);
  return `${gradient}, and F within about ${shown(part, 1)} of its minimum`;
}

/** Formats a number with `digits` significant digits: 0.012, 7.8e-6. */
function shown(value: number, digits: number): string {
  const rounded = Number(value.toPrecision(digits));
  return value === 0 || value >= 1e-3 ? String(rounded) : rounded.toExponential();
}
