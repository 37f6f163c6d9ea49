/** Tests the sums over rows. */
import { expect, test } from "vitest";
import { ZERO_SUMS, addSums } from "../../../src/core/sums.js";

test("sums are added field by field, and zero adds nothing", () => {
  const [a, b] = [
    { loss: 1, hits: 2, weight: 3 },
    { loss: 10, hits: 20, weight: 30 },
  ];
  expect(addSums(a, b)).toEqual({ loss: 11, hits: 22, weight: 33 });
  expect(addSums(ZERO_SUMS, a)).toEqual(a);
});
