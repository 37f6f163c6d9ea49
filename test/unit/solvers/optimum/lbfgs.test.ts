/** Tests moves of L-BFGS that are queued with the trial that should accept them, and turn out wrong. */
import { expect, test, vi } from "vitest";
import { range } from "../../../../src/core/random.js";
import type { FloatArray } from "../../../../src/core/rows.js";
import type { Trial } from "../../../../src/core/sums.js";
import { referenceEngine } from "../../../../src/engine/reference/engine.js";
import { Lbfgs } from "../../../../src/solvers/optimum/lbfgs.js";
import { type Point, valueOf } from "../../../../src/solvers/optimum/method.js";
import { randomRows } from "../../../support/examples.js";

const [COUNT, FEATURES, CLASSES] = [90, 6, 3];
const rows = randomRows(COUNT, FEATURES, CLASSES, 4);
const scaling = { scale: 1 / COUNT };
const problem = {
  classes: CLASSES,
  intercept: true,
  ...scaling,
  penalties: new Float64Array(FEATURES).fill(2 ** -10),
  rows: range(COUNT),
};

/** Newton's step from here leads half of the way back. */
const TOO_FAR = (trial: Trial): Trial => ({ ...trial, slope: trial.curvature / 2 });
/** A move along the wrong part of a step is made up for by the next one. */
const TOO_SHORT = ({ slope, ...trial }: Trial): Trial => ({ ...trial, slope: slope - COUNT });
/** No part of the step is accepted. */
const NOWHERE = (trial: Trial): Trial => ({ ...trial, slope: NaN });

test.each([
  { what: "too short", wrong: TOO_SHORT, wrongTrials: 1, restarts: false },
  { what: "refused", wrong: NOWHERE, wrongTrials: Infinity, restarts: true },
])(
  "a likely move that is $what leaves everything as it should be",
  async ({ wrong, wrongTrials, restarts }) => {
    const placement = await referenceEngine().place(rows);
    const objective = await placement.objective(problem);
    const method = new Lbfgs({ objective, scaling, start: objective.space.vector(), memory: 5 });
    const points = [await method.evaluate()];
    for (let n = 0; n < 3; n++) points.push(await iterated(method, points[n]));

    const before = await gradientAt(method);
    const evaluate = objective.evaluateAlong.bind(objective);
    const linearize = vi.spyOn(objective, "linearize");
    const step = vi.spyOn(objective, "step");
    const trials = vi.spyOn(objective, "evaluateAlong");
    // The first trial is too far, and the next ones are wrong until L-BFGS restarts.
    trials.mockImplementation(async (ts) => {
      const found = await evaluate(ts);
      const n = trials.mock.calls.length;
      if (n > 1 + wrongTrials || linearize.mock.calls.length > 0) return found;
      return found.map(n === 1 ? TOO_FAR : wrong);
    });
    const point = await iterated(method, points[3]);
    expect(trials.mock.calls.length).toBeGreaterThan(2);
    expect(linearize.mock.calls.length > 0).toBe(restarts);
    expect(step.mock.calls.length).toBeGreaterThanOrEqual(2); // the likely one, and that after it
    expect(point.value).toBeLessThan(points[3].value);

    const now = await gradientAt(method);
    expect(now.value).toBeCloseTo(point.value, 12);
    expectClose(await objective.logits(), now.logits);
    const state = await method.state();
    if (state.kind !== "quasi-newton") throw new Error("The state is of another method.");
    const [s, y] = state.pairs[state.pairs.length - 1].vectors;
    expectClose(s, difference(now.weights, before.weights));
    expectClose(y, difference(now.gradient, before.gradient));
    expect(Math.abs(dot(s, now.gradient))).toBeLessThanOrEqual(0.1 * Math.abs(dot(s, before.gradient)));

    /** F, its gradient and the logits at the method's weights, computed afresh. */
    async function gradientAt({ weights: { number } }: Lbfgs) {
      const weights = await objective.space.read({ number });
      const fresh = await placement.objective(problem);
      const [w, g] = [fresh.space.vector(weights), fresh.space.vector()];
      const [sums, [square]] = await Promise.all([fresh.linearize(w, g), fresh.space.products([[w, w]])]);
      const [gradient, logits] = await Promise.all([fresh.space.read(g), fresh.logits()]);
      return { weights, gradient, logits, value: valueOf(scaling, sums, square) };
    }
  },
);

test("no move is likely after a trial whose loss overflows, as Z would too", async () => {
  const placement = await referenceEngine().place(rows);
  const objective = await placement.objective(problem);
  const method = new Lbfgs({ objective, scaling, start: objective.space.vector(), memory: 5 });
  const points = [await method.evaluate()];
  for (let n = 0; n < 3; n++) points.push(await iterated(method, points[n]));
  const evaluate = objective.evaluateAlong.bind(objective);
  const step = vi.spyOn(objective, "step");
  const trials = vi.spyOn(objective, "evaluateAlong");
  trials.mockImplementation(async (ts) => {
    const found = await evaluate(ts);
    return trials.mock.calls.length <= 2 ? found.map(NOWHERE) : found;
  });
  await iterated(method, points[3]);
  expect(step).toHaveBeenCalledTimes(1);
});

async function iterated(method: Lbfgs, from: Point): Promise<Point> {
  const next = await method.iterate(from, false);
  if (!next) throw new Error("L-BFGS found no lower point.");
  return next;
}

const dot = (a: FloatArray, b: FloatArray) =>
  Float64Array.from(a, (value, i) => value * b[i]).reduce((sum, one) => sum + one, 0);
const difference = (a: FloatArray, b: FloatArray) => Float64Array.from(a, (value, i) => value - b[i]);
const expectClose = (found: FloatArray, exact: FloatArray) =>
  found.forEach((value, i) => expect(value).toBeCloseTo(exact[i], 12));
