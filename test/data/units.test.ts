/** `standardize`: the same optimum as on features that were standardised beforehand, told in terms of the features themselves. */
import { describe, expect, test } from "vitest";
import { range } from "../../src/data/random.js";
import {
  fromStandardised,
  standardisation,
  standardised,
  toStandardised,
} from "../../src/data/standardisation.js";
import { type SoftmaxModel, train } from "../../src/index.js";
import { distance } from "../support/arrays.js";
import { clouds, randomRows } from "../support/examples.js";
import { OPTIMA, type SetName, dataSet } from "../support/optima.js";

/** Mean and deviation of a column, by the textbook. */
function momentsOf(column: readonly number[]): { mean: number; deviation: number } {
  const mean = column.reduce((a, b) => a + b, 0) / column.length;
  const square = column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / column.length;
  return { mean, deviation: Math.sqrt(square) };
}

function columnsOf({ x, features }: { x: ArrayLike<number>; features: number }): number[][] {
  return Array.from({ length: features }, (_, d) =>
    Array.from({ length: x.length / features }, (__, row) => x[row * features + d]),
  );
}

const raw = (set: SetName) => {
  const { x, labels, features } = dataSet(set, "raw");
  return { x, y: labels, features, ...(x instanceof Uint8Array && { scale: 1 }) };
};

describe.each([
  { set: "wine", C: 1 },
  { set: "breast_cancer", C: 0.01 },
  { set: "digits", C: 0.01 }, // bytes, and some of its columns are constant
] as const)("of $set, C = $C", ({ set, C }) => {
  const optimum = OPTIMA.find((one) => one.set === set && one.kind === "standardised" && one.C === C);
  const columns = columnsOf(dataSet(set, "raw")).map(momentsOf);

  test.each(["wasm", "reference"] as const)(
    "the optimum is that of standardised features, on %s",
    async (engine) => {
      const model = await train(raw(set), {
        engine,
        solver: "newton",
        C,
        standardize: true,
        tolerance: 1e-7,
      });
      const k = model.classes.length;
      const found = model.weights.map((weight, i) => weight * columns[Math.floor(i / k)].deviation);
      const exact = optimum?.weights.subarray(0, found.length) ?? [];
      expect(distance(found, exact)).toBeLessThan(1e-4);
      const bias = model.bias.map((b, c) =>
        columns.reduce((sum, { mean }, d) => sum + mean * model.weights[d * k + c], b),
      );
      const shift = bias.reduce((a, b) => a + b, 0) / k;
      expect(
        distance(
          bias.map((b) => b - shift),
          optimum?.weights.subarray(found.length) ?? [],
        ),
      ).toBeLessThan(1e-4);
    },
  );

  test("a constant feature has no weight", async () => {
    const model = await train(raw(set), { engine: "wasm", C, solver: "lbfgs", standardize: true });
    const k = model.classes.length;
    const constant = columns.flatMap(({ deviation }, d) => (deviation === 0 ? [d] : []));
    expect(constant).toHaveLength(set === "digits" ? 3 : 0);
    for (const d of constant)
      expect([...model.weights.subarray(d * k, (d + 1) * k)].map(Math.abs)).toEqual(Array(k).fill(0));
  });
});

