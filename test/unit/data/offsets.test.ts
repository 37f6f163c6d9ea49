/** Tests that offsets are checked, copied and shifted. */
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { DataError } from "../../../src/core/errors.js";
import { range } from "../../../src/core/random.js";
import { selectRows, weighedRows } from "../../../src/core/rows.js";
import { concatenate, createDataset } from "../../../src/data/dataset.js";
import { addedOffsets } from "../../../src/data/offsets.js";
import { thrownBy } from "../../support/untyped.js";

describe("offsets", () => {
  test.each([
    ["flat floats", Float32Array.of(1, 3, 2, -2, -2, -5)],
    ["rows", [[1, 3, 2], Float64Array.of(-2, -2, -5)]],
    ["flat floats of another realm", runInNewContext("new Float64Array([1, 3, 2, -2, -2, -5])")],
  ])("are less the largest of their row: %s", (_, given) => {
    const { offsets } = addedOffsets(given, 2, 3, "", undefined);
    expect(offsets).toEqual(Float64Array.of(-2, 0, -1, 0, 0, -3));
  });

  test("are copied", () => {
    const given = Float64Array.of(1, 2);
    addedOffsets(given, 1, 2, "", undefined);
    expect(given).toEqual(Float64Array.of(1, 2));
  });

  test.each([
    [
      Float32Array.of(0, 1, Number.NaN, 0),
      "offsets is NaN at row 1, class 0: an offset is a number of at most",
    ],
    [Float64Array.of(0, 1, 0, -Infinity), "offsets is -Infinity at row 1, class 1"],
    [Float64Array.of(0, 2e30, 0, 1), "offsets is 2e+30 at row 0, class 1"],
    [Float32Array.of(0, 1), "offsets has 2 values, and must have 4: pass 2 rows of 2 numbers"],
    [[[0, 1]], "offsets has 1 rows, and x has 2: pass 2 rows of 2 numbers"],
    [[[0, 1], [2]], "offsets[1] has 1 values, and must have 2"],
    [[[0, 1], 2], "offsets[1] is 2: pass 2 rows"],
    [
      [
        [0, 1],
        [2, null],
      ],
      "offsets is null at row 1, class 1, which is no number",
    ],
    [
      [
        [0, 1],
        [2, "3"],
      ],
      'offsets is "3" at row 1, class 1, which is no number',
    ],
    ["none", 'offsets is "none": pass 2 rows of 2 numbers, one for each class in order.'],
    [null, "offsets is null: pass 2 rows"],
  ])("are refused: %o", (given, message) => {
    const error = thrownBy(() => addedOffsets(given, 2, 2, "", undefined));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(message);
  });

  test("are in both of two data sets, or in neither", () => {
    const some = [[0, 1]];
    expect(() => addedOffsets(undefined, 1, 2, "validation.", { offsets: true })).toThrow(
      "validation.offsets is missing, but the training has them: pass 1 rows of 2 classes.",
    );
    expect(() => addedOffsets(some, 1, 2, "validation.", {})).toThrow(
      "validation.offsets is given, but the training has none: leave it out.",
    );
    expect(addedOffsets(undefined, 1, 2, "", { offsets: false })).toEqual({});
    expect(addedOffsets(some, 1, 2, "", { offsets: true })).toEqual({ offsets: Float64Array.of(-1, 0) });
  });
});

describe("rows carry their offsets", () => {
  const { rows } = createDataset({
    x: [[1], [2], [3]],
    y: ["b", "a", "b"],
    weights: [1, 0, 2],
    offsets: [[0, -1], [0, -2], [-3, 0]], // prettier-ignore
  });

  test("where some are selected, or have no weight", () => {
    expect(selectRows(rows, Uint32Array.of(2, 1)).offsets).toEqual(Float64Array.of(-3, 0, 0, -2));
    expect(weighedRows(rows).offsets).toEqual(Float64Array.of(0, -1, -3, 0));
  });

  test("where others are appended, and with soft targets", () => {
    const { rows: soft } = createDataset({
      x: [[4]],
      y: Float32Array.of(0.5, 0.5),
      classes: ["a", "b"],
      offsets: Float64Array.of(-7, 0),
    });
    const together = concatenate(rows, soft);
    expect(together.offsets).toEqual(Float64Array.of(0, -1, 0, -2, -3, 0, -7, 0));
    expect(selectRows(together, range(4)).offsets).toEqual(together.offsets);
  });
});
