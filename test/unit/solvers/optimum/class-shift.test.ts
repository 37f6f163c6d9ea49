/** Compares the shift of a feature's weights that minimises the penalty with all shifts of a grid. */
import { describe, expect, test } from "vitest";
import { randomIntegers } from "../../../../src/core/random.js";
import { shiftClasses } from "../../../../src/solvers/optimum/class-shift.js";
import { signed } from "../../../support/examples.js";

function penaltyOf(row: ArrayLike<number>, l1: number, l2: number, c = 0): number {
  return Array.from(row).reduce((sum, w) => sum + l1 * Math.abs(w - c) + (l2 / 2) * (w - c) ** 2, 0);
}

describe.each([2, 3, 4, 7])("of %d classes", (classes) => {
  test.each([
    { l1: 1, l2: 0 },
    { l1: 0.01, l2: 1 },
    { l1: 0.3, l2: 1 },
    { l1: 2, l2: 1 },
    { l1: 0, l2: 1 },
  ])("no shift is better: l1 $l1, l2 $l2", ({ l1, l2 }) => {
    const random = randomIntegers(classes);
    for (let turn = 0; turn < 40; turn++) {
      // Some weights are equal, and some are 0, as after a fit.
      const row = Float64Array.from({ length: classes }, () => {
        const value = 3 * signed(random);
        return turn % 2 === 0 ? value : Math.round(value);
      });
      const intercept = row.map((one) => one + 5);
      const shifted = shiftClasses(Float64Array.from([...row, ...intercept]), {
        classes,
        l1: Float64Array.of(l1),
        l2: Float64Array.of(l2),
      });
      const own = shifted.subarray(0, classes);
      const grid = Array.from({ length: 1025 }, (_, i) => penaltyOf(row, l1, l2, i / 128 - 4));
      expect(penaltyOf(own, l1, l2)).toBeLessThan(Math.min(...grid) + 1e-12);
      const shift = row[0] - own[0];
      own.forEach((one, k) => expect(row[k] - one).toBeCloseTo(shift, 12)); // keeps the differences of logits
      expect(shifted.subarray(classes)).toEqual(intercept);
    }
  });
});

test("each feature has its own, by penalties of its own", () => {
  const weights = Float64Array.of(1, 2, 6, 1, 2, 6, 9, 9, 9);
  const shifted = shiftClasses(weights, {
    classes: 3,
    l1: Float64Array.of(1, 0),
    l2: Float64Array.of(0, 1),
  });
  expect([...shifted]).toEqual([-1, 0, 4, -2, -1, 3, 9, 9, 9]);
});

test("a feature without a penalty has finite weights afterwards", () => {
  const none = Float64Array.of(0);
  const shifted = shiftClasses(Float64Array.of(1, 2, 3, 0, 0, 0), { classes: 3, l1: none, l2: none });
  expect(shifted[1] - shifted[0]).toBe(1);
  expect(shifted[2] - shifted[1]).toBe(1);
});
