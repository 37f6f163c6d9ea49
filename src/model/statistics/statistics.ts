/** Standard errors, z and p-values of a model's coefficients, from the Hessian at its optimum. */
import { yieldIfDue } from "../../core/event-loop.js";
import { factorise, inverse, quadratic, solve } from "../../math/cholesky.js";
import type { Label } from "../../data/labels.js";
import { range } from "../../core/random.js";
import { standardUnits } from "../../data/units.js";
import { type FloatArray, type Rows, weighedRows } from "../../core/rows.js";
import { logits } from "../../math/passes.js";
import { DataError, OptionError } from "../../core/errors.js";
import { notNegative, ofType, parseNamed } from "../../core/checks.js";
import { type Affine, affineOf, featureBlock } from "./affine.js";
import type { ModelParts } from "../parts.js";
import { blocks } from "../../math/row-blocks.js";
import { checkIndependent, checkPresent } from "./identified.js";
import { derivatives, gram } from "./information.js";
import { twoSided } from "../../math/normal.js";

/** Options of `model.statistics`: how the model was trained, where the model itself does not say it. */
export interface StatisticsOptions {
  /**
   * The l2 that the model was trained with: l2/2·‖W‖² on the mean objective, without the intercept. Default:
   * that of the model's options, or 0. A model trained with C has l2 = 1/(C · total weight).
   */
  readonly l2?: number | undefined;
  /** True where the model was trained with an intercept. Default: as the model's options say, or true. */
  readonly intercept?: boolean | undefined;
}

/**
 * Coefficients of a model and how far they can be trusted. Softmax does not change when one vector is added
 * to the weights of all classes, so only differences between classes are identified: the coefficients are
 * w_k − w_0, against the first class.
 *
 * All arrays are (features + 1, K − 1) for K classes, row by row, with the intercepts in the last row, or
 * (features, K − 1) without an intercept. The intercept of a model with an origin is the logit there.
 */
export interface Statistics<L extends Label = Label> {
  /** The model's first class. */
  readonly baseline: L;
  /** The other classes, which are the columns of the arrays. */
  readonly classes: readonly L[];
  /** w_k − w_0. */
  readonly coefficients: Float64Array;
  /** Square roots of the diagonal of the covariance H⁻¹·I·H⁻¹. */
  readonly standardErrors: Float64Array;
  /** Coefficient ÷ standard error. */
  readonly z: Float64Array;
  /**
   * p-value: probability of |z| at least this large if the coefficient were 0. Two-sided, from the normal
   * distribution.
   */
  readonly p: Float64Array;
}

/**
 * The largest number of coefficients over all classes. A matrix of that size takes 128 MB, four are needed,
 * and the work takes minutes.
 */
const MOST_COEFFICIENTS = 4000;

/**
 * Pivots below this count as 0, in a matrix scaled to a diagonal near 1. Above it about six digits are right.
 */
const LEAST_PIVOT = 1e-10;

/**
 * The largest Newton step accepted at the optimum: in standard errors of a coefficient, and as a change of a
 * logit.
 */
const NEAR = 0.1;

/**
 * Computes the statistics of a model that was trained on `rows` to its optimum.
 *
 * I = Σ weight·(diag(s) − s⊗s) ⊗ ([x, 1]⊗[x, 1]) is the Fisher information of the rows, where a row of weight
 * n counts as n rows, and H = I + the second derivative of the penalty. The covariance is H⁻¹·I·H⁻¹; without
 * a penalty, I⁻¹.
 *
 * Throws a DataError where the data do not identify a coefficient, or where the weights are not the optimum.
 */
