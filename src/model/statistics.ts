/** How far the coefficients of a fitted model can be trusted: standard errors, z and p-values, from the Hessian. */
import type { Label } from "../data/labels.js";
import type { FloatArray, Rows } from "../engine/engine.js";
import { DataError, OptionError } from "../errors.js";
import { logitBlocks } from "./blocks.js";
import { factorise, quadratic, solve } from "./cholesky.js";
import { type Derivatives, derivatives } from "./information.js";
import { twoSided } from "./normal.js";
import { checkIdentified, whySingular } from "./identified.js";

export interface StatisticsOptions {
  /** The l2 that the model was trained with: l2/2·‖W‖² on the mean objective, without the intercept. Default 0. */
  readonly l2?: number;
  /** Whether the model was trained with an intercept. Default true. */
  readonly intercept?: boolean;
}

/**
 * The coefficients are contrasts w_k − w_0 against the first class: softmax is the same when one vector is added to the
 * weights of all classes, so only differences are known. All arrays are (features + 1, classes), row by row, the last
 * row the intercept's; (features, classes) without one.
 */
export interface Statistics<L extends Label = Label> {
  /** The first of the model's classes, which the others are compared with. */
  readonly baseline: L;
  /** The others: the columns. */
  readonly classes: readonly L[];
  readonly coefficients: Float64Array;
  readonly standardErrors: Float64Array;
  /** coefficient ÷ standard error */
  readonly z: Float64Array;
  /** Two-sided, from the normal distribution: the chance of a |z| as large if the coefficient were 0. */
  readonly p: Float64Array;
}

/** Coefficients of all classes for which the Hessian is made: it is 128 MB, and a minute's work, at the most. */
const MOST_COEFFICIENTS = 4000;

/** Pivots of the scaled Hessian that are as good as 0: below, its inverse would have fewer than about six digits. */
const LEAST_PIVOT = 1e-10;

/** How far from the optimum the weights may be: in standard errors of a coefficient, and in any row's logits. */
const NEAR = 0.1;

/**
 * I = Σ weight·(diag(s) − s⊗s) ⊗ ([x, 1]⊗[x, 1]) is the Fisher information of the rows, a weight counting as so many equal
 * rows, and H = I + the penalty's second derivative. The covariance is H⁻¹·I·H⁻¹, which is I⁻¹ without a penalty.
 *
 * weights: (features + 1, classes). Throws a DataError where there is no optimum, or where the weights are far from it.
 */
export function statistics<L extends Label>(
  rows: Rows,
  weights: FloatArray,
  classes: readonly L[],
  { l2 = 0, intercept = true }: StatisticsOptions,
): Statistics<L> {
  if (!(l2 >= 0 && l2 < Infinity)) throw new OptionError(`l2 is ${l2}, and must be a finite number ≥ 0.`);
  const width = rows.features + (intercept ? 1 : 0);
  const count = classes.length * width;
  if (count > MOST_COEFFICIENTS) {
    throw new DataError(
      `Statistics need the Hessian of all coefficients, and ${classes.length} classes × ${width} are ${count}: ` +
        `at most ${MOST_COEFFICIENTS} are computed. Use fewer features.`,
    );
  }
  if (!intercept && weights.subarray(rows.features * classes.length).some((bias) => bias !== 0)) {
    throw new OptionError("intercept is false, but the model has one: its bias is not 0. Leave the option out.");
  }
  checkIdentified(rows, classes, l2, intercept);

  const found = derivatives(rows, weights, classes.length, width);
  if (l2 === 0 && found.allRight) {
    throw new DataError(
      `The model is right on all ${rows.count} rows: the classes are separable, and without a penalty the weights grow ` +
        "for ever, so there is no optimum to give errors of. Train with l2 and pass it here.",
    );
  }
  return { baseline: classes[0], classes: classes.slice(1), ...inference(rows, weights, classes.length, width, l2, found) };
}
