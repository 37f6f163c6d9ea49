/** Tests areas under ROC curves, against those of scikit-learn. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LogitBlock } from "../../../src/model/engine-logits.js";
import { rocAuc } from "../../../src/model/roc-auc.js";

async function* cut(z: Float64Array, classes: number, size: number): AsyncGenerator<LogitBlock> {
  const rows = z.length / classes;
  for (let first = 0; first < rows; first += size) {
    const count = Math.min(size, rows - first);
    yield { first, count, z: z.subarray(first * classes, (first + count) * classes) };
  }
}

test("areas of each class, their mean and their mean by weight are those of scikit-learn", async () => {
  const path = join(import.meta.dirname, "../../fixtures/scores.json");
  const { logits, labels, weights, auc } = JSON.parse(readFileSync(path, "utf8"));
  const rows = { count: 60, labels: Uint32Array.from(labels), weights: Float64Array.from(weights) };
  const found = await rocAuc(rows, 4, () => cut(Float64Array.from(logits.flat()), 4, 7));
  found.perClass.forEach((area, k) => expect(area).toBeCloseTo(auc.perClass[k], 12));
  expect(found.macro).toBeCloseTo(auc.macro, 12);
  expect(found.weighted).toBeCloseTo(auc.weighted, 12);
});

test("a class that no row has, has no area and does not count", async () => {
  const z = Float64Array.of(3, 1, 0, 1, 3, 0, 2, 1, 0);
  const found = await rocAuc({ count: 3, labels: Uint32Array.of(0, 1, 1) }, 3, () => cut(z, 3, 2));
  expect(found).toEqual({ perClass: [1, 1, Number.NaN], macro: 1, weighted: 1 });
});
