/** Tests the scores of logits against labels, on numbers that can be worked out by hand. */
import { expect, test } from "vitest";
import { evaluation } from "../../../src/model/evaluation.js";

const ln = Math.log;
/** Probabilities 3/4 : 1/4, 1/4 : 3/4, 1/4 : 3/4 and 1/2 : 1/2. */
const LOGITS = Float64Array.of(ln(3), 0, 0, ln(3), 0, ln(3), 5, 5);

test("loss, accuracy and the matrix, where ties go to the lower index", () => {
  const found = evaluation(LOGITS, Uint32Array.of(0, 0, 1, 1), ["a", "b"]);
  expect(found.examples).toBe(4);
  expect(found.loss).toBeCloseTo((2 * ln(4 / 3) + ln(4) + ln(2)) / 4, 14);
  expect(found.accuracy).toBe(0.5);
  expect(found.confusion).toEqual([
    [1, 1],
    [1, 1],
  ]);
  expect(found.perClass[0]).toEqual({ label: "a", precision: 0.5, recall: 0.5, f1: 0.5, support: 2 });
  // Three rows at 0.75 of which two are right, one at 0.5 that is wrong.
  expect(found.calibrationError).toBeCloseTo((Math.abs(3 * 0.75 - 2) + 0.5) / 4, 14);
});

test("a weight counts as so many examples", () => {
  const weighed = evaluation(LOGITS, Uint32Array.of(0, 0, 1, 1), ["a", "b"], Float64Array.of(2, 1, 1, 1));
  const twice = evaluation(
    Float64Array.of(...LOGITS.subarray(0, 2), ...LOGITS),
    Uint32Array.of(0, 0, 0, 1, 1),
    ["a", "b"],
  );
  expect(weighed).toMatchObject({ confusion: twice.confusion, perClass: twice.perClass, examples: 4 });
  expect(weighed.loss).toBeCloseTo(twice.loss, 14);
  expect(weighed.calibrationError).toBeCloseTo(twice.calibrationError, 14);
});

test("a class that is neither there nor predicted has no scores", () => {
  const { perClass } = evaluation(Float64Array.of(1, 0, -9), Uint32Array.of(0), ["a", "b", "c"]);
  const none = { precision: Number.NaN, recall: Number.NaN, f1: Number.NaN, support: 0 };
  expect(perClass[0]).toEqual({ label: "a", precision: 1, recall: 1, f1: 1, support: 1 });
  expect(perClass[2]).toEqual({ label: "c", ...none });
});
