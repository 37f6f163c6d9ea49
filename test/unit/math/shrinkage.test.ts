/** Tests the shrinkage of variances. */
import { expect, test } from "vitest";
import { shrinkageOf } from "../../../src/math/shrinkage.js";

test.each([
  { variances: [0, 8, 0, 2, 4], shrinkage: 2 },
  { variances: [6, 2], shrinkage: 3 },
  { variances: [10, 9, 100], shrinkage: 5 },
  { variances: [0, 0], shrinkage: 1 },
  { variances: [], shrinkage: 1 },
])("of $variances is $shrinkage", ({ variances, shrinkage }) => {
  expect(shrinkageOf(Float64Array.from(variances))).toBe(shrinkage);
});
