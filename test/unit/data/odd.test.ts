/** Checks that malformed data get a DataError that says what they are and what to pass instead. */
import { describe, expect, test } from "vitest";
import { DataError, sweep } from "../../../src/index.js";
import { modelOf } from "../../support/models.js";
import { thrownBy, untypedTrain, untypedTrainer } from "../../support/untyped.js";

const good = { x: [[0], [1], [2], [3]], y: ["a", "b", "a", "b"] };
const bare = Object.create(null);

function message(data: unknown, options?: unknown): string {
  const error = thrownBy(() => untypedTrainer(data, options));
  expect(error).toBeInstanceOf(DataError);
  return error.message;
}

describe("a field that data do not have", () => {
  test.each([
    { field: "sampleWeight", meant: "weights" },
    { field: "sample_weight", meant: "weights" },
    { field: "weight", meant: "weights" },
    { field: "Weights", meant: "weights" },
    { field: "label", meant: "y" },
    { field: "labels", meant: "y" },
    { field: "target", meant: "y" },
    { field: "Y", meant: "y" },
    { field: "X", meant: "x" },
    { field: "inputs", meant: "x" },
    { field: "Classes", meant: "classes" },
    { field: "class_names", meant: "classes" },
    { field: "n_features", meant: "features" },
    { field: "feature_names", meant: "featureNames" },
  ])("is named, with the one that is meant: $field", async ({ field, meant }) => {
    const data = { ...good, [field]: [1, 0, 0, 1] };
    const expected = `${field} is no field of data. Is ${meant} meant?`;
    expect(message(data)).toBe(expected);
    expect(message(good, { validation: data })).toBe(`validation.${expected}`);
    const model = modelOf(["a", "b"], [[1, -1]]);
    for (const method of ["logits", "predictProba", "predict"] as const) {
      expect(thrownBy(() => Reflect.apply(model[method], model, [data])).message).toBe(expected);
    }
    for (const method of ["evaluate", "examples", "labelErrors", "calibrate", "statistics"] as const) {
      await expect(Reflect.apply(model[method], model, [data])).rejects.toThrow(expected);
    }
    await expect(Reflect.apply(sweep, undefined, [data, { C: [1], folds: 2 }])).rejects.toThrow(expected);
  });

  test("is named with those that there are, where none is near", () => {
    expect(message({ ...good, colour: 1 })).toBe(
      "colour is no field of data. The fields are x, y, features, scale, weights, offsets, classes, featureNames, schema, notes, kept.",
    );
  });

  test("is not what describes columns", () => {
    const columns = [{ kind: "number", name: "size" }];
    const described = {
      featureNames: ["size"],
      schema: { columns, missing: "error", unknown: "error" },
      notes: [],
    };
    expect(untypedTrainer({ ...good, ...described })).toBeDefined();
    for (const schema of [
      null,
      "",
      {},
      3,
      { columns: [{ kind: "number" }] },
      { columns: [{ kind: "vector", name: "a" }] },
    ]) {
      expect(message({ ...good, schema })).toMatch(/^schema is .*, and must be what `read` returned/);
    }
  });
});

describe("what is no data", () => {
  test.each([
    { data: undefined, shown: "undefined" },
    { data: null, shown: "null" },
    { data: 7, shown: "7" },
    { data: "iris.csv", shown: '"iris.csv"' },
    { data: [[0], [1]], shown: "a list of 2 values" },
    { data: Float32Array.of(1, 2), shown: "a Float32Array" },
    { data: () => good, shown: "a function" },
    { data: Symbol("data"), shown: "Symbol(data)" },
  ])("is shown: $shown", async ({ data, shown }) => {
    const expected = `The data are ${shown}: pass an object such as { x, y }.`;
    expect(message(data)).toBe(expected);
    await expect(untypedTrain(data)).rejects.toThrow(expected);
    await expect(Reflect.apply(sweep, undefined, [data, { C: [1] }])).rejects.toThrow(expected);
    const model = modelOf(["a", "b"], [[1, -1]]);
    await expect(Reflect.apply(model.evaluate, model, [data])).rejects.toThrow(expected);
  });

  test("is named where inputs of a model belong", () => {
    const model = modelOf(["a", "b"], [[1, -1]]);
    const of = (inputs: unknown) => thrownBy(() => Reflect.apply(model.predict, model, [inputs])).message;
    expect(of(undefined)).toBe("x is missing: give the features of each row.");
    expect(of({})).toBe("x is missing: give the features of each row.");
    expect(of(null)).toContain("The data are null");
    expect(of("1,2")).toContain('The data are "1,2"');
    expect(of(new Map())).toBe("x is missing: give the features of each row.");
  });
});

