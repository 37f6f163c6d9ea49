/**
 * The objective of a fit in f64: F = Σ weight·loss ÷ Σ weight + l2/2·Σw² + l1·Σ|w|, with unpenalised
 * intercepts. Features are centred and scaled first, so that neither their origin nor their units cost
 * precision.
 */
import type { FloatArray } from "../../src/core/rows.js";
import { Exact } from "./exact.js";

export interface DenseProblem {
  readonly count: number;
  readonly features: number;
  readonly classes: number;
  /** (rows, features) */
  readonly x: Float64Array;
  /** (rows) */
  readonly labels: Uint32Array;
  /** (rows) */
  readonly weights: Float64Array;
  readonly l1: number;
  readonly l2: number;
  readonly intercept: boolean;
  /** Whether the penalty applies to the weights of features divided by their deviation. */
  readonly standardize: boolean;
  /** (features) factors on l1 and l2. Default 1 each. */
  readonly factors?: Float64Array;
  /** (rows, classes) added to the logits. Default zeros. */
  readonly offsets?: FloatArray;
}

type Features = Pick<DenseProblem, "count" | "features" | "x" | "weights">;

/** Weighted means, deviations and root mean squares, (features) each. A constant feature's deviation is 0. */
export function deviations({ count, features, x, weights }: Features) {
  const total = weights.reduce((a, b) => a + b, 0);
  const average = (of: (value: number, d: number) => number) => {
    const sums = new Float64Array(features);
    for (let n = 0; n < count; n++) {
      for (let d = 0; d < features; d++) sums[d] += (weights[n] / total) * of(x[n * features + d], d);
    }
    return sums;
  };
  const mean = average((value) => value);
  const square = average((value) => value * value);
  const variance = average((value, d) => (value - mean[d]) ** 2);
  const rounding = count * 2 ** -52;
  return {
    mean,
    rms: square.map(Math.sqrt),
    deviation: variance.map((v, d) => (Math.sqrt(v) > rounding * Math.abs(mean[d]) ? Math.sqrt(v) : 0)),
  };
}

/** (features) the factor of each feature's weights in the penalty. */
function penaltyScales(problem: DenseProblem): Float64Array {
  if (!problem.standardize) return new Float64Array(problem.features).fill(1);
  return deviations(problem).deviation.map((deviation) => deviation || 1);
}

/** A feature's largest |∂F/∂w| at zero weights. */
export function gradientAtZero(problem: Omit<DenseProblem, "l1" | "l2">, feature: number): number {
  const { count, features, classes, x, labels, weights, intercept, standardize } = problem;
  const { mean, deviation } = deviations(problem);
  const total = weights.reduce((a, b) => a + b, 0);
  const share = new Float64Array(classes);
  for (let n = 0; n < count; n++) share[labels[n]] += weights[n] / total;
  const gradient = new Float64Array(classes);
  for (let n = 0; n < count; n++) {
    const value = x[n * features + feature] - (intercept ? mean[feature] : 0);
    for (let k = 0; k < classes; k++) {
      const expected = intercept ? share[k] : 1 / classes;
      gradient[k] += (weights[n] / total) * value * (expected - (labels[n] === k ? 1 : 0));
    }
  }
  const largest = gradient.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
  return standardize ? largest / (deviation[feature] || 1) : largest;
}

/** A returned model, whose logits are (x − origin)·weights + bias. */
export interface Handed {
  /** (features, classes) */
  readonly weights: Float32Array;
  /** (classes) */
  readonly bias: Float32Array | Float64Array;
  /** (features) */
  readonly origin?: Float64Array | undefined;
}

