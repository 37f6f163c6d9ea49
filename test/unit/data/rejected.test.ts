/**
 * Checks that bad data are rejected when the trainer is made, before an engine is opened, with the place and
 * both numbers.
 */
import { describe, expect, test } from "vitest";
import { DataError, SmighError, train } from "../../../src/index.js";
import { thrownBy, untypedTrain, untypedTrainer } from "../../support/untyped.js";

interface Case {
  readonly bad: string;
  readonly data: unknown;
  readonly message: string;
}

const good = { x: [[0], [1]], y: ["a", "b"] };
const eight = Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7);

const FEATURES: readonly Case[] = [
  {
    bad: "NaN, with its row and column",
    data: { x: eight.with(5, Number.NaN), y: [0, 1], features: 4 },
    message: "x is NaN at row 1, column 1: features must be finite",
  },
  {
    bad: "an infinity, with its row and column",
    data: { x: Float64Array.from(eight).with(3, -Infinity), y: [0, 1], features: 4 },
    message: "x is -Infinity at row 0, column 3",
  },
  {
    bad: "a number whose square is none",
    data: { x: [[0], [1e160]], y: [0, 1] },
    message:
      "x is 1e+160 at row 1, column 0, beyond 1e+150, the most that is computed with: scale the column down",
  },
  {
    bad: "NaN in a row of an array of rows",
    data: {
      x: [
        [0, 1],
        [2, Number.NaN],
      ],
      y: [0, 1],
    },
    message: "x is NaN at row 1, column 1",
  },
  {
    bad: "values that do not divide into rows",
    data: { x: eight, y: [0, 1], features: 3 },
    message:
      "x has 8 values, which do not divide into rows of 3 features: 2 rows are 6 values, and 2 are left.",
  },
  {
    bad: "values that do not divide by the labels",
    data: { x: eight, y: [0, 1, 1] },
    message: "x has 8 values for 3 labels",
  },
  {
    bad: "rows of different lengths",
    data: { x: [[1, 2], [3]], y: [0, 1] },
    message: "x has 1 features in row 1 and 2 in row 0",
  },
  {
    bad: "rows of another length than features",
    data: {
      x: [
        [1, 2],
        [3, 4],
      ],
      y: [0, 1, 0, 1],
      features: 1,
    },
    message: "x has rows of 2 values, but features is 1",
  },
  { bad: "a flat array of numbers", data: { x: [1, 2], y: [0, 1] }, message: "x is an array of numbers" },
  { bad: "no x", data: { y: [0, 1] }, message: "x is missing: give the features of each row" },
  { bad: "features of 0", data: { x: eight, y: [0, 1], features: 0 }, message: "features is 0" },
  { bad: "fractional features", data: { x: eight, y: [0, 1], features: 2.5 }, message: "features is 2.5" },
  { bad: "a scale of 0", data: { x: Uint8Array.of(1, 2), y: ["a", "b"], scale: 0 }, message: "scale is 0" },
  {
    bad: "a scale of NaN",
    data: { x: Uint8Array.of(1, 2), y: ["a", "b"], scale: Number.NaN },
    message: "scale is NaN",
  },
  {
    bad: "a scale for floats",
    data: { x: eight, y: ["a", "b"], scale: 2 },
    message: "scale is 2, but says what a byte means, and x is a Float32Array",
  },
  { bad: "no rows in x", data: { x: [], y: [0, 1] }, message: "x is empty" },
  { bad: "no values in x", data: { x: new Float32Array(0), y: [0, 1] }, message: "x is empty" },
  { bad: "no labels", data: { x: eight, y: [] }, message: "y is empty" },
  { bad: "no y", data: { x: eight }, message: "y is missing" },
];

