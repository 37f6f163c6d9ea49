/**
 * Tests the units that features are trained in: those of `standardize`, and those that lbfgs and newton work
 * in.
 */
import { describe, expect, test } from "vitest";
import { range } from "../../../src/core/random.js";
import {
  type FeatureUnits,
  fromUnits,
  inUnits,
  standardUnits,
  toUnits,
  workingUnits,
} from "../../../src/data/units.js";
import { readAllRows } from "../../../src/core/row-source.js";
import type { Rows } from "../../../src/core/rows.js";
import { type SoftmaxModel, train } from "../../../src/index.js";
import { distance } from "../../support/arrays.js";
import { clouds, randomRows } from "../../support/examples.js";
import { OPTIMA, type SetName, dataSet } from "../../support/optima.js";

/** Mean and deviation of a column, by their definitions. */
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
  { set: "digits", C: 0.01 }, // bytes, with some constant columns
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

/** Rows of these columns, in f64 unless `more` says otherwise. */
function rowsOf(columns: readonly (readonly number[])[], more: Partial<Rows> = {}): Rows {
  const [count, features] = [columns[0].length, columns.length];
  const x = Float64Array.from(
    { length: count * features },
    (_, i) => columns[i % features][Math.floor(i / features)],
  );
  return { count, features, x, scale: 1, labels: new Uint32Array(count), ...more };
}

describe("the units of standardize", () => {
  test("are those of the rows named, by weight: a row of weight 2 is two rows", async () => {
    const rows = { ...randomRows(4, 3, 2), weights: Float32Array.of(2, 1, 0, 5) };
    const { origin, unit } = await standardUnits(rows, Uint32Array.of(0, 1, 2), true);
    columnsOf(rows).forEach((column, d) => {
      const exact = momentsOf([column[0], column[0], column[1]]);
      expect(origin[d]).toBeCloseTo(exact.mean, 12);
      expect(unit[d]).toBeCloseTo(exact.deviation, 12);
    });
  });

  test("keep their digits where the mean is far from zero, and know a constant that has no exact mean", async () => {
    const rows = rowsOf([
      Array.from({ length: 100 }, (_, n) => 1e8 + (n % 2)),
      Array(100).fill(0.1),
      Array(100).fill(1e30),
    ]);
    const { origin, unit } = await standardUnits(rows, range(100), true);
    expect(origin[0]).toBe(1e8 + 0.5);
    expect(unit[0]).toBeCloseTo(0.5, 12);
    expect([unit[1], unit[2]]).toEqual([1, 1]);
  });

  test("leave the mean where there is no intercept to make up for it", async () => {
    const rows = randomRows(10, 2, 2);
    const { origin, unit } = await standardUnits(rows, range(10), false);
    expect([...origin]).toEqual([0, 0]);
    expect(unit).toEqual((await standardUnits(rows, range(10), true)).unit);
  });
});

/** The same penalty for all features. */
function penalties({ features }: Rows, l2: number): Float64Array {
  return new Float64Array(features).fill(l2);
}

describe("working units", () => {
  test.each([1e-30, 1e-12, 1, 1e12, 1e30])(
    "of values about %d are the powers of 2 nearest to the deviations, about the mean",
    async (size) => {
      const base = randomRows(50, 3, 2);
      const rows = { ...base, x: base.x.map((value, i) => size * (value * 10 ** (i % 3) + 5 * (i % 3))) };
      const { origin, unit } = await workingUnits(rows, range(50), true, penalties(rows, 0));
      columnsOf(rows).forEach((column, d) => {
        const { mean, deviation } = momentsOf(column);
        expect(Math.abs(origin[d] - mean)).toBeLessThan(1e-12 * deviation);
        expect(Number.isInteger(Math.log2(unit[d]))).toBe(true);
        expect(Math.abs(Math.log2(unit[d] / deviation))).toBeLessThanOrEqual(0.5);
      });
      const columns = columnsOf(await readAllRows(inUnits(rows, { origin, unit })));
      for (const column of columns) {
        const { mean, deviation } = momentsOf(column);
        expect(Math.abs(mean)).toBeLessThan(1e-6);
        expect(Math.abs(Math.log2(deviation))).toBeLessThan(0.51);
      }
    },
  );

  test("weigh rows as repetition does: a row of weight 2 is two rows", async () => {
    const rows = { ...randomRows(4, 3, 2), weights: Float32Array.of(2, 1, 0, 5) };
    const { origin, unit } = await workingUnits(rows, Uint32Array.of(0, 1, 2), true, penalties(rows, 0));
    columnsOf(rows).forEach((column, d) => {
      const exact = momentsOf([column[0], column[0], column[1]]);
      expect(origin[d]).toBeCloseTo(exact.mean, 12);
      expect(unit[d]).toBe(2 ** Math.round(Math.log2(exact.deviation)));
    });
  });

  test.each([0, 3, 0.1, -1e4 / 3, 1e-30, 1e30])("make a column of %d alone exactly 0", async (value) => {
    const rows = rowsOf([Array(70).fill(value), Array.from({ length: 70 }, (_, n) => n % 3)]);
    for (const weights of [undefined, Float64Array.from({ length: 70 }, (_, n) => 0.1 + (n % 7) / 3)]) {
      const weighted = { ...rows, ...(weights && { weights }) };
      const units = await workingUnits(weighted, range(70), true, penalties(weighted, 0));
      expect(units.unit[0]).toBe(1);
      expect(columnsOf(await readAllRows(inUnits(weighted, units)))[0].map(Math.abs)).toEqual(
        Array(70).fill(0),
      );
    }
  });

  // A sample of 4096 of 8192 rows has only the first of every two.
  const sparse = Array.from({ length: 8192 }, (_, n) => (n % 512 === 511 ? 40 : 0));

  test("of a feature that is constant in the sample, but not elsewhere, are those of all rows", async () => {
    const rows = rowsOf([sparse, sparse.map(() => 7)]);
    const { origin, unit } = await workingUnits(rows, range(8192), true, penalties(rows, 0));
    const { mean, deviation } = momentsOf(sparse);
    expect(origin[0]).toBeCloseTo(mean, 12);
    expect(unit[0]).toBe(2 ** Math.round(Math.log2(deviation)));
    expect([origin[1], unit[1]]).toEqual([7, 1]);
  });

  test("leave the origin at 0 without an intercept, and the unit is the deviation about it", async () => {
    const rows = rowsOf([Array.from({ length: 20 }, (_, n) => 1024 + (n % 2)), Array(20).fill(3)]);
    const { origin, unit } = await workingUnits(rows, range(20), false, penalties(rows, 0));
    expect([...origin]).toEqual([0, 0]);
    expect([...unit]).toEqual([1024, 4]);
  });

  test("are not below √l2, so that the penalty in them is never far above 1", async () => {
    const rows = rowsOf([0, 1, 2].map((p) => Array.from({ length: 20 }, (_, n) => 10 ** -p * (n % 2))));
    const { unit } = await workingUnits(rows, range(20), true, penalties(rows, 1 / 16));
    expect([...unit]).toEqual([0.5, 0.25, 0.25]);
    expect([...(await workingUnits(rows, range(20), true, penalties(rows, 1e-9))).unit]).toEqual([
      0.5,
      2 ** -4,
      2 ** -8,
    ]);
    const own = await workingUnits(rows, range(20), true, Float64Array.of(0, 0, 1 / 16));
    expect([...own.unit]).toEqual([0.5, 2 ** -4, 0.25]);
  });
});

