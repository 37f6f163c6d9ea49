/**
 * The oracle of the convergence tests: finds the minimum of a fit's objective by a damped proximal Newton's
 * method with the full Hessian, in f64. It shares no code with the solvers that it judges.
 */
import { DenseObjective, type DenseProblem } from "./dense-objective.js";
import { minimiseQuadratic } from "./l1-quadratic.js";

export interface DenseMinimum {
  /** F*, or the limit of F where there is no minimum. */
  readonly value: number;
  /** The minimum's location, as a point of DenseObjective's variables. */
  readonly at: Float64Array;
  /** Bound on how much lower the minimum may be, including what rounding hides. */
  readonly error: number;
  /** The Newton decrement at the end: how much the quadratic model, l1 included, could still fall. */
  readonly decrement: number;
  /**
   * The largest violation of the optimality conditions, for features of deviation 1: |∂F/∂v|, or with l1 the
   * distance from 0 to the subdifferential.
   */
  readonly violation: number;
  /** False where ever larger weights keep lowering F, as for separable classes without a penalty. */
  readonly exists: boolean;
  readonly iterations: number;
}

const ITERATIONS = 200;
/** Differences of F below this part of F are rounding errors. */
const ROUNDING = 1e-13;
/** The search ends when the decrement is below this part of F. */
const NEGLIGIBLE = 1e-17;
/**
 * Ridge on the Hessian's diagonal, relative to it and times the number of variables, so that steps in
 * directions without curvature are not rounding noise.
 */
const RIDGE = 2 ** -50;
/** A last step that changes logits by more than this leads to infinity, not to a minimum. */
const GROWING = 0.1;

export function denseMinimum(problem: DenseProblem): DenseMinimum {
  const objective = new DenseObjective(problem);
  const { columns, classes } = objective;
  const thresholds = Float64Array.from({ length: classes * columns }, (_, i) => objective.l1[i % columns]);
  const isFree = (j: number) => objective.l1[j] === 0 && objective.l2[j] === 0;
  const used = columns - Number(problem.intercept);
  const free = Array.from({ length: used }, (_, j) => j).filter(isFree).length;
  // A class without rows, whose intercept would be −∞, where nothing has a penalty
  const missing = classes < problem.classes && free === used;
  let v: Float64Array = new Float64Array(classes * columns);
  let best = { value: objective.value(v), at: v, decrement: Infinity, violation: Infinity };
  let exists = true;
  let iteration = 0;
  // Decrements that shrink by a constant factor, as in nearly flat directions, sum to a geometric series.
  let previous = Infinity;
  let remaining = Infinity;
  for (let stalled = 0; iteration < ITERATIONS && stalled < 8; iteration++) {
    // 1. Minimise the quadratic model about v, l1 included.
    const { value, gradient, hessian } = objective.at(v);
    fixShifts(hessian, objective);
    for (let i = 0; i < v.length; i++) hessian[i * (v.length + 1)] *= 1 + v.length * RIDGE;
    const size = Math.max(value, 0.01);
    const { minimum, decrease } = minimiseQuadratic(
      { hessian, gradient, thresholds, from: v },
      NEGLIGIBLE * size,
    );
    // 2. Keep the best point so far: by F where it differs by more than rounding, otherwise by the decrement.
    const certain = value < best.value - ROUNDING * size;
    const better = certain || (value < best.value + ROUNDING * size && decrease < 0.5 * best.decrement);
    stalled = better || decrease > ROUNDING * size ? 0 : stalled + 1;
    if (better) remaining = decrease / (1 - Math.min(decrease / previous, 0.999));
    previous = decrease;
    if (better) best = { value, at: v, decrement: decrease, violation: violationOf(v, gradient, thresholds) };
    exists = free === 0 || (!missing && stepInLogits(objective, v, minimum) < GROWING);
    if (decrease <= NEGLIGIBLE * size) break;
    // 3. Step toward the model's minimum so that F falls enough, or the whole way where rounding hides that.
    const next = shortened(objective, v, minimum, value, decrease, ROUNDING * size);
    if (!next) break;
    v = next;
  }
  const rounding = 4e-15 * Math.max(best.value, 0.01) + 4e-16 * Math.log(classes);
  return { ...best, error: 4 * remaining + rounding, exists, iterations: iteration };
}

/** Backtracks from `to` until F has fallen enough. Undefined where no step lowers F. */
function shortened(
  objective: DenseObjective,
  from: Float64Array,
  to: Float64Array,
  value: number,
  decrease: number,
  rounding: number,
): Float64Array | undefined {
  for (let t = 1; t > 1e-12; t /= 2) {
    const tried = t === 1 ? to : from.map((one, i) => one + t * (to[i] - one));
    if (objective.value(tried) <= value - 0.01 * t * decrease + Math.min(rounding, decrease)) return tried;
  }
  return undefined;
}

/**
 * Adds curvature along a shift of all classes' weights of a column, which does not change the softmax. Only
 * for columns without l1: their gradient along the shift is 0 at the start and stays 0.
 */
function fixShifts(hessian: Float64Array, { columns, classes, l1 }: DenseObjective): void {
  const size = columns * classes;
  for (let j = 0; j < columns; j++) {
    if (l1[j] > 0) continue;
    let curvature = 0;
    for (let k = 0; k < classes; k++)
      curvature = Math.max(curvature, hessian[(k * columns + j) * (size + 1)]);
    for (let k = 0; k < classes; k++) {
      for (let l = 0; l < classes; l++)
        hessian[(k * columns + j) * size + l * columns + j] += curvature / classes;
    }
  }
}

function violationOf(v: Float64Array, gradient: Float64Array, thresholds: Float64Array): number {
  return gradient.reduce((most, g, i) => {
    const away =
      v[i] === 0 ? Math.max(0, Math.abs(g) - thresholds[i]) : Math.abs(g + thresholds[i] * Math.sign(v[i]));
    return Math.max(most, away);
  }, 0);
}

/** The largest change of the difference between two logits of one row. */
function stepInLogits(objective: DenseObjective, from: Float64Array, to: Float64Array): number {
  const { classes } = objective;
  const z = objective.logits(to.map((one, i) => one - from[i]));
  let most = 0;
  for (let first = 0; first < z.length; first += classes) {
    const row = z.subarray(first, first + classes);
    most = Math.max(most, row.reduce((a, b) => Math.max(a, b)) - row.reduce((a, b) => Math.min(a, b)));
  }
  return most;
}
