/** Tests how labels are told from soft targets, and that targets are distributions. */
import { describe, expect, test } from "vitest";
import { areLabels, guessFeatures, oneHot, softTargets } from "../../../src/data/targets.js";

test("floats with a value for each row and class are targets", () => {
  const floats = Float32Array.of(0.5, 0.5, 1, 0);
  expect(areLabels(floats, 2, 2)).toBe(false);
  expect(areLabels(floats, 4, 2)).toBe(true);
  expect(areLabels(floats, 2, undefined)).toBe(true);
  expect(areLabels([0, 1, 1, 0], 2, 2)).toBe(true);
});

describe("the features of a flat x", () => {
  test("are its values over the labels, or over the rows of targets", () => {
    expect(guessFeatures(6, ["a", "b", "c"], undefined, "")).toBe(2);
    expect(guessFeatures(6, Float32Array.of(0.5, 0.5, 0.25, 0.75), 2, "")).toBe(3);
  });

  test("are asked for where y could be either", () => {
    expect(() => guessFeatures(8, [1, 0, 0, 1], undefined, "")).toThrow(
      "y reads as 4 labels, and as one-hot targets of 2 rows × 2 classes: pass features",
    );
    expect(guessFeatures(8, [1, 0, 1, 1], undefined, "")).toBe(2); // two ones in a row
    expect(guessFeatures(8, [1, 0, 0, 1], 3, "")).toBe(2); // not three wide
  });

  test("are whole", () => {
    expect(() => guessFeatures(7, ["a", "b"], undefined, "validation.")).toThrow(
      "validation.x has 7 values for 2 labels, which is not a whole number of features a row",
    );
  });
});

describe("soft targets", () => {
  test("are copied, add up to 1, and are labelled by the largest, the first of several", () => {
    const y = Float32Array.of(0.25, 0.75, 0.5, 0.5, 0.999_5, 0);
    const { targets, labels } = softTargets(y, 2, "y");
    expect([...labels]).toEqual([1, 0, 0]);
    expect(targets.slice(0, 4)).toEqual(Float64Array.of(0.25, 0.75, 0.5, 0.5));
    expect(targets[4]).toBe(1);
    expect(y[4]).toBeCloseTo(0.9995, 6);
  });

  test.each([
    [[0.5, 0.5, -0.25, 1.25], "y is -0.25 at row 1, class 0"],
    [[0.5, 0.5, Number.NaN, 1], "y is NaN at row 1, class 0"],
    [[0.5, 0.5, 0.5, 0.625], "y adds up to 1.125 in row 1"],
  ])("are distributions: %o", (y, message) => {
    expect(() => softTargets(Float32Array.from(y), 2, "y")).toThrow(message);
  });
});

test("labels are one-hot targets", () => {
  const rows = { labels: Uint32Array.of(1, 0), count: 2, features: 0, scale: 1, x: new Float32Array() };
  expect([...oneHot(rows, 3)]).toEqual([0, 1, 0, 1, 0, 0]);
});
