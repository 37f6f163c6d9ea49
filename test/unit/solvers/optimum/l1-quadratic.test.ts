/**
 * Checks the minimum of a quadratic with l1 penalties by its optimality conditions (Karush, Kuhn & Tucker).
 */
import { expect, test } from "vitest";
import { randomIntegers } from "../../../../src/core/random.js";
import { minimiseL1Quadratic } from "../../../../src/solvers/optimum/l1-quadratic.js";

/** A random model of `rank` ≤ size, some of whose weights have no penalty. */
function randomModel(seed: number, size: number, rank: number) {
  const random = randomIntegers(seed);
  const uniform = () => random() / 2 ** 31 - 1;
  const factor = Float64Array.from({ length: size * rank }, uniform);
  const full = (i: number, j: number) => {
    let sum = 0;
    for (let n = 0; n < rank; n++) sum += factor[i * rank + n] * factor[j * rank + n];
    return sum;
  };
  const hessian = new Float64Array(size * size);
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) hessian[i * size + j] = full(i, j);
  // A slope within the range of the Hessian and the penalties, so that there is a minimum.
  const pull = Float64Array.from({ length: rank }, () => 2 * uniform());
  const g = Float64Array.from({ length: size }, (_, i) => {
    let sum = 0;
    for (let n = 0; n < rank; n++) sum += factor[i * rank + n] * pull[n];
    return sum;
  });
  const w = Float64Array.from({ length: size }, (_, i) => (i % 3 === 0 ? 0 : uniform()));
  const l1 = Float64Array.from({ length: size }, (_, i) =>
    i % 5 === 4 ? 0 : 0.1 + 0.3 * Math.abs(uniform()),
  );
  const valueAt = (v: Float64Array) => {
    let value = 0;
    for (let i = 0; i < size; i++) {
      value += g[i] * (v[i] - w[i]) + l1[i] * Math.abs(v[i]);
      for (let j = 0; j < size; j++) value += (full(i, j) * (v[i] - w[i]) * (v[j] - w[j])) / 2;
    }
    return value;
  };
  const slopeAt = (v: Float64Array, i: number) =>
    g[i] + v.reduce((sum, value, j) => sum + full(i, j) * (value - w[j]), 0);
  return { hessian, ridge: new Float64Array(size), g, w, l1, valueAt, slopeAt };
}

test.each([1, 2, 3, 4, 5, 6].flatMap((seed) => [12, 7].map((rank) => ({ seed, rank }))))(
  "it is where no subgradient is left, and some weights are exactly 0: %o",
  ({ seed, rank }) => {
    const size = 12;
    const { valueAt, slopeAt, ...model } = randomModel(seed, size, rank);
    const { p, decrease, found } = minimiseL1Quadratic(model);
    expect(found).toBe(true);
    const v = model.w.map((value, i) => value + p[i]);
    v.forEach((value, i) => {
      const slope = slopeAt(v, i);
      const off =
        value === 0 ? Math.max(0, Math.abs(slope) - model.l1[i]) : slope + model.l1[i] * Math.sign(value);
      expect(Math.abs(off)).toBeLessThan(1e-6);
    });
    expect(decrease).toBeCloseTo(valueAt(model.w) - valueAt(v), 9);
    expect(v.filter((value) => value === 0).length).toBeGreaterThan(0);
  },
);

test("at the minimum nothing is left to gain", () => {
  const { valueAt: _, slopeAt, ...model } = randomModel(7, 8, 8);
  const { p } = minimiseL1Quadratic(model);
  const w = model.w.map((value, i) => value + p[i]);
  const g = w.map((__, i) => slopeAt(w, i));
  const again = minimiseL1Quadratic({ ...model, w, g });
  expect(again.decrease).toBeLessThan(1e-12);
});

test.each([-0.19, 0, 0.19])(
  "a weight without curvature, with a slope of %d, falls to 0 against its penalty",
  (slope) => {
    const { valueAt: _, slopeAt: __, ...model } = randomModel(3, 6, 6);
    const flat = 2;
    for (let i = 0; i < 6; i++) model.hessian[Math.max(i, flat) * 6 + Math.min(i, flat)] = 0;
    const [w, g, l1] = [model.w.slice(), model.g.slice(), model.l1.slice()];
    [w[flat], g[flat], l1[flat]] = [-500, slope, 0.2];
    const { p, decrease, found } = minimiseL1Quadratic({ ...model, w, g, l1 });
    expect(found).toBe(true);
    expect(w[flat] + p[flat]).toBe(0);
    // It does not affect the decrease of the other weights, which share no curvature with it.
    w[flat] = g[flat] = 0;
    const without = minimiseL1Quadratic({ ...model, w, g, l1 });
    expect(decrease - without.decrease).toBeCloseTo(500 * (0.2 - slope), 9);
  },
);

test.each([0, 0.2])("a model that falls for ever, beyond a penalty of %d, has no minimum", (penalty) => {
  const minimum = minimiseL1Quadratic({
    w: Float64Array.of(0.5, 3),
    g: Float64Array.of(0.1, -0.21),
    hessian: Float64Array.of(1, 0, 0, 0),
    ridge: new Float64Array(2),
    l1: Float64Array.of(0.1, penalty),
  });
  expect(minimum).toMatchObject({ found: false, bound: Infinity });
});

test("what rounding hides of the curvature is in the bound, and not in the decrease", () => {
  // Two weights with the same curvature up to rounding, and a slope that tells them apart.
  const { decrease, bound } = minimiseL1Quadratic({
    w: Float64Array.of(100, 100),
    g: Float64Array.of(1e-6, -1e-6),
    hessian: Float64Array.of(1, 0, 1, 1 + 4e-16),
    ridge: new Float64Array(2),
    l1: Float64Array.of(0, 0),
  });
  expect(bound).toBeGreaterThan(1);
  expect(decrease).toBeLessThan(1e-3);
});

test("a long step along a weight without curvature waits while others gain more", () => {
  const model = (g: number) => ({
    w: Float64Array.of(0.5, 1e6),
    g: Float64Array.of(g, 0),
    hessian: Float64Array.of(1, 0, 0, 0),
    ridge: new Float64Array(2),
    l1: Float64Array.of(0, 1e-9),
  });
  const first = minimiseL1Quadratic(model(1));
  expect([...first.p]).toEqual([-1, 0]);
  expect(first.decrease).toBeCloseTo(0.5, 12);
  expect(first.bound).toBeCloseTo(0.501, 12);
  const then = minimiseL1Quadratic(model(0.01));
  expect(then.p[0]).toBeCloseTo(-0.01, 12);
  expect(then.p[1]).toBe(-1e6);
  expect(then.decrease).toBeCloseTo(0.00105, 12);
});
