/** Symmetric matrices, (size, size) row by row, by the simplest methods, to check the solvers against. */
import type { Random } from "../../src/core/random.js";
import { signed } from "./examples.js";

/** All eigenvalues in ascending order, by Jacobi rotations. */
export function eigenvalues(matrix: Float64Array, size: number): number[] {
  const a = matrix.slice();
  for (let sweep = 0; sweep < 60; sweep++) {
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        const apq = a[p * size + q];
        if (apq === 0) continue;
        const theta = (a[q * size + q] - a[p * size + p]) / (2 * apq);
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let n = 0; n < size; n++) {
          const [anp, anq] = [a[n * size + p], a[n * size + q]];
          [a[n * size + p], a[n * size + q]] = [c * anp - s * anq, s * anp + c * anq];
        }
        for (let n = 0; n < size; n++) {
          const [apn, aqn] = [a[p * size + n], a[q * size + n]];
          [a[p * size + n], a[q * size + n]] = [c * apn - s * aqn, s * apn + c * aqn];
        }
      }
    }
  }
  return Array.from({ length: size }, (_, i) => a[i * size + i]).toSorted((x, y) => x - y);
}

/** Solves A·x = b for x by Gaussian elimination with pivoting. */
export function solved(matrix: Float64Array, b: ArrayLike<number>): Float64Array {
  const size = b.length;
  const rows = Array.from({ length: size }, (_, i) => [...matrix.subarray(i * size, (i + 1) * size), b[i]]);
  for (let p = 0; p < size; p++) {
    let best = p;
    for (let i = p; i < size; i++) if (Math.abs(rows[i][p]) > Math.abs(rows[best][p])) best = i;
    [rows[p], rows[best]] = [rows[best], rows[p]];
    for (let i = 0; i < size; i++) {
      if (i === p) continue;
      const factor = rows[i][p] / rows[p][p];
      for (let j = p; j <= size; j++) rows[i][j] -= factor * rows[p][j];
    }
  }
  return Float64Array.from(rows, (row, i) => row[size] / row[i]);
}

export function times(matrix: Float64Array, x: ArrayLike<number>): Float64Array {
  const size = x.length;
  return Float64Array.from({ length: size }, (_, i) => dot(matrix.subarray(i * size, (i + 1) * size), x));
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, one, i) => sum + one * b[i], 0);
}

/** A random orthogonal matrix. */
export function orthogonal(size: number, random: Random): Float64Array {
  let q = new Float64Array(size * size).map((_, i) => (i % (size + 1) === 0 ? 1 : 0));
  for (let turn = 0; turn < 3; turn++) {
    const v = Float64Array.from({ length: size }, () => signed(random));
    const square = dot(v, v);
    q = q.map((one, i) => {
      const row = i - (i % size);
      return one - (2 * dot(q.subarray(row, row + size), v) * v[i % size]) / square;
    });
  }
  return q;
}

/**
 * Σ valueᵢ · qᵢ ⊗ qᵢ over the rows of an orthogonal matrix, which are its eigenvectors with these
 * eigenvalues.
 */
export function symmetricWith(values: readonly number[], q: Float64Array): Float64Array {
  const size = values.length;
  return Float64Array.from({ length: size * size }, (_, at) => {
    const [i, j] = [Math.floor(at / size), at % size];
    return values.reduce((sum, value, n) => sum + value * q[n * size + i] * q[n * size + j], 0);
  });
}
