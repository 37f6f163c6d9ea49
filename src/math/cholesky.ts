/**
 * Cholesky factor A = L·Lᵀ of a symmetric positive definite matrix in f64, with solutions and the inverse
 * from it. Matrices are (size, size), row by row.
 */
import { yieldIfDue } from "../core/event-loop.js";

/**
 * Overwrites the lower triangle of A, the only part that is read, with L.
 * Returns −1, or the first row whose pivot is not above `least`: that row depends numerically on the rows
 * before it, and the matrix is left unusable.
 */
export function factorise(a: Float64Array, size: number, least: number): number {
  for (let first = 0; first < size; first += 4) {
    const past = Math.min(first + 4, size);
    const whole = past - first === 4;
    if (whole) factoriseBefore(a, size, first);
    for (let i = first; i < past; i++) {
      const row = i * size;
      for (let j = whole ? first : 0; j < i; j++) {
        a[row + j] = (a[row + j] - dot(a, row, a, j * size, j)) / a[j * size + j];
      }
      const pivot = a[row + i] - dot(a, row, a, row, i);
      if (!(pivot > least)) return i;
      a[row + i] = Math.sqrt(pivot);
    }
  }
  return -1;
}

/** Computes the four rows of L from `first` on, left of column `first`. */
function factoriseBefore(a: Float64Array, size: number, first: number): void {
  const row = first * size;
  for (let j = 0; j < first; j++) {
    const sums = fourDots(a, j * size, a, row, size, j);
    const diagonal = a[j * size + j];
    for (let q = 0; q < 4; q++) {
      const at = row + q * size + j;
      a[at] = (a[at] - sums[q]) / diagonal;
    }
  }
}

/** b ← A⁻¹·b, from the factor L of A. */
export function solve(l: Float64Array, size: number, b: Float64Array): void {
  for (let i = 0; i < size; i++) b[i] = (b[i] - dot(l, i * size, b, 0, i)) / l[i * size + i];
  for (let i = size - 1; i >= 0; i--) {
    b[i] /= l[i * size + i];
    for (let j = 0; j < i; j++) b[j] -= b[i] * l[i * size + j];
  }
}

/** A⁻¹, from the factor L of A. Yields to the event loop in between. */
export async function inverse(l: Float64Array, size: number): Promise<Float64Array> {
  // (L⁻¹)ᵀ, so that inner products run over contiguous memory. Columns of L⁻¹ are computed four at a time.
  const columns = new Float64Array(size * size);
  for (let first = 0; first < size; first += 4) {
    const past = Math.min(first + 4, size);
    const whole = past - first === 4;
    for (let j = first; j < past; j++) {
      const column = j * size;
      columns[column + j] = 1 / l[column + j];
      for (let i = j + 1; i < (whole ? past : size); i++) {
        columns[column + i] = -dot(l, i * size + j, columns, column + j, i - j) / l[i * size + i];
      }
    }
    for (let i = whole ? past : size; i < size; i++) {
      const sums = fourDots(l, i * size + first, columns, first * size + first, size, i - first);
      const diagonal = l[i * size + i];
      for (let q = 0; q < 4; q++) columns[(first + q) * size + i] = -sums[q] / diagonal;
    }
    await yieldIfDue();
  }
  const inverted = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const row = i * size + i;
    for (let j = 0; j <= i; j += 4) {
      const several = j + 3 <= i ? fourDots(columns, row, columns, j * size + i, size, size - i) : undefined;
      for (let q = 0; q < 4 && j + q <= i; q++) {
        const at = (j + q) * size + i;
        const value = several ? several[q] : dot(columns, row, columns, at, size - i);
        inverted[i * size + j + q] = value;
        inverted[at] = value;
      }
    }
    await yieldIfDue();
  }
  return inverted;
}

/** vᵀ·A·v, from the lower triangle of A. */
export function quadratic(a: Float64Array, size: number, v: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < size; i++) {
    sum += v[i] * (2 * dot(a, i * size, v, 0, i) + a[i * size + i] * v[i]);
  }
  return sum;
}

/** Σ a[i + n]·b[j + n] over the first `count` n, in four independent partial sums. */
function dot(a: Float64Array, i: number, b: Float64Array, j: number, count: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let n = 0;
  for (; n + 3 < count; n += 4) {
    s0 += a[i + n] * b[j + n];
    s1 += a[i + n + 1] * b[j + n + 1];
    s2 += a[i + n + 2] * b[j + n + 2];
    s3 += a[i + n + 3] * b[j + n + 3];
  }
  for (; n < count; n++) s0 += a[i + n] * b[j + n];
  return s0 + s1 + (s2 + s3);
}

const four = new Float64Array(4);

/**
 * Inner products of one row of a with four rows of b, `stride` apart: each load of a serves all four. The
 * next call overwrites the result.
 */
function fourDots(
  a: Float64Array,
  i: number,
  b: Float64Array,
  j: number,
  stride: number,
  count: number,
): Float64Array {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const [j1, j2, j3] = [j + stride, j + 2 * stride, j + 3 * stride];
  for (let n = 0; n < count; n++) {
    const value = a[i + n];
    s0 += value * b[j + n];
    s1 += value * b[j1 + n];
    s2 += value * b[j2 + n];
    s3 += value * b[j3 + n];
  }
  four[0] = s0;
  four[1] = s1;
  four[2] = s2;
  four[3] = s3;
  return four;
}