const LABELS: readonly Case[] = [
  {
    bad: "fewer labels than rows",
    data: { x: eight, y: [0, 1, 0], features: 2 },
    message: "x has 4 rows of 2 features and y has 3 labels",
  },
  {
    bad: "more labels than rows",
    data: { x: [[1], [2]], y: [0, 1, 0] },
    message: "x has 2 rows of 1 features and y has 3 labels",
  },
  {
    bad: "one class only",
    data: { ...good, y: ["a", "a"] },
    message: 'y holds 1 class only ("a"), and a classifier needs at least 2',
  },
  {
    bad: "a label that is missing from classes",
    data: { ...good, y: ["a", "c"], classes: ["a", "b"] },
    message: 'y[1] is "c", which is not among the 2 classes ("a", "b")',
  },
  {
    bad: "a label of another type than the classes",
    data: { ...good, y: [1, "2"], classes: [1, 2] },
    message: 'y[1] is "2", which is not among the 2 classes (1, 2)',
  },
  { bad: "a fraction", data: { ...good, y: [1, 1.5] }, message: "y[1] is 1.5: a label is a whole number" },
  {
    bad: "fractions in a typed array",
    data: { ...good, y: Float32Array.of(0.5, 1) },
    message: "y[0] is 0.5",
  },
  { bad: "NaN", data: { ...good, y: [1, Number.NaN] }, message: "y[1] is NaN" },
  { bad: "two types", data: { ...good, y: ["1", 2] }, message: "y[1] is 2, a number, but y[0] is a string" },
  { bad: "null", data: { ...good, y: [null, null] }, message: "y[0] is null: a label is" },
  { bad: "a hole", data: { ...good, y: [1, undefined] }, message: "y[1] is undefined" },
  {
    bad: "one class in classes",
    data: { ...good, y: ["a", "a"], classes: ["a"] },
    message: "holds 1 class only",
  },
  { bad: "no classes in classes", data: { ...good, classes: [] }, message: "holds 0 class only" },
  {
    bad: "classes of two types",
    data: { ...good, classes: ["a", "b", 3] },
    message: "classes[2] is 3, a number, but classes[0] is a string",
  },
  {
    bad: "a fraction among the classes",
    data: { ...good, y: [1, 2], classes: [1, 2, 2.5] },
    message: "classes[2] is 2.5: a label is a whole number",
  },
  {
    bad: "a class that is named twice",
    data: { ...good, classes: ["a", "b", "a"] },
    message: "classes names 3 classes but only 2 different ones",
  },
];

const classes = ["a", "b"];
const TARGETS: readonly Case[] = [
  {
    bad: "negative",
    data: { ...good, classes, y: Float32Array.of(0.5, 0.5, 1.5, -0.5) },
    message: "y is -0.5 at row 1, class 1: a soft target is a number from 0 to 1",
  },
  {
    bad: "NaN",
    data: { ...good, classes, y: Float64Array.of(Number.NaN, 1, 0, 1) },
    message: "y is NaN at row 0, class 0",
  },
  {
    bad: "a row that is no distribution",
    data: { ...good, classes, y: Float64Array.of(0.5, 0.5, 0.5, 0.25) },
    message: "y adds up to 0.75 in row 1",
  },
  {
    bad: "values that are not rows × classes",
    data: { ...good, classes, y: Float32Array.of(1, 0, 1) },
    message: "x has 2 rows of 1 features and y has 3 labels",
  },
  {
    bad: "no classes",
    data: { ...good, y: Float32Array.of(0.5, 0.5, 0, 1) },
    message: "x has 2 rows of 1 features and y has 4 labels",
  },
];

const WEIGHTS: readonly Case[] = [
  {
    bad: "negative",
    data: { ...good, weights: [1, -2] },
    message: "weights[1] is -2: a weight is a finite number ≥ 0",
  },
  { bad: "NaN", data: { ...good, weights: [Number.NaN, 1] }, message: "weights[0] is NaN" },
  { bad: "infinite", data: { ...good, weights: [1, Infinity] }, message: "weights[1] is Infinity" },
  {
    bad: "larger than sums of them could be",
    data: { ...good, weights: [1e300, 1] },
    message: "weights are at most 1e+300, and must be between 1e-100 and 1e+100",
  },
  { bad: "as good as 0", data: { ...good, weights: [5e-324, 0] }, message: "weights are at most 5e-324" },
  { bad: "all 0", data: { ...good, weights: [0, 0] }, message: "weights are all 0" },
  { bad: "too few", data: { ...good, weights: [1] }, message: "weights has 1 values for 2 rows" },
];

