/** Tests the scores of logits against labels, on numbers that can be worked out by hand. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Evaluation, EvaluationSums } from "../../../src/model/evaluation.js";

const ln = Math.log;

/** Scores logits, (rows, classes), with k = 2 for the top-k accuracy. */
function evaluation(
  logits: Float64Array,
  labels: Uint32Array,
  classes: string[],
  weights?: Float64Array,
): Evaluation {
  const sums = new EvaluationSums(classes, 2);
  sums.add(logits, { labels, ...(weights && { weights }) });
  return sums.scores();
}

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

test("loss, top-k accuracy and Brier score are those of scikit-learn, in blocks of any size", () => {
  const path = join(import.meta.dirname, "../../fixtures/scores.json");
  const { logits, labels, weights, ...wanted } = JSON.parse(readFileSync(path, "utf8"));
  for (const size of [60, 7, 1]) {
    const sums = new EvaluationSums([0, 1, 2, 3], 2);
    for (let first = 0; first < 60; first += size) {
      const part = <T>(values: readonly T[]) => values.slice(first, first + size);
      const rows = { labels: Uint32Array.from(part(labels)), weights: Float64Array.from(part(weights)) };
      sums.add(Float64Array.from(part(logits).flat()), rows);
    }
    const { loss, topK, brier } = sums.scores();
    expect(loss).toBeCloseTo(wanted.loss, 12);
    expect(topK).toEqual({ k: 2, accuracy: expect.closeTo(wanted.top2, 12) });
    expect(brier).toBeCloseTo(wanted.brier, 12);
  }
});

test("above 1,000 classes the confusion matrix is given by its entries", () => {
  const logits = new Float64Array(3 * 1001);
  logits[5] = logits[1001 + 5] = logits[2 * 1001 + 9] = 1;
  const sums = new EvaluationSums(
    Array.from({ length: 1001 }, (_, k) => `c${k}`),
    1,
  );
  sums.add(logits, { labels: Uint32Array.of(5, 7, 1000) });
  const found = sums.scores();
  expect(found).not.toHaveProperty("confusion");
  expect(found.confusionEntries).toEqual([
    { truth: "c5", prediction: "c5", weight: 1 },
    { truth: "c7", prediction: "c5", weight: 1 },
    { truth: "c1000", prediction: "c9", weight: 1 },
  ]);
  expect(found.accuracy).toBeCloseTo(1 / 3, 14);
});
