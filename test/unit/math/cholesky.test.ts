/** Tests the factorization A = L·Lᵀ by its purpose: A⁻¹·A is the identity, to the rounding of f64. */
import { describe, expect, test } from "vitest";
import { factorise, inverse, quadratic, solve } from "../../../src/math/cholesky.js";
import { randomIntegers } from "../../../src/core/random.js";
import { signed } from "../../support/examples.js";

/** B·Bᵀ + I for a random B: symmetric, and far from singular. */
function positive(size: number, seed: number): Float64Array {
  const random = randomIntegers(seed);
  const b = Float64Array.from({ length: size * size }, () => signed(random));
  return Float64Array.from({ length: size * size }, (_, at) => {
    const [i, j] = [Math.floor(at / size), at % size];
    let sum = i === j ? 1 : 0;
    for (let n = 0; n < size; n++) sum += b[i * size + n] * b[j * size + n];
    return sum;
  });
}

/** The lower triangle, with NaN above it, which must not be read. */
function lower(a: Float64Array, size: number): Float64Array {
  return a.map((value, at) => (at % size > Math.floor(at / size) ? Number.NaN : value));
}

// Four rows are factored at a time: fewer than four, multiples of four, and all possible remainders.
describe.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 50])("of %i rows", (size) => {
  const a = positive(size, size);
  const l = lower(a, size);
  const found = factorise(l, size, 0);

  test("L·Lᵀ is A", () => {
    expect(found).toBe(-1);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let n = 0; n <= j; n++) sum += l[i * size + n] * l[j * size + n];
        expect(Math.abs(sum - a[i * size + j])).toBeLessThan(1e-13 * size);
      }
    }
  });

  test("the inverse is symmetric, and times A the identity", async () => {
    const inverted = await inverse(l, size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        let sum = 0;
        for (let n = 0; n < size; n++) sum += inverted[i * size + n] * a[n * size + j];
        expect(Math.abs(sum - (i === j ? 1 : 0))).toBeLessThan(1e-12 * size);
        expect(inverted[i * size + j]).toBe(inverted[j * size + i]);
      }
    }
  });

  test("solving gives b back, and a form is vᵀ·A·v", () => {
    const b = Float64Array.from({ length: size }, (_, i) => Math.sin(i + 1));
    const x = b.slice();
    solve(l, size, x);
    let form = 0;
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let j = 0; j < size; j++) sum += a[i * size + j] * x[j];
      expect(sum).toBeCloseTo(b[i], 11);
      form += x[i] * sum;
    }
    expect(quadratic(lower(a, size), size, x)).toBeCloseTo(form, 10);
  });
});

test.each([0, 1, 3, 4, 6, 7])("a row that depends on those before it is named: %i", (row) => {
  const size = 8;
  const a = positive(size, 3);
  for (let j = 0; j < size; j++) a[row * size + j] = a[j * size + row] = 0;
  expect(factorise(lower(a, size), size, 1e-9)).toBe(row);
});
