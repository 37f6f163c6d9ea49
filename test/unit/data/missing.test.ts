/**
 * Checks that anything but a number is rejected by name where a number belongs: taken as 0, a missing value
 * would silently train a wrong model.
 */
import { describe, expect, test } from "vitest";
import { DataError, sweep, train } from "../../../src/index.js";
import { modelOf } from "../../support/models.js";
import { rejectedBy, thrownBy, untypedTrain, untypedTrainer } from "../../support/untyped.js";

const y = ["a", "b", "b", "a"];

// Typed arrays and arithmetic operators turn each of these into a number, most often 0.
const NO_NUMBERS = [
  { value: null, shown: "null" },
  { value: undefined, shown: "undefined" },
  { value: "", shown: '""' },
  { value: " ", shown: '" "' },
  { value: "12", shown: '"12"' },
  { value: [], shown: "an empty list" },
  { value: [7], shown: "a list of 1 values" },
  { value: false, shown: "false" },
  { value: new Date(0), shown: "a Date" },
  { value: Object.create(null), shown: "an object" },
  { value: () => 1, shown: "a function" },
  { value: Symbol("s"), shown: "Symbol(s)" },
  { value: 2n ** 53n + 1n, shown: "9007199254740993n" },
  { value: 10n ** 400n, shown: `${10n ** 400n}n` },
];

describe.each(NO_NUMBERS)("$shown", ({ value, shown }) => {
  const model = modelOf(["a", "b"], [[1, -1]]);
  const x = [[0], [2], [value], [1]];

  test("is named in the rows to train on, with its place", () => {
    const error = thrownBy(() => untypedTrainer({ x, y }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(`x is ${shown} at row 2, column 0`);
  });

  test("is named in the rows of a validation", () => {
    const error = thrownBy(() => untypedTrainer({ x: [[0], [1]], y: ["a", "b"] }, { validation: { x, y } }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(`validation.x is ${shown} at row 2, column 0`);
  });

  test("is named in a weight", () => {
    const weights = [1, value, 1, 1];
    const error = thrownBy(() => untypedTrainer({ x: [[0], [1], [2], [3]], y, weights }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(`weights[1] is ${shown}`);
  });

  test.each(["logits", "predictProba", "predict"] as const)("is named in x of %s", (method) => {
    for (const inputs of [x, { x }]) {
      const error = thrownBy(() => Reflect.apply(model[method], model, [inputs]));
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toContain(`x is ${shown} at row 2, column 0`);
    }
  });

  test.each(["evaluate", "examples", "labelErrors", "calibrate"] as const)(
    "is named in x of %s",
    async (method) => {
      const error = await rejectedBy(Reflect.apply(model[method], model, [{ x, y }]));
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toContain(`x is ${shown} at row 2, column 0`);
    },
  );

  test("is named in x of statistics and of a sweep", async () => {
    const message = `x is ${shown} at row 2, column 0`;
    await expect(Reflect.apply(model.statistics, model, [{ x, y }])).rejects.toThrow(message);
    await expect(
      Reflect.apply(sweep, undefined, [
        { x, y },
        { C: [1], folds: 2 },
      ]),
    ).rejects.toThrow(message);
  });
});

test("a hole in a row, and one in place of a row, are named", () => {
  const row = Array.from<number>({ length: 2 });
  delete row[1];
  row[0] = 1;
  expect(thrownBy(() => untypedTrainer({ x: [[0, 1], row], y: ["a", "b"] })).message).toContain(
    "x is undefined at row 1, column 1, which is no number: drop the row or fill the value in",
  );
  const rows = [[0], [1], [2]];
  delete rows[1];
  expect(thrownBy(() => untypedTrainer({ x: rows, y: ["a", "b", "a"] })).message).toContain(
    "x[1] is undefined, and must be an array of numbers",
  );
});

test("numeric strings are not read: text is for readers to parse", () => {
  expect(thrownBy(() => untypedTrainer({ x: [["1"], ["2"]], y: ["a", "b"] })).message).toBe(
    'x is "1" at row 0, column 0, which is no number: turn text into numbers first.',
  );
  // Strings are indexed like arrays, and "12" was once a row of 1 and 2.
  expect(thrownBy(() => untypedTrainer({ x: ["12", "34"], y: ["a", "b"] })).message).toContain(
    'x[0] is "12", and must be an array of numbers',
  );
});

test("bigints that an f64 holds are numbers", async () => {
  const data = { x: [[0n], [2n], [3n], [1n]], y };
  const model = await untypedTrain(data, { engine: "reference" });
  const same = await train({ x: [[0], [2], [3], [1]], y }, { engine: "reference" });
  expect(model.weights).toEqual(same.weights);
});

test.each([Number.NaN, -1, Infinity])("soft targets may not be %d", (value) => {
  const targets = { y: Float64Array.of(1, 0, value, 1), classes: ["a", "b"] };
  const error = thrownBy(() => untypedTrainer({ x: [[0], [1]], ...targets }));
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toMatch(/row 1/);
});