describe("x that is no rows", () => {
  test.each([
    { x: null, expected: "x is null: pass a typed array" },
    { x: "1 2 3", expected: 'x is "1 2 3": pass a typed array' },
    { x: new Set([[1]]), expected: "x is a Set: pass a typed array" },
    { x: new ArrayBuffer(8), expected: "x is an ArrayBuffer: pass a typed array" },
    { x: new DataView(new ArrayBuffer(8)), expected: "x is a DataView: pass a typed array" },
    { x: bare, expected: "x is an object: pass a typed array" },
    { x: [1n, 2n, 3n, 4n], expected: "x is an array of numbers" },
    { x: [[0], null, [2], [3]], expected: "x[1] is null, and must be an array of numbers. Drop the row" },
    { x: [[0], 7, [2], [3]], expected: "x[1] is 7, and must be an array of numbers" },
    { x: [[0], "7", [2], [3]], expected: 'x[1] is "7", and must be an array of numbers' },
    { x: [[0], bare, [2], [3]], expected: "x[1] is an object, and must be an array of numbers" },
    {
      x: [[[0]], [[1]], [[2]], [[3]]],
      expected: "x is a list of 1 values at row 0, column 0, which is no number",
    },
    { x: [Array(2 ** 32 - 1)], expected: "x" },
    {
      x: good.x.map(([size]) => ({ size })),
      expected:
        "x[0] is an object, and must be an array of numbers. Pick the values in an order of your own, as in rows.map((row) => [row.width, row.height]).",
    },
  ])("is a DataError: $expected", ({ x, expected }) => {
    expect(message({ ...good, x })).toContain(expected);
  });
});

describe("y, classes and weights that are no arrays", () => {
  test.each([
    { data: { y: null }, expected: "y is null: pass an array with the label of each row" },
    { data: { y: "abab" }, expected: 'y is "abab": pass an array' },
    { data: { y: "species" }, expected: 'y is "species": pass an array' },
    { data: { y: new Set(["a", "b"]) }, expected: "y is a Set: pass an array" },
    { data: { y: { length: -1 } }, expected: "y is an object: pass an array" },
    { data: { y: ["a", bare, "a", "b"] }, expected: "y[1] is an object: a label is" },
    { data: { y: ["a", Symbol("b"), "a", "b"] }, expected: "y[1] is Symbol(b): a label is" },
    { data: { y: ["a", () => "b", "a", "b"] }, expected: "y[1] is a function: a label is" },
    { data: { y: [bare, bare, bare, bare] }, expected: "y[0] is an object: a label is" },
    { data: { y: [0, 1, Infinity, 0] }, expected: "y[2] is Infinity: a label is a whole number" },
    { data: { y: [0, 1, null, 0] }, expected: "y[2] is null: a label is a whole number" },
    {
      data: { y: ["a", bare, "a", "b"], classes: ["a", "b"] },
      expected: "y[1] is an object, which is not among",
    },
    { data: { classes: "ab" }, expected: 'classes is "ab": pass an array, such as [...classes]' },
    { data: { classes: new Set(["a", "b"]) }, expected: "classes is a Set: pass an array" },
    { data: { classes: null }, expected: "classes is null: pass an array" },
    { data: { classes: ["a", "b", null] }, expected: "classes[2] is null: a label is" },
    { data: { weights: 1 }, expected: "weights is 1: pass an array with a number ≥ 0 for each row" },
    { data: { weights: null }, expected: "weights is null: pass an array" },
    { data: { weights: "1111" }, expected: 'weights is "1111": pass an array' },
    { data: { weights: new Map() }, expected: "weights is a Map: pass an array" },
    { data: { features: "1" }, expected: 'x has rows of 1 values, but features is "1"' },
    { data: { features: null }, expected: "x has rows of 1 values, but features is null" },
    { data: { x: Float32Array.of(0, 1, 2, 3), features: "1" }, expected: 'features is "1", and must be' },
    {
      data: { x: Float32Array.of(0, 1, 2, 3), features: 2 ** 60 },
      expected: "features is 115292150460684",
    },
    {
      data: { x: Uint8Array.of(0, 1, 2, 3), features: 1, scale: "1" },
      expected: 'scale is "1", and must be',
    },
    {
      data: { x: Uint8Array.of(0, 1, 2, 3), features: 1, scale: 1e308 },
      expected: "scale is 1e+308, and must be",
    },
    {
      data: { x: Uint8Array.of(0, 1, 2, 3), features: 1, scale: null },
      expected: "scale is null, and must be",
    },
  ])("are DataErrors: $expected", ({ data, expected }) => {
    expect(message({ ...good, ...data })).toContain(expected);
  });
});

test("0 and −0 are one class", async () => {
  const model = await untypedTrain({ ...good, y: [0, 1, -0, 1], classes: [-0, 1] }, { engine: "reference" });
  expect(model.classes).toEqual([0, 1]);
});

test("a getter's own error is its own", () => {
  const own = new RangeError("mine");
  const data = {
    ...good,
    get weights(): number[] {
      throw own;
    },
  };
  expect(thrownBy(() => untypedTrainer(data))).toBe(own);
});
