/** Checks that y gives the row length of a flat x, and that features must be given where y is ambiguous. */
import { describe, expect, test } from "vitest";
import { DataError, train } from "../../../src/index.js";
import { createDataset } from "../../../src/data/dataset.js";
import { thrownBy, untypedTrainer } from "../../support/untyped.js";

const ROWS = 40;
const FEATURES = 6;
const CLASSES = 3;
const x = Float32Array.from({ length: ROWS * FEATURES }, (_, i) => Math.cos(i * i));
const hard = Array.from({ length: ROWS }, (_, row) => (row + (row >> 2)) % CLASSES);
const oneHot = Array.from({ length: ROWS * CLASSES }, (_, i) =>
  hard[Math.floor(i / CLASSES)] === i % CLASSES ? 1 : 0,
);
const soft = oneHot.map((value) => 0.1 + 0.7 * value);
const classes = [0, 1, 2];

describe("one-hot targets beside a flat x without features", () => {
  test.each<{ kind: string; data: object }>([
    { kind: "floats with classes", data: { y: Float32Array.from(oneHot), classes } },
    { kind: "floats without classes", data: { y: Float64Array.from(oneHot) } },
    { kind: "bytes without classes", data: { y: Uint8Array.from(oneHot) } },
    { kind: "bytes with classes", data: { y: Uint8Array.from(oneHot), classes } },
    { kind: "numbers", data: { y: oneHot } },
    { kind: "bigints", data: { y: BigInt64Array.from(oneHot.map(BigInt)) } },
  ])("are not taken for labels of shorter rows: $kind", ({ data }) => {
    const error = thrownBy(() => untypedTrainer({ x, ...data }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toBe(
      "y reads as 120 labels, and as one-hot targets of 40 rows × 3 classes: pass features, the number of values in a row of x.",
    );
  });

  test("are targets where they are floats and features is given", async () => {
    const options = { engine: "reference", solver: "gd", epochs: 20 } as const;
    const model = await train({ x, y: Float32Array.from(oneHot), classes, features: FEATURES }, options);
    const ofLabels = await train({ x, y: hard, features: FEATURES }, options);
    expect(model.features).toBe(FEATURES);
    for (const [i, weight] of model.weights.entries()) expect(weight).toBeCloseTo(ofLabels.weights[i], 6);
  });

  test("that are no floats are named as targets where features is given", () => {
    const error = thrownBy(() => untypedTrainer({ x, y: Uint8Array.from(oneHot), features: FEATURES }));
    expect(error.message).toBe(
      "x has 40 rows of 6 features and y has 120 labels: there must be one for each row. " +
        "If y is targets, soft or one-hot, pass it as a Float32Array, with 3 classes.",
    );
  });

  test("of two classes are what alternating labels look like too", () => {
    const alternating = { x: new Float32Array(8), y: [0, 1, 1, 0] };
    expect(thrownBy(() => untypedTrainer(alternating)).message).toContain(
      "one-hot targets of 2 rows × 2 classes",
    );
    expect(createDataset({ ...alternating, features: 2 }).rows).toMatchObject({ count: 4, features: 2 });
  });
});

describe("features are guessed", () => {
  const rowsOf = (data: Parameters<typeof createDataset>[0]) => createDataset(data).rows;

  test("where y can only be labels", () => {
    const expected = { count: ROWS, features: FEATURES };
    expect(rowsOf({ x, y: hard })).toMatchObject(expected);
    expect(rowsOf({ x, y: Float32Array.from(hard), classes })).toMatchObject(expected);
    expect(rowsOf({ x, y: hard.map((k) => "abc"[k]) })).toMatchObject(expected);
    expect(rowsOf({ x, y: hard.map((k) => k > 0) })).toMatchObject(expected);
    const sorted = hard.map((_, row) => (row < 25 ? 0 : 1)); // 0 0 … 1 1 is not a one-hot matrix
    expect(rowsOf({ x, y: sorted })).toMatchObject(expected);
    expect(rowsOf({ x, y: oneHot.slice(0, ROWS), classes: [0, 1] })).toMatchObject(expected);
  });

  test("where y can only be soft targets: no label is a fraction", () => {
    const { rows } = createDataset({ x, y: Float64Array.from(soft), classes });
    expect(rows).toMatchObject({ count: ROWS, features: FEATURES });
    expect(rows.targets).toHaveLength(ROWS * CLASSES);
    const odd = { x: x.subarray(0, 100), y: Float64Array.from(soft), classes };
    expect(thrownBy(() => untypedTrainer(odd)).message).toBe(
      "x has 100 values for 40 rows of targets, which is not a whole number of features a row: pass features.",
    );
  });
});
