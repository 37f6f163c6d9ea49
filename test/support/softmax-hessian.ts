/** The Hessian of an objective, computed element by element. */
import type { ObjectiveProblem } from "../../src/engine/objective.js";
import type { Rows } from "../../src/core/rows.js";

/** ∇²F at w (features + 1, classes): a square matrix with a row and a column for each element of w. */
export function hessianAt(rows: Rows, problem: ObjectiveProblem, w: ArrayLike<number>): Float64Array {
  const { features } = rows;
  const { classes, intercept, penalties, scale } = problem;
  const size = (features + 1) * classes;
  const hessian = new Float64Array(size * size);
  for (const row of problem.rows) {
    const x = Array.from({ length: features + 1 }, (_, d) =>
      d < features ? rows.scale * rows.x[row * features + d] : Number(intercept),
    );
    const powers = Array.from({ length: classes }, (_, k) =>
      Math.exp(x.reduce((sum, one, d) => sum + one * w[d * classes + k], 0)),
    );
    const s = powers.map((power) => power / powers.reduce((a, b) => a + b, 0));
    const weight = scale * (rows.weights ? rows.weights[row] : 1);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const [d, k, e, l] = [Math.floor(i / classes), i % classes, Math.floor(j / classes), j % classes];
        hessian[i * size + j] += weight * x[d] * x[e] * s[k] * ((k === l ? 1 : 0) - s[l]);
      }
    }
  }
  for (let i = 0; i < features * classes; i++) hessian[i * (size + 1)] += penalties[Math.floor(i / classes)];
  return hessian;
}

/** The chosen rows and columns of a (size, size) matrix. */
export function partOf(matrix: Float64Array, size: number, chosen: readonly number[]): Float64Array {
  return Float64Array.from(chosen.flatMap((i) => chosen.map((j) => matrix[i * size + j])));
}

/**
 * Projects a matrix over (features + 1, classes) elements onto differences of the classes: each feature's
 * block B becomes Uᵀ·B·U, where U is the (classes, classes − 1) matrix of Helmert contrasts.
 */
export function alongDifferences(matrix: Float64Array, size: number, classes: number): Float64Array {
  const less = classes - 1;
  const reduced = (size / classes) * less;
  const contrast = (k: number, n: number) =>
    (k <= n ? 1 : k === n + 1 ? -(n + 1) : 0) / Math.sqrt((n + 1) * (n + 2));
  return Float64Array.from({ length: reduced * reduced }, (_, at) => {
    const [i, j] = [Math.floor(at / reduced), at % reduced];
    const [first, second] = [Math.floor(i / less) * classes, Math.floor(j / less) * classes];
    let sum = 0;
    for (let k = 0; k < classes; k++) {
      for (let l = 0; l < classes; l++) {
        sum += contrast(k, i % less) * contrast(l, j % less) * matrix[(first + k) * size + second + l];
      }
    }
    return sum;
  });
}
