/** Tests how command lines become options. */
import { describe, expect, test } from "vitest";
import { TRAIN_FLAGS, UsageError, parse, trainOptions } from "../../../src/cli/arguments.js";

describe("words", () => {
  const flags = { label: { type: "string" }, json: { type: "boolean" } } as const;

  test("are flags and files", () => {
    expect(parse(["a", "--label", "b", "--json"], flags, ["DATA"])).toEqual({
      files: ["a"],
      values: { label: "b", json: true },
    });
  });

  test.each([
    [["a", "b"], "expected DATA and got 2 of 1: a b."],
    [[], "expected DATA and got 0 of 1: none."],
    [["a", "--json", "--json"], "--json is given twice: which one is meant?"],
    [["a", "--colour"], "Unknown option '--colour'"],
    [["a", "--label"], "argument missing"],
  ])("are refused: %o", (words, message) => {
    expect(() => parse(words, flags, ["DATA"])).toThrow(UsageError);
    expect(() => parse(words, flags, ["DATA"])).toThrow(message);
  });
});

test("flags that stand alone reverse the default; callbacks and devices have none", () => {
  expect(TRAIN_FLAGS).toMatchObject({
    parity: { type: "boolean" },
    "no-shuffle": { type: "boolean" },
    "max-iterations": { type: "string" },
    C: { type: "string" },
  });
  for (const name of ["shuffle", "on-progress", "signal", "device"])
    expect(TRAIN_FLAGS).not.toHaveProperty(name);
});

describe("values", () => {
  test("are numbers, JSON, or words", () => {
    const values = {
      epochs: "20",
      C: "1e-2",
      solver: "sgd",
      "class-weight": '{"a": 2}',
      "penalty-factors": "[1, 0.5]",
      "no-shuffle": true,
    };
    expect(trainOptions(values)).toEqual({
      penaltyFactors: [1, 0.5],
      epochs: 20,
      C: 0.01,
      solver: "sgd",
      classWeight: { a: 2 },
      shuffle: false,
    });
    expect(trainOptions({ engine: " ", json: true })).toEqual({ engine: " " });
  });

  test("that are damaged JSON are refused", () => {
    expect(() => trainOptions({ "learning-rate": '{"kind"' })).toThrow(UsageError);
    expect(() => trainOptions({ "learning-rate": '{"kind"' })).toThrow(
      '--learning-rate is {"kind", which is not JSON',
    );
  });
});