export async function statistics<L extends Label>(
  given: Rows,
  parts: ModelParts<L>,
  options: StatisticsOptions,
): Promise<Statistics<L>> {
  const how = trainedAs(parts, options);
  const { l2, intercept, smoothing, classWeight } = how;
  const rows = classWeight ? weighedBy(given, classWeight) : given;
  const { classes } = parts;
  const model = affineOf(parts);
  const { weights, origin } = model;
  const k = classes.length;
  const width = rows.features + (intercept ? 1 : 0);
  const size = (k - 1) * width;
  check(rows, weights, k * width, intercept);
  checkPresent(rows, classes, l2, intercept);

  // Scale features to a length of 1, so that pivots do not depend on their units.
  const products = gram(rows, width, origin);
  const lengths = Float64Array.from({ length: width }, (_, d) => Math.sqrt(products[d * width + d]));
  scale(products, width, lengths);
  if (l2 === 0) checkIndependent(products, width, rows, LEAST_PIVOT);

  const { gradient, information, allRight } = await derivatives(rows, model, width, smoothing);
  if (l2 === 0 && allRight) throw separable(`the model is right on all ${rows.count} rows`);
  const coefficients = contrasts(weights, k, width);
  const penalties = await penaltiesOf(rows, how);
  const hessian = information.slice();
  penalise(hessian, gradient, coefficients, penalties, width);
  scale(information, size, lengths);
  scale(hessian, size, lengths);
  if (factorise(hessian, size, LEAST_PIVOT) >= 0) throw separable("its probabilities are as good as 0 and 1");

  const step = gradient.map((slope, i) => slope / lengths[i % width]);
  solve(hessian, size, step);
  const errors = await deviations(hessian, information, size);
  for (let i = 0; i < size; i++) {
    step[i] /= lengths[i % width];
    errors[i] /= lengths[i % width];
  }
  checkOptimum(rows, step, errors, model, width, l2);

  const z = coefficients.map((value, i) => value / errors[i]);
  const table = (values: Float64Array) => byFeature(values, k - 1, width);
  return {
    baseline: classes[0],
    classes: classes.slice(1),
    coefficients: table(coefficients),
    standardErrors: table(errors),
    z: table(z),
    p: table(z.map(twoSided)),
  };
}

function totalWeight({ weights, count }: Rows): number {
  return weights ? Float64Array.from(weights).reduce((a, b) => a + b, 0) : count;
}

const CHECKS = { l2: notNegative, intercept: ofType("boolean", "true or false") };

/** How a model was trained, as far as its optimum depends on it. */
interface TrainedAs extends Required<StatisticsOptions> {
  readonly l2: number;
  readonly intercept: boolean;
  readonly standardize: boolean;
  /** ε of label smoothing. */
  readonly smoothing: number;
  /** (classes) factors of the weights of rows. */
  readonly classWeight?: readonly number[];
  /** (features) factors of the penalty. */
  readonly penaltyFactors?: readonly number[];
}

/** Reads it from the given options and those of the model. Throws a DataError for a training with l1. */
function trainedAs({ options: own, classes, features }: ModelParts, options: StatisticsOptions): TrainedAs {
  const given = parseNamed(options, CHECKS);
  const numberOf = (name: string) => (typeof own[name] === "number" ? own[name] : 0);
  if (numberOf("l1") > 0) {
    throw new DataError(
      `The model was trained with l1 = ${numberOf("l1")}, where weights that are 0 have no standard errors: train without l1.`,
    );
  }
  const numbersOf = (name: string, length: number) => {
    const given = own[name];
    const numbers = Array.isArray(given) ? given.filter((one) => typeof one === "number") : [];
    return numbers.length === length ? { [name]: numbers } : {};
  };
  return {
    l2: given.l2 ?? numberOf("l2"),
    intercept: given.intercept ?? own["intercept"] !== false,
    standardize: own["standardize"] === true,
    smoothing: numberOf("labelSmoothing"),
    ...numbersOf("classWeight", classes.length),
    ...numbersOf("penaltyFactors", features),
  };
}

/** Multiplies the weight of each row by the factor of its class. */
function weighedBy(rows: Rows, factors: readonly number[]): Rows {
  const weights = Float64Array.from(rows.labels, (label, row) => factors[label] * (rows.weights?.[row] ?? 1));
  return weighedRows({ ...rows, weights });
}

/**
 * (features) the penalty of each feature on the sum of the losses: with `standardize` that of a weight of the
 * standardised one, w̃ = w·unit.
 */
async function penaltiesOf(
  rows: Rows,
  { l2, standardize, intercept, penaltyFactors }: TrainedAs,
): Promise<Float64Array> {
  const penalty = l2 * totalWeight(rows);
  const units = standardize ? await standardUnits(rows, range(rows.count), intercept) : undefined;
  return Float64Array.from(
    { length: rows.features },
    (_, d) => penalty * (penaltyFactors?.[d] ?? 1) * (units ? units.unit[d] ** 2 : 1),
  );
}