describe("the change of variables", () => {
  test("is that of the rows named, by weight: a row of weight 2 is two rows", () => {
    const rows = { ...randomRows(4, 3, 2), weights: Float32Array.of(2, 1, 0, 5) };
    const { mean, deviation } = standardisation(rows, Uint32Array.of(0, 1, 2), true);
    columnsOf(rows).forEach((column, d) => {
      const exact = momentsOf([column[0], column[0], column[1]]);
      expect(mean[d]).toBeCloseTo(exact.mean, 12);
      expect(deviation[d]).toBeCloseTo(exact.deviation, 12);
    });
  });

  test("keeps its digits where the mean is far from zero, and knows a constant that has no exact mean", () => {
    const x = Float64Array.from({ length: 300 }, (_, i) =>
      i % 3 === 0 ? 1e8 + (i % 2) : i % 3 === 1 ? 0.1 : 1e30,
    );
    const rows = { count: 100, features: 3, x, scale: 1, labels: new Uint32Array(100) };
    const { mean, deviation } = standardisation(rows, range(100), true);
    expect(mean[0]).toBe(1e8 + 0.5);
    expect(deviation[0]).toBeCloseTo(0.5, 12);
    expect(deviation[1]).toBe(1);
    expect(deviation[2]).toBe(1);
  });

  test("leaves the mean where there is no intercept to make up for it", () => {
    const rows = randomRows(10, 2, 2);
    const { mean, deviation } = standardisation(rows, range(10), false);
    expect([...mean]).toEqual([0, 0]);
    expect(deviation).toEqual(standardisation(rows, range(10), true).deviation);
  });

  test("does not change what weights say of a row, there and back", () => {
    const [features, classes] = [3, 4];
    const rows = {
      ...randomRows(20, features, classes),
      x: Uint8Array.from({ length: 60 }, (_, i) => (i * 37) % 256),
      scale: 1 / 255,
    };
    const standard = standardisation(rows, range(20), true);
    const changed = standardised(rows, standard);
    const weights = Float64Array.from({ length: (features + 1) * classes }, (_, i) => Math.sin(i));
    const logitsOf = (x: ArrayLike<number>, scale: number, w: ArrayLike<number>) =>
      Array.from({ length: 20 * classes }, (_, i) => {
        const [row, k] = [Math.floor(i / classes), i % classes];
        let z = w[features * classes + k];
        for (let d = 0; d < features; d++) z += scale * x[row * features + d] * w[d * classes + k];
        return z;
      });
    const there = fromStandardised(weights, standard, classes);
    expect(distance(logitsOf(rows.x, rows.scale, there), logitsOf(changed.x, 1, weights))).toBeLessThan(1e-6);
    expect(distance(toStandardised(there, standard, classes), weights)).toBeLessThan(1e-6);
  });
});

test("validation is standardised as the rows to train on are", async () => {
  const { x, y, features } = clouds(200, 4, 3, 1);
  const shifted = x.map((value, i) => 100 * value + (i % features) * 30);
  const held = { x: shifted.subarray(150 * features), y: y.slice(150), features };
  const model = await train(
    { x: shifted.subarray(0, 150 * features), y: y.slice(0, 150), features },
    { engine: "reference", solver: "lbfgs", l2: 0.01, standardize: true, validation: held },
  );
  expect(model.history.at(-1)?.validation?.loss).toBeCloseTo(model.evaluate(held).loss, 5);
});

test("with a first-order solver the steps are those on standardised features, and pass for right", async () => {
  const { x, y, features } = clouds(90, 4, 3, 1);
  const far = x.map((value, i) => 1000 * value + (i % features) * 5000);
  const options = { engine: "wasm", solver: "sgd", epochs: 3, batchSize: 16 } as const;
  const model: SoftmaxModel<number> = await train(
    { x: far, y, features },
    { ...options, standardize: true, parity: true },
  );
  const columns = columnsOf({ x: far, features }).map(momentsOf);
  const beforehand = await train(
    {
      x: far.map((value, i) => (value - columns[i % features].mean) / columns[i % features].deviation),
      y,
      features,
    },
    options,
  );
  expect(model.history.at(-1)?.loss).toBeCloseTo(beforehand.history.at(-1)?.loss ?? 0, 6);
  expect(model.parity?.rho).toBeLessThan(1);
  expect(model.evaluate({ x: far, y }).accuracy).toBe(
    beforehand.evaluate({
      x: far.map((value, i) => (value - columns[i % features].mean) / columns[i % features].deviation),
      y,
    }).accuracy,
  );
});