/** F of a model, on the features as given. */
export function objectiveOf(problem: DenseProblem, { weights: w, bias, origin }: Handed): number {
  const { count, features, classes, x, labels, weights, factors, offsets } = problem;
  const { mean } = deviations(problem);
  const total = weights.reduce((a, b) => a + b, 0);
  // Compute the logits at the mean, where large products cancel, in twice the precision of f64.
  const middle = Float64Array.from({ length: classes }, (_, k) => {
    const sum = new Exact().add(bias[k]);
    for (let d = 0; d < features; d++) {
      sum.addProduct(mean[d], w[d * classes + k]);
      if (origin) sum.addProduct(-origin[d], w[d * classes + k]);
    }
    return sum.value;
  });
  const z = new Float64Array(classes);
  let loss = 0;
  for (let n = 0; n < count; n++) {
    if (weights[n] === 0) continue;
    for (let k = 0; k < classes; k++) z[k] = middle[k] + (offsets?.[n * classes + k] ?? 0);
    for (let d = 0; d < features; d++) {
      const u = x[n * features + d] - mean[d];
      for (let k = 0; k < classes; k++) z[k] += u * w[d * classes + k];
    }
    loss += (weights[n] / total) * lossOf(z, labels[n]);
  }
  const scales = penaltyScales(problem);
  const penalty = w.reduce((sum, one, i) => {
    const d = Math.floor(i / classes);
    const scaled = Math.abs(scales[d] * one);
    return sum + (factors?.[d] ?? 1) * ((problem.l2 / 2) * scaled ** 2 + problem.l1 * scaled);
  }, 0);
  return loss + penalty;
}

/** log Σ exp(z) − z[label], with a small relative error even where it is small. */
function lossOf(z: Float64Array, label: number): number {
  const top = z.reduce((a, b) => Math.max(a, b));
  let others = 0;
  let skipped = false;
  for (const one of z) {
    if (one === top && !skipped) skipped = true;
    else others += Math.exp(one - top);
  }
  return Math.log1p(others) + (top - z[label]);
}

/** F and its derivatives at a point of the oracle's variables. */
export interface DensePoint {
  /** F */
  readonly value: number;
  /** (classes, columns) gradient of the smooth part, without l1. */
  readonly gradient: Float64Array;
  /** (classes · columns, classes · columns) Hessian of the smooth part. */
  readonly hessian: Float64Array;
}

/**
 * F in the variables v = weight × scale, (classes, columns), for features (x − mean) ÷ scale. The last column
 * is the intercept. Rows of weight 0 are left out. With an intercept, constant features and classes without
 * rows are left out too: F falls as the intercept of such a class goes to −∞.
 */
export class DenseObjective {
  readonly columns: number;
  readonly classes: number;
  /** (columns) l2 penalties in terms of v; l1 has the same shape. */
  readonly l2: Float64Array;
  readonly l1: Float64Array;
  /** (rows, columns) */
  readonly #u: Float64Array;
  readonly #labels: Uint32Array;
  /** (rows) with a sum of 1 */
  readonly #weights: Float64Array;
  /** (rows, classes) */
  readonly #offsets: Float64Array;

