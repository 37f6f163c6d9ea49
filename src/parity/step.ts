/**
 * Parity: what the passes of a training computed, held against the f64 reference, element by element.
 *
 * Each stage is replayed in f64 from the inputs that the engine itself had (its logits for the residual, its
 * residual for the gradient), and its error is divided by a bound derived from the arithmetic, never by a
 * chosen tolerance: ρ = error / bound. An engine that computes what it says stays below 1, usually far below.
 *
 * The bounds follow Higham, Accuracy and Stability of Numerical Algorithms (2002), ch. 3, with the accuracy
 * that WGSL promises (W3C, WGSL, 15.7 Floating Point Evaluation): u = 2⁻²³ an operation (either direction of
 * rounding), division 2.5 ulp, exp (3 + 2|x|) ulp, log 3 ulp or 2⁻²¹ absolute near 1, and results below 2⁻¹²⁶
 * flushed to zero.
 */
import { type Parity, maxOrInfinity } from "./stages.js";
import type { Passes, DescentProblem } from "../engine/descent.js";
import { type FloatArray, type Rows, absolute, selectInF64 } from "../core/rows.js";
import { range } from "../core/random.js";
import { gradient, offsetLogits, residual, targetsOf } from "../math/passes.js";
import { type FactorOf, factorsIn, update } from "../engine/reference/update.js";

/** u: relative error of one f32 operation. */
export const U = 2 ** -23;
/** Smallest normal f32: smaller results may be flushed to zero. */
export const TINY = 2 ** -126;

/** Checks all passes of one step. */
export function parityOf(passes: Passes, data: Rows, problem: DescentProblem): Parity {
  const batch = selectInF64(data, passes.rows);
  const stages = {
    logits: logitsParity(passes, batch, problem),
    ...residualParity(passes, batch, problem),
    gradient: gradientParity(passes, batch, problem),
    update: updateParity(passes, problem),
  };
  return { rho: Math.max(...Object.values(stages)), stages, steps: 1, examples: passes.rows.length };
}

/** γₙ = nu/(1 − nu): the relative error of n successive roundings (Higham, 3.1). No bound from nu = 1 on. */
export function gamma(n: number): number {
  return n * U < 1 ? (n * U) / (1 - n * U) : Infinity;
}

/**
 * Error ÷ bound of the logits: |Δz| ≤ γ·(|x|·|W| + |b| + |o|). Reading a feature from a byte and scaling it
 * takes four more roundings, an offset two: its own and that of the sum.
 */
export function logitsParity(
  { before, logits: found }: Passes,
  data: Rows,
  { classes }: DescentProblem,
): number {
  const rows = range(data.count);
  const exact = offsetLogits(data, rows, before.weights, classes);
  const size = offsetLogits(absolute(data), rows, before.weights.map(Math.abs), classes);
  const g = gamma(data.features + 1 + 4 + (data.offsets ? 2 : 0));
  return ratio(found, exact, (i) => g * size[i] + TINY * (data.features + 1));
}

/** Error ÷ bound of the residual and the losses, given the engine's own logits. */
export function residualParity(
  { logits: z, residual: found, losses }: Passes,
  data: Rows,
  { classes, smoothing }: DescentProblem,
): { residual: number; loss: number } {
  const exact = residual(data, range(data.count), Float64Array.from(z), classes, smoothing);
  const bounds = residualBounds(data, z, classes, smoothing);
  return {
    residual: ratio(found, exact.residual, (i) => bounds.residual[i]),
    loss: ratio(losses, exact.losses, (n) => bounds.losses[n]),
  };
}

/**
 * With d = z − max, the relative error of p = softmax(z) is at most u(3|d| + 3Σp|d| + 8.5 + h), where h is
 * the number of additions behind Σ exp d. `spread` is Σp|d| ≤ ln K. z, p, relative: (classes)
 */
export function softmaxBounds(z: Float64Array): {
  readonly p: Float64Array;
  readonly relative: Float64Array;
  readonly spread: number;
} {
  const max = z.reduce((a, b) => Math.max(a, b), -Infinity);
  const p = Float64Array.from(z, (zk) => Math.exp(zk - max));
  const sum = p.reduce((a, b) => a + b, 0);
  p.forEach((power, k) => (p[k] = power / sum));
  const spread = p.reduce((total, pk, k) => total + pk * (max - z[k]), 0);
  const h = Math.ceil(z.length / 4) + 2;
  return { p, spread, relative: p.map((_, k) => U * (3 * (max - z[k]) + 3 * spread + 8.5 + h)) };
}

/**
 * Error bounds of r = weight·(p − t) and ℓ = log Σ exp d − Σ t·d, given these logits. One-hot labels are
 * exact. Other targets have four roundings, as they are read, scaled by 1 − ε and added to ε/K, and their
 * product with the weight has another. Σ t·d, whose terms have one sign, has those four, those of d, of each
 * product, of the maximum that a tile of classes subtracts once more, and of up to K additions in any order.
 */
