/**
 * Tests the dense Hessian for a row that is almost certain of its class, where 1 − s has no digits left, but
 * the sum of the other probabilities has.
 */
import { expect, test } from "vitest";
import { range } from "../../../../src/core/random.js";
import { denseHessian } from "../../../../src/solvers/optimum/dense-hessian.js";

test.each([2, 40, 100, 300])("the curvature of a row that is certain by %d is right", (margin) => {
  const rows = { x: Float64Array.of(3), features: 1, count: 1, scale: 1, labels: Uint32Array.of(0) };
  const problem = { classes: 3, intercept: false, scale: 1, penalties: new Float64Array(1), rows: range(1) };
  const hessian = denseHessian(rows, problem, Float64Array.of(0, -margin, -margin), false);
  const at = (k: number, l: number) => hessian[k * 6 + l];
  const e = Math.exp(-margin);
  const s = [1, e, e].map((one) => one / (1 + 2 * e));
  for (const [k, l, exact] of [
    [0, 0, s[0] * (s[1] + s[2])],
    [1, 0, -s[1] * s[0]],
    [1, 1, s[1] * (s[0] + s[2])],
    [2, 1, -s[2] * s[1]],
  ]) {
    expect(Math.abs(at(k, l) / (9 * exact) - 1)).toBeLessThan(1e-12);
  }
});