describe.each([
  { part: "features", cases: FEATURES },
  { part: "labels", cases: LABELS },
  { part: "soft targets", cases: TARGETS },
  { part: "weights", cases: WEIGHTS },
])("bad $part are rejected", ({ cases }) => {
  test.each(cases)("$bad", ({ data, message }) => {
    const error = thrownBy(() => untypedTrainer(data, { solver: "lbfgs" }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(message);
  });
});

describe("validation data", () => {
  test.each<Case>([
    { bad: "NaN", data: { x: [[Number.NaN]], y: ["a"] }, message: "validation.x is NaN at row 0, column 0" },
    {
      bad: "labels of no class",
      data: { x: [[1]], y: ["z"] },
      message: 'validation.y[0] is "z", which is not among',
    },
    { bad: "too few labels", data: { x: [[1], [2]], y: ["a"] }, message: "and validation.y has 1 labels" },
    { bad: "nothing", data: { x: [], y: [] }, message: "validation.y is empty" },
    {
      bad: "other features",
      data: { x: [[1, 2]], y: ["a"] },
      message: "validation.x has rows of 2 features, but",
    },
    {
      bad: "other features that it gives itself",
      data: { x: Float32Array.of(1, 2), y: ["a"], features: 2 },
      message: "validation.x has rows of 2 features, but the model was trained on 1",
    },
    {
      bad: "negative weights",
      data: { x: [[1]], y: ["a"], weights: [-1] },
      message: "validation.weights[0] is -1",
    },
  ])("is rejected the same way, by its name: $bad", ({ data, message }) => {
    const error = thrownBy(() => untypedTrainer(good, { validation: data }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(message);
  });

  test("with a value beyond f32 is rejected by its own row, on an engine of f32", async () => {
    const validation = { x: [[1], [1e60]], y: ["a", "b"] };
    await expect(untypedTrain(good, { engine: "wasm", validation })).rejects.toThrow(
      "validation.x is 1e+60 at row 1, column 0, beyond the largest f32",
    );
  });

  test("names a row by its number among the given ones where rows of weight 0 are left out", async () => {
    const data = { x: [[0], [1], [1e60], [2]], y: ["a", "b", "a", "b"], weights: [0, 1, 1, 1] };
    const options = { engine: "wasm", solver: "adam" };
    await expect(untypedTrain(data, options)).rejects.toThrow("x is 1e+60 at row 2, column 0");
    const far = { x: [[1], [2], [1e70]], y: ["a", "a", "b"], weights: [1, 0, 1] };
    const rest = { x: [[0], [1], [2]], y: ["a", "b", "a"], weights: [0, 1, 1] };
    for (const one of [rest, { ...rest, weights: [1, 1, 1] }]) {
      await expect(untypedTrain(one, { ...options, validation: far })).rejects.toThrow(
        "validation.x is 1e+70 at row 2, column 0",
      );
    }
  });

  test("that leaves no row to train on is rejected", () => {
    const error = thrownBy(() => untypedTrainer(good, { validation: 0.9 }));
    expect(error.name).toBe("DataError");
    expect(error.message).toContain("validation is 0.9, which leaves 0 of 2 rows");
  });
});

test("a fraction for validation that leaves no row of a weight above 0 is rejected", () => {
  const weights = [1, 0, 0, 0, 0, 0, 0, 0];
  const error = thrownBy(() =>
    untypedTrainer(
      { x: eight, y: [0, 1, 0, 1, 0, 1, 0, 1], features: 1, weights },
      { validation: 0.25, seed: 1 },
    ),
  );
  expect(error.name).toBe("DataError");
  expect(error.message).toBe("validation is 0.25, which leaves 0 of 1 rows to train on.");
});

describe("a data error", () => {
  test("is what train rejects with", async () => {
    await expect(untypedTrain({ ...good, y: ["a"] })).rejects.toBeInstanceOf(DataError);
  });

  test("has a name that survives, and is an error of smigh", () => {
    const error = thrownBy(() => untypedTrainer({ ...good, y: [] }));
    expect(error.name).toBe("DataError");
    expect(error).toBeInstanceOf(SmighError);
    expect(String(error)).toMatch(/^DataError: y is empty/);
  });

  test("is not raised for good data: the cases above differ from these by one thing each", async () => {
    await expect(train(good, { engine: "reference" })).resolves.toMatchObject({ classes: ["a", "b"] });
    await expect(train({ ...good, weights: [0, 1] }, { engine: "reference" })).resolves.toBeDefined();
    await expect(train({ x: eight, y: [0, 1], features: 4 }, { engine: "reference" })).resolves.toMatchObject(
      { features: 4 },
    );
  });
});