export function residualBounds(
  data: Rows,
  z: FloatArray,
  classes: number,
  smoothing = 0,
): { readonly residual: Float64Array; readonly losses: Float64Array } {
  const residuals = new Float64Array(z.length);
  const losses = new Float64Array(data.count);
  const targets = new Float64Array(classes); // of one row
  const exact = smoothing === 0 && !data.targets;
  const targetRoundings = exact ? 0 : 5;
  const meanRoundings = exact ? 1 : classes + 7;
  for (let n = 0; n < data.count; n++) {
    const weight = data.weights ? data.weights[n] : 1;
    const row = Float64Array.from(z.subarray(n * classes, (n + 1) * classes));
    const { p, relative, spread } = softmaxBounds(row);
    const max = row.reduce((a, b) => Math.max(a, b), -Infinity);
    targetsOf(data, n, smoothing, targets);
    let mean = 0; // −Σ t·d
    p.forEach((pk, k) => {
      const r = weight * (pk - targets[k]);
      residuals[n * classes + k] =
        weight * (pk * Math.expm1(relative[k]) + targetRoundings * U * targets[k] + TINY * classes) +
        2 * U * Math.abs(r) +
        TINY;
      mean += targets[k] * (max - row[k]);
    });
    const log = Math.log(row.reduce((sum, zk) => sum + Math.exp(zk - max), 0));
    const h = Math.ceil(classes / 4) + 2;
    const logError = Math.max(2 ** -21, 3 * U * log);
    losses[n] =
      weight * (U * (3 * spread + 3 + h + meanRoundings * mean + 2 * (log + mean)) + logError) + TINY;
  }
  return { residual: residuals, losses };
}

/** Error ÷ bound of the gradient, |ΔG| ≤ γ·|X|ᵀ|R|, given the engine's own R. */
function gradientParity(
  { residual: r, gradient: found, chain }: Passes,
  data: Rows,
  { classes }: DescentProblem,
): number {
  const rows = range(data.count);
  const exact = new Float64Array(found.length);
  const size = new Float64Array(found.length);
  gradient(data, rows, Float64Array.from(r), classes, exact);
  gradient(absolute(data), rows, Float64Array.from(r, Math.abs), classes, size);
  const g = gamma(chain + 1 + 4);
  return ratio(found, exact, (i) => g * size[i] + TINY * rows.length);
}

/**
 * Error ÷ bound of weights and moments after the update, given the engine's own G and those before it. A
 * factor on the penalty has two roundings, its own and that of the product.
 */
export function updateParity(
  { step, number, before, gradient: g, after }: Passes,
  problem: DescentProblem,
  factorOf: FactorOf = factorsIn(problem),
): number {
  const { rule, classes } = problem;
  const more = problem.penaltyFactors ? 2 : 0;
  const exact = {
    weights: Float64Array.from(before.weights),
    moments: before.moments.map((moment) => Float64Array.from(moment)),
  };
  update(exact, g, step, number, problem, factorOf);

  const intercept = before.weights.length - classes;
  let rho = 0;
  for (let i = 0; i < before.weights.length; i++) {
    const penalty = i < intercept ? step.penalty * factorOf(i) * before.weights[i] : 0;
    const gi = Math.abs(step.gradientScale * g[i]) + Math.abs(penalty);
    const w = Math.abs(before.weights[i]);
    // Each moment is a sum of rounded products, any of which may be flushed to zero; the step takes a few
    // roundings more.
    const moments = before.moments.map((moment, m) => {
      if (rule.kind === "sgd") return gamma(5 + more) * (rule.momentum * Math.abs(moment[i]) + gi) + 3 * TINY;
      const beta = m === 0 ? rule.beta1 : rule.beta2;
      const input = m === 0 ? gi : gi * gi;
      return gamma(9 + 2 * more) * (beta * Math.abs(moment[i]) + (1 - beta) * input) + 3 * TINY;
    });
    let change: number;
    if (rule.kind === "sgd") {
      const velocity = moments.length > 0 ? rule.momentum * Math.abs(before.moments[0][i]) + gi : gi;
      change = step.learningRate * gamma(10 + more) * (velocity + (rule.nesterov ? gi + velocity : 0));
    } else {
      const root = Math.sqrt(exact.moments[1][i] / (1 - rule.beta2 ** number));
      const mean = exact.moments[0][i] / (1 - rule.beta1 ** number);
      const whole = step.learningRate / (root + rule.epsilon);
      // The relative error of root is half that of v, a sum of positive terms.
      const relativeRoot = moments[1] / (2 * Math.max(exact.moments[1][i], TINY)) + gamma(8);
      change =
        whole *
          (moments[0] / (1 - rule.beta1 ** number) +
            Math.abs(mean) * (Math.min(relativeRoot, 1) + gamma(12))) +
        step.learningRate * rule.weightDecay * w * gamma(4);
    }
    const bound = change + U * (w + Math.abs(exact.weights[i])) + TINY;
    rho = maxOrInfinity(rho, Math.abs(after.weights[i] - exact.weights[i]) / bound);
    moments.forEach((momentBound, m) => {
      rho = maxOrInfinity(rho, Math.abs(after.moments[m][i] - exact.moments[m][i]) / momentBound);
    });
  }
  return rho;
}

/** The largest |found − exact| / bound; infinite if any of them is NaN. */
export function ratio(found: ArrayLike<number>, exact: FloatArray, bound: (i: number) => number): number {
  let rho = 0;
  for (let i = 0; i < exact.length; i++) rho = maxOrInfinity(rho, Math.abs(found[i] - exact[i]) / bound(i));
  return rho;
}
