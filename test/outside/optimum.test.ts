/** Compares the solvers lbfgs and newton with optima computed in extended precision. */
import { describe, expect, test } from "vitest";
import { range } from "../../src/core/random.js";
import { gradient, logits, residual } from "../../src/math/passes.js";
import { type Progress, type SoftmaxModel, type TrainOptions, train } from "../../src/index.js";
import { norm } from "../support/arrays.js";
import { clouds } from "../support/examples.js";
import { type DataSet, type Optimum, OPTIMA, dataSet } from "../support/optima.js";

function fit(data: DataSet, options: TrainOptions<number>): Promise<SoftmaxModel<number>> {
  const { x, labels, features } = data;
  return train({ x, y: labels, features, ...(x instanceof Uint8Array && { scale: 1 }) }, options);
}

/** F, ∇F without the intercepts, and the weights less their mean over the classes, all in f64. */
function standing(data: DataSet, model: SoftmaxModel<number>, l2: number) {
  const { count, features, classes } = data;
  const w = Float64Array.from([...model.weights, ...model.bias]);
  const rows = range(count);
  const { residual: r, sums } = residual(data, rows, logits(data, rows, w, classes), classes);
  const g = new Float64Array(w.length);
  gradient(data, rows, r, classes, g);
  const penalised = w.subarray(0, features * classes);
  const slope = g.map((value, i) => value / count + (i < penalised.length ? l2 * w[i] : 0));
  return {
    objective: sums.loss / count + (l2 / 2) * norm(penalised) ** 2,
    slope,
    weights: w.map((value, i) => {
      const row = w.subarray(i - (i % classes), i - (i % classes) + classes);
      return value - row.reduce((a, b) => a + b, 0) / classes;
    }),
  };
}

/** Problems beyond f32: digits classified almost with certainty, whose losses are below its rounding. */
const beyond = ({ set, C }: Optimum) => set === "digits" && C > 100;
/** Problems on which L-BFGS alone takes too long. */
const hard = ({ set, kind, C }: Optimum) => set === "breast_cancer" && kind === "standardised" && C > 100;

describe("on the wasm engine, with a tolerance of 1e-6", () => {
  const within = OPTIMA.filter((one) => !beyond(one));
  test.each([
    ...within.filter((one) => !hard(one)).map((one) => ({ ...one, solver: "lbfgs" as const })),
    ...within.filter(({ set }) => set !== "digits").map((one) => ({ ...one, solver: "newton" as const })),
  ])("$solver comes within a relative 1e-6 of the optimum of $set, $kind, C = $C", async (optimum) => {
    const { set, kind, C, l2, solver } = optimum;
    const data = dataSet(set, kind);
    const model = await fit(data, { engine: "wasm", solver, C, tolerance: 1e-6 });
    const { objective, slope, weights } = standing(data, model, l2);
    expect(Math.abs(objective - optimum.objective) / optimum.objective).toBeLessThan(1e-6);
    // F is strongly convex in the weights, apart from the intercepts, which adjust to them.
    const penalised = data.features * data.classes;
    const away = norm(weights.subarray(0, penalised).map((w, i) => w - optimum.weights[i]));
    expect(away).toBeLessThanOrEqual(norm(slope) / l2 + 1e-6 * norm(optimum.weights));
  });
});

test.each(["lbfgs", "newton"] as const)("%s in f64 goes as far as it is told to", async (solver) => {
  const optimum = OPTIMA.find(({ set, kind, C }) => set === "wine" && kind === "raw" && C === 1);
  const data = dataSet("wine", "raw");
  const model = await fit(data, { engine: "reference", solver, C: 1, tolerance: 1e-9 });
  const { objective } = standing(data, model, optimum?.l2 ?? 0);
  expect(model.converged).toBe(true);
  expect(model.reason).toContain("within tolerance 1e-9");
  expect(objective / (optimum?.objective ?? 0)).toBeCloseTo(1, 8);
});

test("features of very different sizes cost few iterations, and an iteration about one pass", async () => {
  const data = dataSet("wine", "raw"); // from 0.1 to 1,680: over 1,500 iterations without a preconditioner
  const reports: Progress[] = [];
  const model = await fit(data, {
    engine: "wasm",
    solver: "lbfgs",
    C: 1,
    onProgress: (one) => reports.push(one),
  });
  expect(model.iterations).toBeLessThan(100);
  const passes = (reports.at(-1)?.examples ?? Infinity) / data.count;
  expect(passes / model.iterations).toBeLessThan(2);
});

test("C is l2 in other words, and counts the weights of the rows", async () => {
  const data = dataSet("iris", "standardised");
  const weights = Float32Array.from({ length: data.count }, (_, row) => 1 + (row % 3));
  const total = weights.reduce((a, b) => a + b, 0);
  const base = { x: data.x, y: data.labels, features: data.features, weights };
  const options = { engine: "wasm", solver: "lbfgs" } as const;
  const byC = await train(base, { ...options, C: 2 });
  const byL2 = await train(base, { ...options, l2: 1 / (2 * total) });
  expect(byC.weights).toEqual(byL2.weights);
});

