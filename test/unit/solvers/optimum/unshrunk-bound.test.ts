/** Tests what is measured of a residual along directions of little curvature. */
import { describe, expect, test } from "vitest";
import { range } from "../../../../src/core/random.js";
import { factorise, solve } from "../../../../src/math/cholesky.js";
import { featureMoments } from "../../../../src/solvers/optimum/preconditioner.js";
import { UnshrunkBound } from "../../../../src/solvers/optimum/unshrunk-bound.js";

const [COUNT, FEATURES, CLASSES] = [200, 3, 2];
const SINGLE = 2 ** -24;

/** Two features a millionth apart in variance, and a third with a mean of 2. */
const x = Float64Array.from({ length: COUNT * FEATURES }, (_, i) => {
  const row = Math.floor(i / FEATURES);
  const shared = Math.sin(7 * row);
  return [shared, shared + 1e-3 * Math.cos(11 * row), 2 + Math.sin(3 * row)][i % FEATURES];
});
const rows = { count: COUNT, features: FEATURES, x, scale: 1, labels: new Uint32Array(COUNT) };

/** ½·E[x̃⊗x̃] of x̃ = [x, 1], or of x alone, as the definition has it. */
function boundOf(width: number): Float64Array {
  const sums = new Float64Array(width * width);
  for (let row = 0; row < COUNT; row++) {
    const one = [...x.subarray(FEATURES * row, FEATURES * (row + 1)), 1];
    for (let i = 0; i < width; i++) {
      for (let j = 0; j < width; j++) sums[i * width + j] += (one[i] * one[j]) / (2 * COUNT);
    }
  }
  return sums;
}

describe.each([true, false])("with an intercept: %s", (intercept) => {
  const penalties = Float64Array.of(1e-4, 2e-4, 0);
  const width = FEATURES + Number(intercept);
  const v = (seed: number) =>
    Float64Array.from({ length: (FEATURES + 1) * CLASSES }, (_, i) =>
      i < width * CLASSES ? Math.sin(seed + 5 * i) : 0,
    );
  const columns = (values: Float64Array) =>
    [0, 1].map((k) => Float64Array.from({ length: width }, (_, d) => values[d * CLASSES + k]));

  test("it is ½·r·(part·B + Λ)⁻¹·r, with the part that the step has, rounded to a power of 2", async () => {
    const bound = new UnshrunkBound(await featureMoments(rows, range(COUNT), intercept), penalties, 2 ** -53);
    const [r, p] = [v(1), v(2)];
    const b = boundOf(width);
    let [whole, penalty] = [0, 0];
    for (const column of columns(p)) {
      column.forEach((one, i) => {
        column.forEach((other, j) => (whole += b[i * width + j] * one * other));
        penalty += (penalties[i] ?? 0) * one * one;
      });
    }
    const part = 1 / 8;
    const matrix = b.map(
      (one, at) => part * one + (at % (width + 1) === 0 ? (penalties[at / (width + 1)] ?? 0) : 0),
    );
    expect(factorise(matrix, width, 0)).toBe(-1);
    let wanted = 0;
    for (const column of columns(r)) {
      const solved = column.slice();
      solve(matrix, width, solved);
      solved.forEach((one, i) => (wanted += (one * column[i]) / 2));
    }
    expect(bound.distance(r, p, 1.5 * part * whole + penalty) / wanted).toBeCloseTo(1, 6);
    expect(bound.distance(r, p, 3 * part * whole + penalty)).toBeLessThan(wanted);
  });

  test("a step without curvature of its own leaves it unknown", async () => {
    const bound = new UnshrunkBound(await featureMoments(rows, range(COUNT), intercept), penalties, SINGLE);
    expect(bound.distance(v(1), v(2), 0)).toBe(Infinity);
  });
});

test("features that are the same hide only what exceeds the rounding of the gradient", async () => {
  const same = { ...rows, x: x.map((one, i) => (i % FEATURES === 1 ? x[i - 1] : one)) };
  const bound = new UnshrunkBound(
    await featureMoments(same, range(COUNT), true),
    new Float64Array(3),
    SINGLE,
  );
  const p = Float64Array.from({ length: 8 }, (_, i) => Math.sin(i));
  const apart = (size: number) => Float64Array.of(size, -size, -size, size, 0, 0, 0, 0);
  expect(bound.distance(apart(1e-9), p, 0.1)).toBeLessThan(1e-8);
  expect(bound.distance(apart(1e-4), p, 0.1)).toBeGreaterThan(1);
});
