/** Tests the softmax. */
import { expect, test } from "vitest";
import { softmax } from "../../../src/math/softmax.js";

test("rows are replaced by their softmax, however large they are", () => {
  const z = Float64Array.of(0, Math.log(3), 5, 5, -2000, 2000);
  softmax(z, 2);
  const expected = [0.25, 0.75, 0.5, 0.5, 0, 1];
  z.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 15));
});

test("a constant does not change it", () => {
  const [a, b] = [Float64Array.of(1, 2, 4), Float64Array.of(-7, -6, -4)];
  softmax(a, 3);
  softmax(b, 3);
  expect(a).toEqual(b);
  expect(a[2] / a[1]).toBeCloseTo(Math.exp(2), 12);
});