test("rows of whole weights are as many rows", async () => {
  const { x, y, features } = clouds(60, 4, 3, 0.8);
  const weights = y.map((_, row) => Math.floor(row / 3) % 3);
  const repeated = y.flatMap((_, row) => Array.from({ length: Math.floor(row / 3) % 3 }, () => row));
  const options = { engine: "reference", solver: "newton", l2: 0.01, tolerance: 1e-10 } as const;
  const weighted = await train({ x, y, features, weights }, options);
  const rows = repeated.map((row) => Array.from(x.subarray(row * features, (row + 1) * features)));
  const repeats = await train({ x: rows, y: repeated.map((row) => y[row]) }, options);
  weighted.weights.forEach((w, i) => expect(w).toBeCloseTo(repeats.weights[i], 5));
});

describe("without a penalty", () => {
  test("separable classes end at the last iteration, with finite weights and the cause", async () => {
    const x = Float32Array.of(-2, -1, 1, 2);
    const model = await train(
      { x, y: ["a", "a", "b", "b"], features: 1 },
      { engine: "wasm", solver: "lbfgs", l2: 0, maxIterations: 5, tolerance: 1e-12 },
    );
    expect(model.converged).toBe(false);
    expect(model.weights.every(Number.isFinite)).toBe(true);
    expect(model.reason).toMatch(/^the classes are separable.*give l2 or C; all 5 iterations are done/);
    const losses = model.history.map(({ loss }) => loss);
    expect(losses).toEqual(losses.toSorted((a, b) => b - a));
  });

  test.each(
    (["lbfgs", "newton"] as const).flatMap((solver) =>
      (["wasm", "reference"] as const).map((engine) => ({ solver, engine })),
    ),
  )("separable classes never converge, however small the gradient: $solver on $engine", async (how) => {
    const x = Float32Array.of(-2, -1, 1, 2);
    const model = await train({ x, y: ["a", "a", "b", "b"], features: 1 }, { ...how, l2: 0 });
    expect(model.converged).toBe(false);
    expect(model.weights.every(Number.isFinite)).toBe(true);
    expect(model.history.at(-1)?.gradientMax).toBeLessThan(1e-5);
    expect(model.reason).toMatch(/separable.*give l2 or C/);
  });

  test.each(["lbfgs", "newton"] as const)(
    "of what the data do not tell apart nothing grows: %s",
    async (solver) => {
      // A duplicated feature and a constant one.
      const x = [1, 2, 3, 2.5].map((value) => [value, value, 5]);
      const model = await train({ x, y: ["a", "b", "a", "b"] }, { engine: "wasm", solver, l2: 0 });
      const [first, , second, , constant] = model.weights;
      expect(model.converged).toBe(true);
      expect(first).toBeCloseTo(second, 5);
      expect(constant).toBeCloseTo(0, 5);
      expect(Math.max(...model.weights.map(Math.abs))).toBeLessThan(1);
    },
  );

  test.each(["lbfgs", "newton"] as const)(
    "features that never change say nothing, and do no harm: %s",
    async (solver) => {
      const constant = {
        x: new Float32Array(40).fill(3),
        y: Array.from({ length: 20 }, (_, row) => row % 2),
      };
      const model = await train({ ...constant, features: 2 }, { engine: "wasm", solver, l2: 0 });
      expect(model.predictProba(Float32Array.of(3, 3))[0]).toBeCloseTo(0.5, 5);
      expect(Math.max(...model.weights.map(Math.abs))).toBeLessThan(1e-3);
    },
  );

  test("classes that overlap have an optimum", async () => {
    const model = await train(clouds(300, 3, 3, 0.8), {
      engine: "wasm",
      solver: "lbfgs",
      l2: 0,
      tolerance: 1e-6,
    });
    expect(model.converged).toBe(true);
  });
});

test("it stops when the validation gets no better, and gives back the best weights", async () => {
  const { x, y, features } = clouds(120, 40, 3, 4);
  const model = await train(
    { x, y, features },
    { engine: "wasm", solver: "lbfgs", l2: 0, validation: 0.4, patience: 3, seed: 1 },
  );
  const losses = model.history.map(({ validation }) => validation?.loss ?? Number.NaN);
  expect(model.reason).toMatch(
    /no lower validation loss for 3 iterations; the weights are the best, of iteration \d+/,
  );
  expect(Math.min(...losses)).toBeLessThan(losses.at(-1) ?? Number.NaN);
});

test.each<{ end: string; options: TrainOptions<number>; reason: RegExp }>([
  { end: "within tolerance", options: {}, reason: /within tolerance/ },
  { end: "after the last iteration", options: { maxIterations: 3 }, reason: /all 3 iterations/ },
  {
    end: "where f32 ends",
    options: { solver: "newton", tolerance: 1e-30 },
    reason: /rounding hides any lower point/,
  },
  {
    end: "when patience ends",
    options: { validation: 0.4, patience: 2, seed: 1, tolerance: 1e-12 },
    reason: /no lower validation loss/,
  },
])("the last report, and no other, says that all is done: $end", async ({ options, reason }) => {
  const reports: Progress[] = [];
  const onProgress = (one: Progress) => reports.push(one);
  const model = await train(clouds(120, 10, 3, 2), {
    engine: "wasm",
    solver: "lbfgs",
    l2: 1e-5,
    ...options,
    onProgress,
  });
  expect(model.reason).toMatch(reason);
  const done = reports.filter(({ fraction }) => fraction === 1);
  expect(done).toHaveLength(1);
  expect(reports.at(-1)).toBe(done[0]);
  expect(done[0].iteration).toBe(model.iterations);
});