  constructor(problem: DenseProblem) {
    const { features, x, labels, weights, intercept, factors, offsets } = problem;
    const { mean, deviation, rms } = deviations(problem);
    const scale = intercept ? deviation : rms;
    const used = [...scale.keys()].filter((d) => scale[d] > 0);
    const rows = [...weights.keys()].filter((n) => weights[n] > 0);
    const present = new Set(rows.map((n) => labels[n]));
    const kept = Array.from({ length: problem.classes }, (_, k) => k).filter(
      (k) => !intercept || present.has(k),
    );
    const total = weights.reduce((a, b) => a + b, 0);
    const penalty = penaltyScales(problem);
    this.classes = kept.length;
    this.columns = used.length + (intercept ? 1 : 0);
    const perColumn = (of: (d: number) => number) =>
      Float64Array.from({ length: this.columns }, (_, j) => (j < used.length ? of(used[j]) : 0));
    const factorOf = (d: number) => factors?.[d] ?? 1;
    this.l2 = perColumn((d) => factorOf(d) * problem.l2 * (penalty[d] / scale[d]) ** 2);
    this.l1 = perColumn((d) => (factorOf(d) * problem.l1 * penalty[d]) / scale[d]);
    this.#labels = Uint32Array.from(rows, (n) => kept.indexOf(labels[n]));
    this.#weights = Float64Array.from(rows, (n) => weights[n] / total);
    this.#offsets = Float64Array.from(
      rows.flatMap((n) => kept.map((k) => offsets?.[n * problem.classes + k] ?? 0)),
    );
    this.#u = new Float64Array(rows.length * this.columns).fill(1);
    rows.forEach((n, row) => {
      used.forEach((d, j) => {
        this.#u[row * this.columns + j] = (x[n * features + d] - (intercept ? mean[d] : 0)) / scale[d];
      });
    });
  }

  value(v: Float64Array): number {
    const z = this.#offsetLogits(v);
    let value = 0;
    this.#weights.forEach((weight, n) => {
      value += weight * lossOf(z.subarray(n * this.classes, (n + 1) * this.classes), this.#labels[n]);
    });
    return value + this.#penalty(v);
  }

  /** (rows, classes) the logits with the offsets. */
  #offsetLogits(v: Float64Array): Float64Array {
    return this.logits(v).map((one, i) => one + this.#offsets[i]);
  }

  /** (rows, classes) the logits without the offsets. */
  logits(v: Float64Array): Float64Array {
    const { columns, classes } = this;
    const z = new Float64Array(this.#labels.length * classes);
    for (let n = 0; n < this.#labels.length; n++) {
      for (let k = 0; k < classes; k++) {
        let sum = 0;
        for (let j = 0; j < columns; j++) sum += this.#u[n * columns + j] * v[k * columns + j];
        z[n * classes + k] = sum;
      }
    }
    return z;
  }

  at(v: Float64Array): DensePoint {
    const { columns, classes, l2 } = this;
    const size = classes * columns;
    const z = this.#offsetLogits(v);
    const gradient = v.map((one, i) => l2[i % columns] * one);
    const hessian = new Float64Array(size * size);
    let value = this.#penalty(v);
    const p = new Float64Array(classes);
    for (let n = 0; n < this.#labels.length; n++) {
      const own = z.subarray(n * classes, (n + 1) * classes);
      const label = this.#labels[n];
      const weight = this.#weights[n];
      value += weight * lossOf(own, label);
      probabilities(own, p);
      const u = this.#u.subarray(n * columns, (n + 1) * columns);
      for (let k = 0; k < classes; k++) {
        // Sums the other probabilities instead of 1 − p, which loses digits where p is nearly 1.
        let rest = 0;
        for (let l = 0; l < classes; l++) if (l !== k) rest += p[l];
        const residual = weight * (k === label ? -rest : p[k]);
        for (let j = 0; j < columns; j++) gradient[k * columns + j] += residual * u[j];
        for (let l = 0; l <= k; l++) {
          const factor = weight * p[k] * (l === k ? rest : -p[l]);
          if (factor !== 0) addOuter(hessian, size, k * columns, l * columns, factor, u);
        }
      }
    }
    for (let i = 0; i < size; i++) {
      hessian[i * size + i] += l2[i % columns];
      for (let j = 0; j < i; j++) hessian[j * size + i] = hessian[i * size + j];
    }
    return { value, gradient, hessian };
  }

  #penalty(v: Float64Array): number {
    const { columns, l2, l1 } = this;
    return v.reduce(
      (sum, one, i) => sum + (l2[i % columns] / 2) * one * one + l1[i % columns] * Math.abs(one),
      0,
    );
  }
}

/**
 * Adds factor·u·uᵀ to a block of the matrix: to the whole block off the diagonal, to the lower triangle on
 * it.
 */
function addOuter(
  matrix: Float64Array,
  size: number,
  row: number,
  column: number,
  factor: number,
  u: Float64Array,
) {
  for (let i = 0; i < u.length; i++) {
    const scaled = factor * u[i];
    const start = (row + i) * size + column;
    const end = row === column ? i + 1 : u.length;
    for (let j = 0; j < end; j++) matrix[start + j] += scaled * u[j];
  }
}

function probabilities(z: Float64Array, p: Float64Array): void {
  const top = z.reduce((a, b) => Math.max(a, b));
  let sum = 0;
  for (let k = 0; k < p.length; k++) sum += p[k] = Math.exp(z[k] - top);
  for (let k = 0; k < p.length; k++) p[k] /= sum;
}
