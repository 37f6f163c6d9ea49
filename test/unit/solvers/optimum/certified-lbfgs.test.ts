/** Tests when L-BFGS asks a sample for its distance from the minimum, and what it makes of the answer. */
import { expect, test } from "vitest";
import { range } from "../../../../src/core/random.js";
import type { Objective } from "../../../../src/engine/objective.js";
import { referenceEngine } from "../../../../src/engine/reference/engine.js";
import { CertifiedLbfgs } from "../../../../src/solvers/optimum/certified-lbfgs.js";
import { Lbfgs } from "../../../../src/solvers/optimum/lbfgs.js";
import type { Point } from "../../../../src/solvers/optimum/method.js";
import { clouds } from "../../../support/examples.js";

const [COUNT, FEATURES, CLASSES] = [400, 6, 3];
const { x: near, y } = clouds(COUNT, FEATURES, CLASSES, 0.8);
/** Columns of such scales that L-BFGS takes some tens of iterations. */
const x = near.map((value, i) => value * 2 ** -(i % FEATURES));
const rows = { count: COUNT, features: FEATURES, x, scale: 1, labels: Uint32Array.from(y) };
const problem = {
  classes: CLASSES,
  intercept: true,
  scale: 1 / COUNT,
  penalties: new Float64Array(FEATURES).fill(1e-6),
  rows: range(COUNT),
};
const scaling = { scale: problem.scale };

/**
 * Fits with a sample of all rows whose curvature, but for the penalty, is `curvature` times the true one.
 * Returns the points until one has a distance or L-BFGS hands over, and how often the sample was asked.
 */
async function fit(tolerance: number, curvature: number) {
  const placement = await referenceEngine().place(rows);
  const objective = await placement.objective(problem);
  const scale = curvature * problem.scale;
  const opened: Objective[] = [];
  const asked: number[] = [];
  const method = new CertifiedLbfgs(
    new Lbfgs({ objective, scaling, start: objective.space.vector(), memory: 10 }),
    {
      objective,
      scaling,
      tolerance,
      openSample: async () => {
        const sample = await placement.objective({ ...problem, scale });
        const linearize = sample.linearize.bind(sample);
        sample.linearize = (w, gradient) => {
          asked.push(points.length);
          return linearize(w, gradient);
        };
        opened.push(sample);
        return { objective: sample, scale, preconditioner: { floor: 0 }, classes: CLASSES, share: 1 / 8 };
      },
    },
  );
  const points: Point[] = [];
  let point: Point | undefined = await method.evaluate();
  while (point && points.length < 500) {
    points.push(point);
    if (point.distance !== undefined) break;
    point = await method.iterate(point, false);
  }
  return { method, points, asked, opened };
}

test("a sample like all rows gives the distance at the first point that is near by the guess", async () => {
  const { points, asked, method } = await fit(1e-5, 1);
  const last = points[points.length - 1];
  const exact = await fit(0, 1);
  const minimum = Math.min(...exact.points.map(({ value }) => value));
  expect(exact.asked).toEqual([]);
  expect(last.distance).toBeLessThan(1e-5 * minimum);
  expect(last.distance).toBeGreaterThan(last.value - minimum);
  expect(asked).toEqual([points.length - 1]);
  for (const { gradientMax, guess, value } of points.slice(0, -1)) {
    expect(gradientMax > 1e-5 || guess > (1e-5 / (1 + 1e-5)) * value).toBe(true);
  }
  // Less than an eighth of a pass for each of some twenty products, and half a pass on all rows.
  expect(method.passes).toBeGreaterThan(points.length + 0.5 + 2 / 8);
  expect(method.passes).toBeLessThan(points.length + 0.5 + 25 / 8);
});

test("where the distance is too large it is asked for again nearer the minimum", async () => {
  const { points, asked, opened } = await fit(1e-4, 0.3);
  expect(asked.length).toBe(3);
  expect(opened).toHaveLength(1);
  const last = points[points.length - 1];
  expect(last.guess).toBeLessThan(points[asked[0]].guess / 8);
  expect(last.distance).toBeLessThan(1e-4 * last.value);
});

test.each([
  { why: "after three tries", tolerance: 1e-5, tries: 3 },
  { why: "where L-BFGS comes nearer too slowly", tolerance: 1e-3, tries: 1 },
])("where the sample never bounds it, it hands over $why", async ({ tolerance, tries }) => {
  const { points, asked, method } = await fit(tolerance, 0);
  expect(points.every(({ distance }) => distance === undefined)).toBe(true);
  expect(asked).toHaveLength(tries);
  expect(points.length).toBeLessThan(1.5 * asked[0] + 4);
  expect(await method.iterate(points[points.length - 1], false)).toBeUndefined();
});