function check(rows: Rows, weights: FloatArray, count: number, intercept: boolean): void {
  if (count > MOST_COEFFICIENTS) {
    throw new DataError(
      `Statistics need the Hessian of all ${count} coefficients, and are for at most ${MOST_COEFFICIENTS}: use fewer features.`,
    );
  }
  const bias = weights.subarray(rows.features * (weights.length / (rows.features + 1)));
  if (!intercept && bias.some((one) => one !== 0)) {
    throw new OptionError("intercept is false, but the model's bias is not 0: it was trained with one.");
  }
}

/** Divides each a[i, j] of the lower triangle by lengthᵢ·lengthⱼ. `lengths` repeat from class to class. */
function scale(a: Float64Array, size: number, lengths: Float64Array): void {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) a[i * size + j] /= lengths[i % lengths.length] * lengths[j % lengths.length];
  }
}

/** Returns w_k − w_0 of each class k ≥ 1, class by class. weights: (width or more, classes) */
function contrasts(weights: FloatArray, classes: number, width: number): Float64Array {
  return Float64Array.from({ length: (classes - 1) * width }, (_, i) => {
    const [k, d] = [Math.floor(i / width) + 1, i % width];
    return weights[d * classes + k] - weights[d * classes];
  });
}

/**
 * Adds the derivatives of Σ_d penalties[d]/2·‖w_d‖². At the optimum W sums to zero over the classes, so for
 * each feature ‖w_d‖² is Σ θ_k² − (Σ θ_k)²/K of the contrasts θ.
 */
function penalise(
  hessian: Float64Array,
  gradient: Float64Array,
  contrasts: Float64Array,
  penalties: FloatArray,
  width: number,
): void {
  const size = gradient.length;
  const classes = size / width + 1;
  for (let d = 0; d < penalties.length; d++) {
    for (let i = d; i < size; i += width) {
      for (let j = d; j < size; j += width) {
        const second = penalties[d] * ((i === j ? 1 : 0) - 1 / classes);
        hessian[i * size + j] += second;
        gradient[i] += second * contrasts[j];
      }
    }
  }
}

/**
 * Returns the square roots of the diagonal of H⁻¹·I·H⁻¹, from the Cholesky factor of H and the lower triangle
 * of I.
 */
async function deviations(
  factor: Float64Array,
  information: Float64Array,
  size: number,
): Promise<Float64Array> {
  const columns = await inverse(factor, size);
  const roots = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    roots[i] = Math.sqrt(quadratic(information, size, columns.subarray(i * size, (i + 1) * size)));
    await yieldIfDue();
  }
  return roots;
}

/** Throws a DataError if a Newton step is longer than rounding and a solver's tolerance explain. */
function checkOptimum(
  rows: Rows,
  step: Float64Array,
  errors: Float64Array,
  { classes, origin }: Affine,
  width: number,
  l2: number,
): void {
  const deviation = step.reduce((most, value, i) => Math.max(most, Math.abs(value) / errors[i]), 0);
  const weights = new Float64Array((rows.features + 1) * classes);
  step.forEach((value, i) => (weights[(i % width) * classes + Math.floor(i / width) + 1] = value));
  let change = 0;
  for (const block of blocks(rows, classes)) {
    const moved = logits(featureBlock(rows, block, origin), range(block.length), weights, classes);
    change = moved.reduce((most, one) => Math.max(most, Math.abs(one)), change);
  }
  if (deviation <= NEAR && change <= NEAR) return;
  throw new DataError(
    `The weights are not the optimum for these rows with l2 = ${l2}: a Newton step moves a coefficient by ${deviation.toPrecision(2)} standard errors ` +
      `and a logit by ${change.toPrecision(2)}, where ${NEAR} is close enough. Train on the same rows with the same l2, to a lower tolerance, ` +
      "and if it was trained with a fraction for validation, pass the other rows alone. " +
      "Where that does not help, some classes are separable, and there is no optimum without a larger l2.",
  );
}

function separable(sign: string): DataError {
  return new DataError(
    `The classes are separable, as ${sign}: there is no optimum but what a penalty makes. Train with a larger l2, and pass it here.`,
  );
}

/** Reorders values from class by class to feature by feature: (classes, width) → (width, classes). */
function byFeature(values: Float64Array, classes: number, width: number): Float64Array {
  return values.map((_, i) => values[(i % classes) * width + Math.floor(i / classes)]);
}
