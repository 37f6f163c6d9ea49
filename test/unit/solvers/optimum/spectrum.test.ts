/** Checks what conjugate gradients learn about a matrix against its known eigenvalues. */
import { describe, expect, test } from "vitest";
import { randomIntegers } from "../../../../src/core/random.js";
import { errorBound, smallestRitzValue } from "../../../../src/solvers/optimum/spectrum.js";
import { signed } from "../../../support/examples.js";
import { dot, eigenvalues, orthogonal, solved, symmetricWith, times } from "../../../support/symmetric.js";

/**
 * After each step of conjugate gradients: the coefficients so far, r·r, and ½‖x − xₖ‖² in the norm of the
 * matrix.
 */
function conjugateGradients(matrix: Float64Array, b: Float64Array) {
  const exact = solved(matrix, b);
  const x = new Float64Array(b.length);
  const [r, d] = [b.slice(), b.slice()];
  const [alphas, betas]: [number[], number[]] = [[], []];
  const steps = [];
  for (let k = 0; k < b.length; k++) {
    const before = dot(r, r);
    const hd = times(matrix, d);
    const alpha = before / dot(d, hd);
    x.forEach((_, i) => {
      x[i] += alpha * d[i];
      r[i] -= alpha * hd[i];
    });
    const left = dot(r, r);
    alphas.push(alpha);
    betas.push(left / before);
    d.forEach((one, i) => (d[i] = r[i] + (left / before) * one));
    const apart = x.map((one, i) => exact[i] - one);
    const error = dot(apart, times(matrix, apart)) / 2;
    steps.push({ alphas: [...alphas], betas: [...betas], left, error });
  }
  const first = dot(b, exact) / 2;
  return steps.filter(({ error }) => error > 1e-11 * first); // the rest is rounding
}

const CASES = [0, 1, 2, 3].flatMap((seed) =>
  [
    { spectrum: "even", of: (i: number) => 1 + i },
    { spectrum: "of decades", of: (i: number) => 10 ** (-i / 4) },
    { spectrum: "with one far smaller", of: (i: number) => (i === 0 ? 1e-4 : 1 + i / 10) },
  ].map((one) => ({ ...one, seed })),
);

describe.each(CASES)("of a matrix with a spectrum $spectrum, seed $seed", ({ of, seed }) => {
  const random = randomIntegers(seed);
  const values = Array.from({ length: 14 }, (_, i) => of(i));
  const matrix = symmetricWith(values, orthogonal(values.length, random));
  const steps = conjugateGradients(
    matrix,
    Float64Array.from(values, () => signed(random)),
  );
  const smallest = Math.min(...values);

  test("the error is no more than its bound", () => {
    expect(steps.length).toBeGreaterThan(8);
    for (const { left, error, ...coefficients } of steps) {
      expect(errorBound(coefficients, left, smallest * (1 - 1e-9))).toBeGreaterThan(error * (1 - 1e-6));
      // An underestimated eigenvalue does not lower the bound.
      expect(errorBound(coefficients, left, smallest / 10)).toBeGreaterThan(error);
      expect(errorBound(coefficients, left, smallest / 10)).toBeLessThanOrEqual((left * 10) / smallest / 2);
    }
    // Without a step the bound is half of what is left, divided by the eigenvalue.
    expect(errorBound({ alphas: [], betas: [] }, 3, 0.5)).toBe(3);
  });

  test("the smallest Ritz value is never below the smallest eigenvalue, falls, and comes near to it", () => {
    let before = Infinity;
    for (const coefficients of steps) {
      const ritz = smallestRitzValue(coefficients);
      expect(ritz).toBeGreaterThanOrEqual(smallest * (1 - 1e-9));
      expect(ritz).toBeLessThanOrEqual(before * 1.01);
      before = ritz;
    }
    expect(before / smallest).toBeLessThan(1.15);
  });

  test("both are those of the matrix of Lanczos", () => {
    const { alphas, betas, left } = steps[4];
    const size = alphas.length;
    const lanczos = new Float64Array(size * size);
    for (let k = 0; k < size; k++) {
      lanczos[k * (size + 1)] = 1 / alphas[k] + (k > 0 ? betas[k - 1] / alphas[k - 1] : 0);
      if (k > 0) {
        const beside = Math.sqrt(betas[k - 1]) / alphas[k - 1];
        lanczos[k * (size + 1) - 1] = beside;
        lanczos[k * (size + 1) - size] = beside;
      }
    }
    const ratio = smallestRitzValue(steps[4]) / eigenvalues(lanczos, size)[0];
    expect(ratio).toBeGreaterThan(1 - 1e-9);
    expect(ratio).toBeLessThan(1.011);

    // The Gauss–Radau rule adds one row, such that `least` is an eigenvalue (Golub & Meurant 2010, 6.2).
    const least = smallest * (1 - 1e-3);
    const square = betas[size - 1] / alphas[size - 1] ** 2;
    const last = unit(size, size - 1).map((one) => one * square);
    const shifted = lanczos.map((one, i) => one - (i % (size + 1) === 0 ? least : 0));
    const bordered = new Float64Array((size + 1) ** 2);
    for (let i = 0; i < size; i++) bordered.set(lanczos.subarray(i * size, (i + 1) * size), i * (size + 1));
    bordered[size * (size + 1) - 1] = Math.sqrt(square);
    bordered[size * (size + 1) + size - 1] = Math.sqrt(square);
    bordered[size * (size + 1) + size] = least + solved(shifted, last)[size - 1];
    const first = left / betas.reduce((a, b) => a * b, 1); // r·r before the first step
    const inverses = [solved(bordered, unit(size + 1, 0))[0], solved(lanczos, unit(size, 0))[0]];
    const radau = (first * (inverses[0] - inverses[1])) / 2;
    expect(errorBound(steps[4], left, least) / radau).toBeCloseTo(1, 6);
  });
});

function unit(size: number, at: number): Float64Array {
  return new Float64Array(size).fill(1, at, at + 1);
}
