/** Tests the normal distribution. */
import { expect, test } from "vitest";
import { twoSided } from "../../../src/math/normal.js";

/** math.erfc(z / math.sqrt(2)) of Python 3 */
const ERFC: readonly (readonly [z: number, p: number])[] = [
  [0, 1],
  [0.1, 0.920_344_325_445_942],
  [1, 0.317_310_507_862_914_15],
  [1.96, 0.049_995_790_296_440_87],
  [2.828_427_124_746_190_3, 0.004_677_734_981_047_265],
  [3, 0.002_699_796_063_260_19],
  [5, 5.733_031_437_583_892e-7],
  [10, 1.523_970_604_832_118_6e-23],
  [30, 9.813_427_854_297_528e-198],
];

test.each(ERFC)("the p-value of %d is %d", (z, p) => {
  expect(Math.abs(twoSided(z) / p - 1)).toBeLessThan(1e-12);
  expect(twoSided(-z)).toBe(twoSided(z));
});
