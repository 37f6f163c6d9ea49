/** Compares fits with l1, whose weights are often exactly 0, with optima computed in extended precision. */
import { describe, expect, test } from "vitest";
import { type Progress, train } from "../../src/index.js";
import { norm } from "../support/arrays.js";
import { clouds } from "../support/examples.js";
import { SPARSE, dataSet, penalisedAt } from "../support/optima.js";
import { all, reachesOptima, farthest, fit } from "./sparse.js";

describe("on the wasm engine, with a tolerance of 1e-6", () => {
  reachesOptima("wasm", SPARSE);
});

test.each(SPARSE.filter(({ set }) => set === "wine"))(
  "in f64 it goes as far as it is told to: $set, $kind, l1 = $l1, l2 = $l2",
  async (optimum) => {
    const { set, kind, l1, l2 } = optimum;
    const data = dataSet(set, kind);
    const model = await fit(data, { engine: "reference", l1, l2, tolerance: 1e-9 });
    expect(model.reason).toContain("within tolerance 1e-9");
    const w = all(model).subarray(0, optimum.weights.length - data.classes);
    const away = norm(w.map((value, i) => value - optimum.weights[i]));
    expect(away).toBeLessThan(1e-6 * norm(optimum.weights)); // models store f32
    expect(w.map(Math.sign).map((sign) => sign || 0)).toEqual(
      optimum.weights.subarray(0, w.length).map(Math.sign),
    );
  },
);

test("an iteration costs about one pass, and features of very different sizes cost few iterations", async () => {
  const reports: Progress[] = [];
  const data = dataSet("wine", "raw"); // values from 0.1 to 1,680
  const onProgress = (one: Progress) => reports.push(one);
  const model = await fit(data, { engine: "reference", l1: 0.01, tolerance: 1e-6, onProgress });
  expect(model.converged).toBe(true);
  expect(model.iterations).toBeLessThan(500);
  const passes = (reports.at(-1)?.examples ?? Infinity) / data.count;
  expect(passes / model.iterations).toBeLessThan(1.2);
});

test("without l1 it is L-BFGS, to the bit", async () => {
  const data = dataSet("wine", "standardised");
  const [none, zero] = await Promise.all(
    [{}, { l1: 0 }].map((options) => fit(data, { engine: "wasm", C: 1, ...options })),
  );
  expect(zero.weights).toEqual(none.weights);
  expect(zero.history.map(({ loss }) => loss)).toEqual(none.history.map(({ loss }) => loss));
});

test("a little l1 changes the weights a little", async () => {
  const data = dataSet("wine", "standardised");
  const [none, some] = await Promise.all(
    [{}, { l1: 1e-6 }].map((options) => fit(data, { engine: "wasm", l2: 0.1, tolerance: 1e-6, ...options })),
  );
  expect(some.weights).not.toEqual(none.weights);
  const away = norm(Float64Array.from(some.weights, (w, i) => w - none.weights[i]));
  expect(away).toBeLessThan(1e-3 * norm(Float64Array.from(none.weights)));
});

test("so much l1 that all weights are 0 leaves the logarithms of how often classes are", async () => {
  const data = dataSet("wine", "standardised");
  const model = await fit(data, { engine: "wasm", l1: 10, tolerance: 1e-6 });
  expect(model.weights.every((w) => w === 0)).toBe(true);
  const shares = [0, 1, 2].map((k) => data.labels.filter((label) => label === k).length / data.count);
  const apart = shares.map((share) => Math.log(share / shares[0]));
  model.bias.forEach((b, k) => expect(b - model.bias[0]).toBeCloseTo(apart[k], 5));
});

test("with C it is an elastic net of the l2 that C means", async () => {
  const data = dataSet("iris", "standardised");
  const [byC, byL2] = await Promise.all(
    [{ C: 2 }, { l2: 1 / (2 * data.count) }].map((l2) => fit(data, { engine: "wasm", l1: 0.01, ...l2 })),
  );
  expect(byC.weights).toEqual(byL2.weights);
  const lasso = await fit(data, { engine: "wasm", l1: 0.01 });
  expect(byC.weights).not.toEqual(lasso.weights);
});

test("rows of whole weights are as many rows", async () => {
  const { x, y, features } = clouds(60, 4, 3, 0.8);
  const times = (row: number) => Math.floor(row / 3) % 3;
  const repeated = y.flatMap((_, row) => Array.from({ length: times(row) }, () => row));
  const options = { engine: "reference", solver: "lbfgs", l1: 0.01, tolerance: 1e-10 } as const;
  const weighted = await train({ x, y, features, weights: y.map((_, row) => times(row)) }, options);
  const rows = repeated.map((row) => Array.from(x.subarray(row * features, (row + 1) * features)));
  const repeats = await train({ x: rows, y: repeated.map((row) => y[row]) }, options);
  expect(weighted.weights.some((w) => w === 0)).toBe(true);
  weighted.weights.forEach((w, i) => expect(w).toBeCloseTo(repeats.weights[i], 5));
});

test("without an intercept there is none", async () => {
  const data = dataSet("iris", "standardised");
  const model = await fit(data, { engine: "wasm", l1: 0.01, intercept: false, tolerance: 1e-6 });
  expect(model.converged).toBe(true);
  expect(model.bias.every((b) => b === 0)).toBe(true);
  const w = all(model);
  const penalised = data.features * data.classes;
  const { gradient } = penalisedAt(data, w, { l1: 0.01, l2: 0 });
  expect(farthest(gradient.subarray(0, penalised), w, penalised, 0.01)).toBeLessThan(1.5e-6);
});

test("separable classes have an optimum", async () => {
  const x = Float32Array.of(-2, -1, 1, 2);
  const model = await train(
    { x, y: ["a", "a", "b", "b"], features: 1 },
    { engine: "wasm", solver: "lbfgs", l1: 0.01, tolerance: 1e-6 },
  );
  expect(model.converged).toBe(true);
  expect(model.reason).not.toContain("separable");
});
