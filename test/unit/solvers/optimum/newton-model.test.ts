/**
 * Tests the distance to the minimum that the quadratic model of F gives, on one row of two classes: F = log(1
 * + e^−2w) + l2·w².
 */
import { expect, test } from "vitest";
import { range } from "../../../../src/core/random.js";
import { referenceEngine } from "../../../../src/engine/reference/engine.js";
import { NewtonModel } from "../../../../src/solvers/optimum/newton-model.js";

/** The objective at weights (w, −w), and its model. */
async function atWeights(w: number) {
  const rows = { count: 1, features: 1, x: Float64Array.of(1), scale: 1, labels: Uint32Array.of(0) };
  const problem = { classes: 2, intercept: false, scale: 1, penalties: new Float64Array(1), rows: range(1) };
  const placement = await referenceEngine().place(rows);
  const objective = await placement.objective(problem);
  const { space } = objective;
  await objective.linearize(space.vector(Float64Array.of(w, -w, 0, 0)), space.vector());
  return { objective, model: new NewtonModel(objective, { scale: 1 }, { tolerance: 1e-5 }) };
}

/** The model's distance where F is at weights (w, −w), and the model's minimum at (w + p, −w − p). */
async function said(w: number, p: number, distance: number) {
  const { objective, model } = await atWeights(w);
  return model.above(distance, objective.space.vector(Float64Array.of(p, -p, 0, 0)));
}

test("a short step says that it is the model's", async () => {
  expect(await said(0.3, 1e-3, 0.01)).toBeLessThan(0.0111);
});

test("in the tail of e^−z a Newton step knows more than half of the way", async () => {
  // There F − F* = F = e^−2w, and half of the decrement is e^−2w / 2 with a step of ½.
  const f = Math.exp(-20);
  const distance = await said(10, 0.5, f / 2);
  expect(distance).toBeGreaterThan(f);
  expect(distance).toBeLessThan(20 * f);
});

test("a step between points of equal curvature, past others of more, is not trusted", async () => {
  // From −4 to 4 the curvature is the same at both ends, and the slope goes from −2 to 0.
  expect(await said(-4, 8, 1e-6)).toBeGreaterThan(1e-3);
});

test.each([
  { w: 30, penalty: 1e-6, best: 0.5 },
  { w: 1, penalty: 1e-6, best: 1 },
])("weights of $w and a penalty of $penalty gain most at $best of them", async ({ w, penalty, best }) => {
  const { objective, model } = await atWeights(w);
  const { space } = objective;
  const weights = space.vector(Float64Array.of(w, -w, 0, 0));
  const sums = await objective.linearize(weights, space.vector());
  const f = (part: number) => Math.log1p(Math.exp(-2 * part * w)) + part ** 2 * penalty;
  expect(await model.gainTowardsZero(weights, sums, penalty)).toBeCloseTo(f(1) - f(best), 14);
});
