/** A = L·Lᵀ of a symmetric positive definite matrix, in f64. Matrices are (size, size), row by row. */
import { Breath } from "./breath.js";

/**
 * Puts L where the lower triangle of A is, the only part that is read. Returns -1, or the first row whose pivot is not
 * above `least`: that row depends on those before it, as far as can be told, and the matrix is no use any more.
 */
export function factorise(a: Float64Array, size: number, least: number): number {
  for (let i = 0; i < size; i++) {
    const row = i * size;
    for (let j = 0; j < i; j++) {
      a[row + j] = (a[row + j] - dot(a, row, a, j * size, j)) / a[j * size + j];
    }
    const pivot = a[row + i] - dot(a, row, a, row, i);
    if (!(pivot > least)) return i;
    a[row + i] = Math.sqrt(pivot);
  }
  return -1;
}

/** b ← A⁻¹·b, from the L of A. */
export function solve(l: Float64Array, size: number, b: Float64Array): void {
  for (let i = 0; i < size; i++) b[i] = (b[i] - dot(l, i * size, b, 0, i)) / l[i * size + i];
  for (let i = size - 1; i >= 0; i--) {
    b[i] /= l[i * size + i];
    for (let j = 0; j < i; j++) b[j] -= b[i] * l[i * size + j];
  }
}

/** A⁻¹, from the L of A. */
export async function inverse(l: Float64Array, size: number): Promise<Float64Array> {
  const breath = new Breath();
  // (L⁻¹)ᵀ, so that what is added up lies side by side.
  const columns = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    const column = j * size;
    columns[column + j] = 1 / l[j * size + j];
    for (let i = j + 1; i < size; i++) {
      columns[column + i] = -dot(l, i * size + j, columns, column + j, i - j) / l[i * size + i];
    }
    await breath.take();
  }
  const inverted = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const value = dot(columns, i * size + i, columns, j * size + i, size - i);
      inverted[i * size + j] = value;
      inverted[j * size + i] = value;
    }
    await breath.take();
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

/** Σ a[i + n]·b[j + n] of the first `count` n, in four sums that do not wait for one another. */
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
