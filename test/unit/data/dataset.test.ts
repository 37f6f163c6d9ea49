/** Tests how features, labels and row weights become a dataset. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { train } from "../../../src/index.js";
import { concatenate, createDataset } from "../../../src/data/dataset.js";
import { distance } from "../../support/arrays.js";
import { clouds, randomRows } from "../../support/examples.js";
import { gradientAt } from "../../support/passes.js";

const GD = { engine: "reference", solver: "gd", epochs: 5 } as const;

describe("features", () => {
  const y = ["a", "b", "a"];
  const rows = [
    [0, 51],
    [102, 153],
    [204, 255],
  ];
  const flat = rows.flat();

  test("may be flat floats, single or double, and stay as they are", () => {
    const single = Float32Array.from(flat);
    const double = Float64Array.from(flat);
    expect(createDataset({ x: single, y }).rows).toMatchObject({ count: 3, features: 2, scale: 1 });
    expect(createDataset({ x: single, y }).rows.x).toBe(single);
    expect(createDataset({ x: double, y, features: 2 }).rows.x).toBe(double);
  });

  test("may be bytes, which stay bytes: a byte means byte/255 unless scale says otherwise", () => {
    const bytes = Uint8Array.from(flat);
    expect(createDataset({ x: bytes, y }).rows).toMatchObject({ x: bytes, scale: 1 / 255 });
    expect(createDataset({ x: bytes, y, scale: 0.5 }).rows).toMatchObject({ x: bytes, scale: 0.5 });
  });

  test("may be rows of numbers, or rows that are typed arrays", () => {
    const found = createDataset({ x: rows, y }).rows;
    expect(found).toMatchObject({ count: 3, features: 2, scale: 1, x: Float64Array.from(flat) });
    const typed = createDataset({ x: rows.map((row) => Float32Array.from(row)), y, features: 2 }).rows;
    expect(typed.x).toEqual(found.x);
  });

  test("of every type train the same model, where they mean the same numbers", async () => {
    const xs = [
      { x: Float32Array.from(flat, (byte) => byte / 51) },
      { x: Float64Array.from(flat, (byte) => byte / 51) },
      { x: Uint8Array.from(flat, (byte) => byte / 51), scale: 1 },
      { x: rows.map((row) => row.map((byte) => byte / 51)) },
    ];
    const models = await Promise.all(xs.map((x) => train({ ...x, y }, GD)));
    for (const model of models) expect(model.weights).toEqual(models[0].weights);
    expect(Math.abs(models[0].weights[0])).toBeGreaterThan(0.01);

    const bytes = await train({ x: Uint8Array.from(flat), y, scale: 1 / 51 }, GD); // 1/51 is rounded
    expect(distance(bytes.weights, models[0].weights)).toBeLessThan(1e-6);
    const other = await train({ x: Uint8Array.from(flat), y }, GD); // 1/255
    expect(distance(other.weights, models[0].weights)).toBeGreaterThan(0.01);
  });

  test("are guessed from the number of labels when features is left out", () => {
    expect(createDataset({ x: new Float32Array(12), y: [0, 1, 1, 1] }).rows).toMatchObject({
      features: 3,
      count: 4,
    });
  });
});

describe("rows without features", () => {
  const x = [[], [], [], []];
  const y = ["a", "b", "b", "b"];

  test.each(["reference", "wasm"] as const)("train the intercept alone, on %s", async (engine) => {
    const model = await train({ x, y }, { engine, tolerance: 1e-8 });
    expect(model.features).toBe(0);
    expect(model.weights).toHaveLength(0);
    expect(model.bias[1] - model.bias[0]).toBeCloseTo(Math.log(3), 5);
    expect(model.predict([[], []])).toEqual(["b", "b"]);
    expect((await model.evaluate({ x, y })).accuracy).toBe(0.75);
  });

  test("are an array of empty rows: a flat array does not say how many there are", () => {
    expect(() => createDataset({ x: new Float32Array(0), y, features: 0 })).toThrow("x is empty");
  });
});

describe("weights of rows", () => {
  test("are kept in f64, whatever list they come in", () => {
    const x = [[0], [1], [2]];
    const y = [0, 1, 0];
    const weightsOf = (weights: ArrayLike<number>) => createDataset({ x, y, weights }).rows.weights;
    expect(weightsOf([0.1, 0, 2])).toEqual(Float64Array.of(0.1, 0, 2));
    expect(weightsOf(Uint8Array.of(1, 2, 3))).toEqual(Float64Array.of(1, 2, 3));
    expect(createDataset({ x, y }).rows.weights).toBeUndefined();
  });

  test.each([1e-90, 1e-30, 1e30, 1e39, 1e90])("may be of any size, such as %d", (size) => {
    const { rows } = createDataset({ x: [[0], [1], [2]], y: [0, 1, 0], weights: [size, 0, 1e-9 * size] });
    expect(rows.weights).toEqual(Float64Array.of(size, 0, 1e-9 * size));
  });

  test("of 0 let a row hold any finite number, such as a marker of what is missing", () => {
    const x = [[0], [-Number.MAX_VALUE], [2]];
    const y = [0, 1, 1];
    expect(createDataset({ x, y, weights: [1, 0, 1] }).rows.count).toBe(3);
    expect(() => createDataset({ x, y, weights: [1, 1, 0] })).toThrow(
      "x is -1.7976931348623157e+308 at row 1",
    );
    expect(() => createDataset({ x: [[0], [Number.NaN], [2]], y, weights: [1, 0, 1] })).toThrow(
      "x is NaN at row 1",
    );
  });

  const K = 3;
  const weights = Float64Array.from({ length: 4 * K }, (_, i) => Math.sin(i));
  const integers = fc
    .array(fc.nat({ max: 4 }), { minLength: 6, maxLength: 6 })
    .filter((w) => w.some(Boolean));

  test("that are whole numbers count as so many repeated rows in the gradient and the loss", async () => {
    await fc.assert(
      fc.asyncProperty(integers, async (counts) => {
        const rows = randomRows(6, 3, K);
        const weighted = await gradientAt({ ...rows, weights: Float32Array.from(counts) }, K, weights);
        const repeated = counts.flatMap((count, row) => Array.from({ length: count }, () => row));
        const plain = await gradientAt(
          {
            ...rows,
            count: repeated.length,
            x: Float64Array.from(repeated.flatMap((row) => [...rows.x.subarray(3 * row, 3 * row + 3)])),
            labels: Uint32Array.from(repeated, (row) => rows.labels[row]),
          },
          K,
          weights,
        );
        expect(distance(weighted.gradient, plain.gradient)).toBeLessThan(1e-13);
        expect(Math.abs(weighted.loss - plain.loss)).toBeLessThan(1e-13);
      }),
      { numRuns: 50 },
    );
  });

  test("that are whole numbers train as so many repeated rows, with the mean and with the sum", async () => {
    const { x, y, features } = clouds(6, 3, K, 0.5);
    const rows = y.map((_, row) => [...x.subarray(features * row, features * (row + 1))]);
    const counts = [3, 1, 0, 2, 1, 4];
    const repeated = counts.flatMap((count, row) => Array.from({ length: count }, () => row));
    for (const reduction of ["mean", "sum"] as const) {
      const options = { ...GD, epochs: 30, learningRate: 0.1, reduction, l2: 0.1 };
      const weighted = await train({ x: rows, y, weights: counts }, options);
      const plain = await train(
        { x: repeated.map((row) => rows[row]), y: repeated.map((row) => y[row]) },
        options,
      );
      // In f32 the last bit may differ.
      expect(distance(weighted.weights, plain.weights)).toBeLessThan(1e-6);
      expect(distance(weighted.bias, plain.bias)).toBeLessThan(1e-6);
      const ignored = await train({ x: rows, y }, options);
      expect(distance(weighted.weights, ignored.weights)).toBeGreaterThan(1e-2);
    }
  });
});

describe("the sums over rows", () => {
  const K = 3;
  const weights = Float64Array.from({ length: 5 * K }, (_, i) => Math.sin(i));
  const rows = randomRows(9, 4, K);
  const order = fc.shuffledSubarray(
    Array.from({ length: 9 }, (_, row) => row),
    { minLength: 9 },
  );

  test("are the same in any order of the rows, up to rounding", async () => {
    const straight = await gradientAt(rows, K, weights);
    await fc.assert(
      fc.asyncProperty(order, async (permuted) => {
        const found = await gradientAt(
          {
            ...rows,
            x: Float64Array.from(permuted.flatMap((row) => [...rows.x.subarray(4 * row, 4 * row + 4)])),
            labels: Uint32Array.from(permuted, (row) => rows.labels[row]),
          },
          K,
          weights,
        );
        expect(distance(found.gradient, straight.gradient)).toBeLessThan(1e-13);
        expect(Math.abs(found.loss - straight.loss)).toBeLessThan(1e-13);
      }),
      { numRuns: 50 },
    );
  });

  test("and every residual stay as they are when a constant is added to all logits of a row", async () => {
    const straight = await gradientAt(rows, K, weights);
    await fc.assert(
      fc.asyncProperty(fc.double({ min: -1e4, max: 1e4, noNaN: true }), async (constant) => {
        const shifted = weights.map((w, i) => (i >= 4 * K ? w + constant : w));
        const found = await gradientAt(rows, K, shifted);
        const rounding = 2 ** -50 * (1 + Math.abs(constant));
        expect(distance(found.passes.residual, straight.passes.residual)).toBeLessThan(rounding);
        expect(Math.abs(found.loss - straight.loss)).toBeLessThan(9 * rounding);
      }),
      { numRuns: 50 },
    );
  });

  test("overflow for no logits: a difference of 2·10⁴ is a loss of 2·10⁴", async () => {
    const far = { ...rows, count: 1, features: 1, x: Float64Array.of(1e4), labels: Uint32Array.of(1) };
    const { loss, passes } = await gradientAt(far, K, Float64Array.of(1, -1, 0, 0, 0, 0));
    expect(loss).toBe(2e4);
    expect(passes.residual).toEqual(Float64Array.of(1, -1, 0));
  });
});

describe("two sets of rows together", () => {
  const bytes = { ...randomRows(2, 2, 2), x: Uint8Array.of(0, 255, 51, 102), scale: 1 / 255 };

  test("stay bytes where both are bytes of one scale", () => {
    const both = concatenate(bytes, bytes);
    expect(both).toMatchObject({ count: 4, scale: 1 / 255 });
    expect(both.x).toEqual(Uint8Array.of(0, 255, 51, 102, 0, 255, 51, 102));
    expect(both.labels).toEqual(Uint32Array.of(0, 1, 0, 1));
    expect(both.weights).toBeUndefined();
  });

  test("become what bytes mean where the other has another scale or is of floats", () => {
    const other = { ...bytes, scale: 2 };
    const both = concatenate(bytes, other);
    expect(both.scale).toBe(1);
    expect(both.x).toEqual(Float32Array.of(0, 1, 51 / 255, 102 / 255, 0, 510, 102, 204));
    const doubles = concatenate(bytes, { ...bytes, x: Float64Array.of(0.1, 1, 2, 3), scale: 1 });
    expect(doubles.x).toEqual(Float64Array.of(0, 1, 51 / 255, 102 / 255, 0.1, 1, 2, 3));
  });

  test("have a weight of 1 where only the other set has weights", () => {
    const weighted = { ...bytes, weights: Float32Array.of(3, 4) };
    expect(concatenate(bytes, weighted).weights).toEqual(Float64Array.of(1, 1, 3, 4));
    expect(concatenate(weighted, bytes).weights).toEqual(Float64Array.of(3, 4, 1, 1));
  });

  test("have the labels for targets where only the other set has soft targets", () => {
    const soft = { ...bytes, targets: Float64Array.of(0.75, 0.25, 0.5, 0.5) };
    expect(concatenate(bytes, soft).targets).toEqual(Float64Array.of(1, 0, 0, 1, 0.75, 0.25, 0.5, 0.5));
    expect(concatenate(soft, bytes).targets).toEqual(Float64Array.of(0.75, 0.25, 0.5, 0.5, 1, 0, 0, 1));
    expect(concatenate(bytes, bytes)).not.toHaveProperty("targets");
  });
});
