/**
 * Tests second-order fits at their edges: a component that softmax does not see, a tolerance of 0, and
 * classes without rows.
 */
import { describe, expect, test } from "vitest";
import { randomIntegers, range } from "../../../../src/core/random.js";
import { referenceEngine } from "../../../../src/engine/reference/engine.js";
import { type SoftmaxModel, type TrainOptions, train } from "../../../../src/index.js";
import { DenseEquation } from "../../../../src/solvers/optimum/dense-equation.js";
import { NewtonModel } from "../../../../src/solvers/optimum/newton-model.js";
import { Newton } from "../../../../src/solvers/optimum/newton.js";
import { Draw } from "../../../support/draw.js";
import { clouds, randomRows } from "../../../support/examples.js";

const { x, y, features } = clouds(120, 4, 3, 0.8);
const data = { x, y, features };
const ENGINES = ["reference", "wasm"] as const;
const SOLVERS: TrainOptions<number>[] = [
  { solver: "lbfgs", l2: 0.01 },
  { solver: "newton", l2: 0.01 },
  { solver: "lbfgs", l2: 0 },
  { solver: "newton", l2: 0 },
  { solver: "lbfgs", l1: 0.01 },
];

/** The largest mean over the classes of a row of (rows, classes). */
function largestMean(values: ArrayLike<number>, classes: number): number {
  const all = Array.from(values);
  const means = Array.from({ length: all.length / classes }, (_, d) =>
    Math.abs(all.slice(d * classes, (d + 1) * classes).reduce((a, b) => a + b, 0) / classes),
  );
  return Math.max(...means);
}

describe.each(ENGINES)("on %s", (engine) => {
  const smooth = SOLVERS.filter(({ l1 }) => l1 === undefined);

  test.each(smooth)("no start leaves a mean over the classes in the weights: %o", async (options) => {
    const model = await train(data, { engine, l2: 0.1 });
    const shifted = {
      ...model,
      weights: model.weights.map((w) => w + 50),
      bias: model.bias.map((b) => b - 80),
    };
    for (const init of ["zeros", "centroids", model, shifted] as const) {
      const found = await train(data, { engine, ...options, init });
      expect(found.converged).toBe(true);
      expect(largestMean(found.weights, 3)).toBeLessThan(1e-6);
      expect(largestMean(found.bias, 3)).toBeLessThan(1e-6);
    }
  });

  test.each(SOLVERS)(
    "a tolerance of 0 goes as far as rounding lets it, and promises nothing: %o",
    async (options) => {
      const near = await train(data, { engine, ...options, tolerance: 1e-10 });
      const model = await train(data, { engine, ...options, tolerance: 0 });
      expect(model.converged).toBe(false);
      expect(model.warnings).toEqual([]);
      expect(model.reason).not.toMatch(/Infinity|NaN|\s-\d+(\.\d+)?(e\S+)? of its minimum/);
      expect(model.iterations).toBeGreaterThanOrEqual(1);
      const [reached, loss] = [(await model.evaluate(data)).loss, (await near.evaluate(data)).loss];
      expect(Math.abs(reached / loss - 1)).toBeLessThan(1e-6);
    },
  );

  test.each(SOLVERS)(
    "a class without rows is all but impossible, and the others are as without it: %o",
    async (options) => {
      // Labels of two classes only; a third class is only named, or has only rows of weight 0.
      const two = y.map((label) => label % 2);
      const without = await train({ ...data, y: two }, { engine, ...options });
      const named = { ...data, y: two, classes: [0, 1, 2] };
      const weightless = { x, y: y.map((label, row) => (row < 30 ? 2 : label % 2)), features };
      const weights = y.map((_, row) => (row < 30 ? 0 : 1));
      const rest = { x: x.subarray(30 * features), y: two.slice(30), features };
      const alone = await train(rest, { engine, ...options });
      for (const [with3, other, rows] of [
        [await train(named, { engine, ...options }), without, { ...data, y: two }],
        [await train({ ...weightless, weights }, { engine, ...options }), alone, rest],
      ] as const) {
        expect(with3.classes).toEqual([0, 1, 2]);
        expect(with3.converged).toBe(true);
        expect(with3.reason).not.toMatch(/Infinity|NaN/);
        const loss = (await other.evaluate(rows)).loss;
        expect(Math.abs((await with3.evaluate(rows)).loss / loss - 1)).toBeLessThan(1e-3);
        const third = with3.predictProba(rows.x).filter((_, i) => i % 3 === 2);
        expect(Math.max(...third)).toBeLessThan(1e-6);
      }
    },
  );

  test.each(["lbfgs", "newton"] as const)(
    "without an intercept a class without rows has a minimum, which %s reaches",
    async (solver) => {
      const named = { ...data, y: y.map((label) => label % 2), classes: [0, 1, 2] };
      const model = await train(named, { engine, solver, l2: 0.01, intercept: false });
      expect(model.converged).toBe(true);
      const exact = await train(named, {
        engine: "reference",
        solver,
        l2: 0.01,
        intercept: false,
        tolerance: 1e-12,
      });
      expect(
        Math.abs((await model.evaluate(named)).loss / (await exact.evaluate(named)).loss - 1),
      ).toBeLessThan(1e-3);
    },
  );
});

