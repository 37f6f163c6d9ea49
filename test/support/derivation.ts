/**
 * The derivation's formulas, written out independently of `src`: W is a list of K rows w_k, and an example is
 * x with a one-hot y. Tests compare the passes with them.
 */
import type { Rows } from "../../src/core/rows.js";

export type Vector = readonly number[];
export type Matrix = readonly Vector[];

export interface Example {
  readonly x: Vector;
  /** One-hot. */
  readonly y: Vector;
}

export function dot(a: Vector, b: Vector): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

/** s_k = e^{w_k·x} / Σⱼ e^{w_j·x} */
export function softmax(W: Matrix, x: Vector): number[] {
  const powers = W.map((w) => Math.exp(dot(w, x)));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Πₙ Πₖ s_{nk}^{y_{nk}} */
export function likelihood(W: Matrix, examples: readonly Example[]): number {
  return examples.reduce((product, { x, y }) => softmax(W, x).reduce((p, s, k) => p * s ** y[k], product), 1);
}

/** J(W) = −Σₙ Σₖ y_{nk} log s_{nk} */
export function crossEntropy(W: Matrix, examples: readonly Example[]): number {
  return examples.reduce((sum, { x, y }) => sum - Math.log(dot(softmax(W, x), y)), 0);
}

/** J(W) = −Σₙ Σₖ y_{nk} w_k·x_n + Σₙ log Σⱼ e^{w_j·x_n} */
export function objective(W: Matrix, examples: readonly Example[]): number {
  return examples.reduce((sum, { x, y }) => {
    const logits = W.map((w) => dot(w, x));
    return sum - dot(y, logits) + Math.log(logits.reduce((total, z) => total + Math.exp(z), 0));
  }, 0);
}

/** ∂J/∂w_k = Σₙ (s_{nk} − y_{nk}) x_n, one class at a time. */
export function classGradient(W: Matrix, examples: readonly Example[], k: number): number[] {
  return W[k].map((_, d) => examples.reduce((sum, { x, y }) => sum + (softmax(W, x)[k] - y[k]) * x[d], 0));
}

/** a ⊗ b = a bᵀ */
export function outer(a: Vector, b: Vector): number[][] {
  return a.map((left) => b.map((right) => left * right));
}

export function transpose(matrix: Matrix): number[][] {
  return matrix[0].map((_, column) => matrix.map((row) => row[column]));
}

export function plus(a: Matrix, b: Matrix): number[][] {
  return a.map((row, i) => row.map((value, j) => value + b[i][j]));
}

/** The derivation's W in the engines' layout: (features + 1, classes), with an intercept of zero. */
export function stacked(W: Matrix): Float64Array {
  return Float64Array.from([...transpose(W).flat(), ...W.map(() => 0)]);
}

/** The examples as the rows that engines take. */
export function rowsOf(examples: readonly Example[]): Rows {
  return {
    count: examples.length,
    features: examples[0].x.length,
    x: Float64Array.from(examples.flatMap(({ x }) => x)),
    scale: 1,
    labels: Uint32Array.from(examples, ({ y }) => y.indexOf(1)),
  };
}