describe("the change of variables", () => {
  const [features, classes, count] = [3, 4, 20];
  const weights = Float64Array.from({ length: (features + 1) * classes }, (_, i) => Math.sin(i));
  /** Logits x·w + b, with the origin subtracted from x first. */
  const logitsOf = (
    { x, scale }: Rows,
    w: ArrayLike<number>,
    bias: ArrayLike<number>,
    origin: ArrayLike<number> = new Float64Array(features),
  ) =>
    Array.from({ length: count * classes }, (_, i) => {
      const [row, k] = [Math.floor(i / classes), i % classes];
      let z = bias[k];
      for (let d = 0; d < features; d++)
        z += (scale * x[row * features + d] - origin[d]) * w[d * classes + k];
      return z;
    });
  const changedLogits = async (rows: Rows, units: FeatureUnits) =>
    logitsOf(await readAllRows(inUnits(rows, units)), weights, weights.subarray(features * classes));

  test.each([true, false])(
    "does not change what weights say of bytes, there and back: intercept %s",
    async (intercept) => {
      const rows = {
        ...randomRows(count, features, classes),
        x: Uint8Array.from({ length: 60 }, (_, i) => (i * 37) % 256),
        scale: 1 / 255,
      };
      for (const units of [
        await standardUnits(rows, range(count), intercept),
        await workingUnits(rows, range(count), intercept, penalties(rows, 0)),
      ]) {
        const there = fromUnits(weights, classes, units);
        expect(there.origin).toBeUndefined();
        expect(
          distance(logitsOf(rows, there.weights, there.bias), await changedLogits(rows, units)),
        ).toBeLessThan(1e-6);
        const handed = [...there.weights, ...there.bias];
        expect(distance(toUnits(Float64Array.from(handed), units, classes), weights)).toBeLessThan(1e-6);
      }
    },
  );

  test("hands out the origin where f64 could not hold its share of the intercept", async () => {
    const base = randomRows(count, features, classes);
    const rows = {
      ...base,
      x: Float64Array.from(base.x, (value, i) => (i % 3 === 0 ? 1.7e12 + value : value)),
    };
    const units = await workingUnits(rows, range(count), true, penalties(rows, 0));
    const { weights: w, bias, origin } = fromUnits(weights, classes, units);
    expect(origin).toEqual(units.origin);
    expect(distance(logitsOf(rows, w, bias, origin), await changedLogits(rows, units))).toBeLessThan(1e-6);
  });

  test("keeps f64 where rows are f64, and makes f32 of all else", async () => {
    const base = randomRows(count, features, classes);
    const units = await workingUnits(base, range(count), true, penalties(base, 0));
    const changed = (more: Partial<Rows>) => readAllRows(inUnits({ ...base, ...more }, units));
    expect((await changed({})).x).toBeInstanceOf(Float64Array);
    expect((await changed({ x: Float32Array.from(base.x) })).x).toBeInstanceOf(Float32Array);
    expect((await changed({ x: new Uint8Array(60) })).x).toBeInstanceOf(Float32Array);
    expect((await changed({ x: new Uint8Array(60), scale: 1 / 255 })).scale).toBe(1);
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
  expect(model.history.at(-1)?.validation?.loss).toBeCloseTo((await model.evaluate(held)).loss, 5);
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
  expect((await model.evaluate({ x: far, y })).accuracy).toBe(
    (
      await beforehand.evaluate({
        x: far.map((value, i) => (value - columns[i % features].mean) / columns[i % features].deviation),
        y,
      })
    ).accuracy,
  );
});
