/** Tests the blocks of rows that a model computes on. */
import { expect, test } from "vitest";
import { range } from "../../../../src/core/random.js";
import { featureBlock, rowBlock } from "../../../../src/model/statistics/affine.js";

const rows = {
  count: 3,
  features: 2,
  scale: 0.5,
  x: Uint8Array.of(2, 4, 6, 8, 10, 12),
  labels: Uint32Array.of(0, 1, 2),
};
const last = range(3).subarray(1);

test("without an origin a block is a view, in the units of the data", () => {
  const block = featureBlock(rows, last, undefined);
  expect(block).toEqual({ count: 2, features: 2, scale: 0.5, x: Uint8Array.of(6, 8, 10, 12) });
  expect(block.x.buffer).toBe(rows.x.buffer);
});

test("with one it is a copy of scaled features minus the origin", () => {
  const block = featureBlock(rows, last, Float64Array.of(1, -1));
  expect(block).toEqual({ count: 2, features: 2, scale: 1, x: Float64Array.of(2, 5, 4, 7) });
});

test("labels and weights go with their rows", () => {
  const weights = Float64Array.of(1, 2, 3);
  expect(rowBlock({ ...rows, weights }, last, undefined)).toMatchObject({
    labels: Uint32Array.of(1, 2),
    weights: Float64Array.of(2, 3),
  });
  expect(rowBlock(rows, last, undefined)).not.toHaveProperty("weights");
});
