/**
 * Tests equations with matrices that may be singular: solved where possible, and reported as doubtful where
 * not.
 */
import { describe, expect, test } from "vitest";
import { randomIntegers } from "../../../src/core/random.js";
import { SemidefiniteFactor } from "../../../src/math/semidefinite.js";
import { distance, norm } from "../../support/arrays.js";
import { signed } from "../../support/examples.js";
import { dot, orthogonal, symmetricWith, times } from "../../support/symmetric.js";

const SIZE = 9;

/** The matrix with row and column i multiplied by scales[i]. */
function scaled(matrix: Float64Array, scales: readonly number[]): Float64Array {
  return matrix.map((value, at) => value * scales[Math.floor(at / SIZE)] * scales[at % SIZE]);
}

/** The lower triangle, with NaN above it, which the factor must not read. */
function lower(matrix: Float64Array): Float64Array {
  return matrix.map((value, at) => (at % SIZE > Math.floor(at / SIZE) ? Number.NaN : value));
}

function randomVector(seed: number): Float64Array {
  const random = randomIntegers(seed);
  return Float64Array.from({ length: SIZE }, () => signed(random));
}

describe.each([1, 2, 3, 4, 5])("seed %d", (seed) => {
  const q = orthogonal(SIZE, randomIntegers(seed));
  const spectrum = Array.from({ length: SIZE }, (_, i) => 10 ** -(i / 2));
  const singular = spectrum.map((value, i) => (i < 3 ? 0 : value));

  test("a regular equation has the solution, and no doubt, whatever the units", () => {
    const scales = Array.from({ length: SIZE }, (_, i) => 10 ** (4 * (i % 5) - 8));
    const matrix = scaled(symmetricWith(spectrum, q), scales);
    const exact = randomVector(seed).map((one, i) => one / scales[i]);
    const { x, doubt } = new SemidefiniteFactor(lower(matrix), SIZE).solve(times(matrix, exact));
    expect(
      distance(
        x.map((one, i) => one * scales[i]),
        exact.map((one, i) => one * scales[i]),
      ),
    ).toBeLessThan(1e-10);
    expect(doubt).toBe(0);
  });

  test("a singular one that has solutions gets one, and no doubt to speak of", () => {
    const matrix = symmetricWith(singular, q);
    const exact = randomVector(seed);
    const b = times(matrix, exact);
    const { x, doubt } = new SemidefiniteFactor(lower(matrix), SIZE).solve(b);
    const all = dot(b, exact);
    expect(distance(times(matrix, x), b)).toBeLessThan(1e-7 * norm(b));
    expect(Math.abs(dot(b, x) - all)).toBeLessThan(1e-9 * all);
    expect(doubt).toBeLessThan(1e-9 * all);
  });

  test.each([1, 1e-3, 1e-5])("a singular one without solutions, by %d of it, is doubted", (part) => {
    const matrix = symmetricWith(singular, q);
    const within = times(matrix, randomVector(seed));
    const along = q.subarray(0, SIZE); // the matrix maps it to 0
    const b = within.map((one, i) => one + part * along[i]);
    const { x, doubt } = new SemidefiniteFactor(lower(matrix), SIZE).solve(b);
    expect(doubt).toBeGreaterThan(1e6 * part ** 2);
    expect(norm(x)).toBeGreaterThan(1e4 * part);
    expect(x.every(Number.isFinite)).toBe(true);
  });
});

test("a matrix of zeros has no curvature: x is 0 where b is, and long elsewhere", () => {
  const factor = new SemidefiniteFactor(new Float64Array(4), 2);
  expect([...factor.solve(Float64Array.of(0, 0)).x]).toEqual([0, 0]);
  const { x, doubt } = factor.solve(Float64Array.of(1, 0));
  expect(x[0]).toBeGreaterThan(1e6);
  expect(x[1]).toBe(0);
  expect(doubt).toBe(Infinity);
});

test("where a penalty is all the curvature that rounding leaves, it is used", () => {
  // Two identical features, kept apart only by their penalty, 1e-15 of their curvature.
  const penalty = 1e-15;
  const matrix = Float64Array.of(1 + penalty, 0, 1, 1 + penalty);
  const ridge = Float64Array.of(penalty, penalty);
  const b = Float64Array.of(1e-9, -1e-9);
  const { x, doubt } = new SemidefiniteFactor(matrix, 2, ridge).solve(b);
  // b·A⁻¹·b, where A is penalty·I along (1, −1).
  const exact = (2 * 1e-18) / penalty;
  const found = dot(b, x);
  expect(found + doubt).toBeGreaterThan(exact);
  expect(found + doubt).toBeLessThan(10 * exact);
  expect(found).toBeGreaterThan(exact / 1000);
  // Without the ridge the result is too small.
  const blind = new SemidefiniteFactor(matrix, 2).solve(b);
  expect(dot(b, blind.x) + blind.doubt).toBeLessThan(exact);
});