describe.each([2, 3, 6, 12])("flowers of seed %d", (seed) => {
  const near = flowers(seed);

  test.each([1e5, 1e6])(
    "with an l1 penalty of next to nothing, 1/(%d·rows), end at the minimum, and say so",
    async (C) => {
      // F is far below 0.01 here, and its curvature is nearly 0.
      const l1 = 1 / (C * near.y.length);
      const penalised = async (model: SoftmaxModel<number>) =>
        (await model.evaluate(near)).loss + l1 * model.weights.reduce((sum, w) => sum + Math.abs(w), 0);
      const options = { engine: "reference", l1, l2: 0 } as const;
      const exact = await penalised(await train(near, { ...options, tolerance: 1e-9, maxIterations: 5000 }));
      for (const engine of ENGINES) {
        const model = await train(near, { ...options, engine });
        expect(model.reason).toMatch(/within tolerance/);
        expect((await penalised(model)) - exact).toBeLessThan(1e-5 * Math.max(exact, 0.01));
      }
    },
  );
});

/**
 * 50 rows of each of three almost separable classes, with about the means and deviations of Fisher's irises.
 */
function flowers(seed: number) {
  const draw = new Draw(randomIntegers(seed));
  const means = [
    [5, 3.4, 1.5, 0.25],
    [5.9, 2.8, 4.3, 1.3],
    [6.6, 3, 5.5, 2],
  ];
  const deviations = [0.5, 0.35, 0.5, 0.25];
  const labels = Array.from({ length: 150 }, (_, row) => Math.floor(row / 50));
  return { x: labels.map((k) => means[k].map((mean, d) => mean + deviations[d] * draw.normal())), y: labels };
}

test("Newton's method itself loses a start's mean over the classes", async () => {
  const rows = randomRows(60, 3, 3);
  const problem = {
    classes: 3,
    intercept: true,
    scale: 1 / 60,
    penalties: new Float64Array(3).fill(0.01),
    rows: range(60),
  };
  const placement = await referenceEngine().place(rows);
  const objective = await placement.objective(problem);
  const { space } = objective;
  const scaling = { scale: problem.scale };
  const start = space.vector(Float64Array.from({ length: 12 }, (_, i) => Math.sin(i) + 7));
  const equation = new DenseEquation(objective, rows, problem);
  const model = new NewtonModel(objective, scaling, { tolerance: 1e-9 });
  const newton = new Newton({ objective, scaling, start, model, equation });
  let point = await newton.evaluate();
  expect(largestMean(await space.read(newton.weights), 3)).toBeLessThan(1e-12);
  for (let turn = 0; turn < 20 && point.distance === undefined; turn++) {
    point = (await newton.iterate(point, false)) ?? point;
  }
  expect(point.distance).toBeLessThan(1e-9);
  expect(largestMean(await space.read(newton.weights), 3)).toBeLessThan(1e-12);
});
