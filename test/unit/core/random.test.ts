/** Tests seeded random numbers. */
import { expect, test } from "vitest";
import { randomIntegers, range, shuffle } from "../../../src/core/random.js";

const draws = (seed: number, count = 3) => Array.from({ length: count }, randomIntegers(seed));

test("a seed gives the same numbers for ever", () => {
  expect(draws(0)).toEqual([3_300_212_312, 1_743_954_244, 207_519_241]);
  expect(draws(1)).toEqual([2_308_299_391, 1_950_625_580, 354_034_397]);
});

test("every digit of a seed counts", () => {
  expect(draws(2 ** 32)).toEqual([3_685_413_526, 628_251_110, 212_572_038]);
  expect(draws(2 ** 52)).not.toEqual(draws(0));
});

test("every bit is set half of the time", () => {
  const all = draws(5, 10_000);
  for (let bit = 0; bit < 32; bit++) {
    const share = all.filter((one) => (one / 2 ** bit) & 1).length / all.length;
    expect(Math.abs(share - 0.5)).toBeLessThan(0.025); // five standard deviations
  }
});

test("a shuffle has every order as often", () => {
  const random = randomIntegers(3);
  const counts = new Map<string, number>();
  for (let n = 0; n < 6000; n++) {
    const order = range(3);
    shuffle(order, random);
    const key = String([...order]);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
});
