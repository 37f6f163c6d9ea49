/** Tests that nothing but numbers becomes numbers. */
import { describe, expect, test } from "vitest";
import { DataError } from "../../../src/core/errors.js";
import { allocate, firstBeyond, toNumber } from "../../../src/data/numbers.js";

const read = (value: unknown) => toNumber(value, (shown) => `x is ${shown} here`);

describe("toNumber", () => {
  test("takes numbers, and bigints that f64 holds", () => {
    expect([1.5, Number.NaN, 2n ** 53n, -(2n ** 60n)].map(read)).toEqual([
      1.5,
      Number.NaN,
      2 ** 53,
      -(2 ** 60),
    ]);
  });

  test.each([
    [2n ** 53n + 1n, "x is 9007199254740993n here, which an f64 does not hold exactly"],
    [10n ** 400n, "which an f64 does not hold exactly"],
    ["3", 'x is "3" here, which is no number: turn text into numbers first.'],
    [" ", "drop the row or fill the value in"],
    [null, "x is null here, which is no number: drop the row"],
    [true, "x is true here, which is no number"],
  ])("refuses %s", (value, message) => {
    expect(() => read(value)).toThrow(DataError);
    expect(() => read(value)).toThrow(message);
  });
});

test("memory that there is not is a DataError with its bytes", () => {
  expect(allocate(Float32Array, 3, "x")).toEqual(new Float32Array(3));
  expect(() => allocate(Float64Array, 2 ** 50, "The values of x")).toThrow(
    `The values of x need ${2 ** 53} bytes, which this machine does not give`,
  );
});

test("the first value beyond a limit is found, from a place on", () => {
  const values = Float64Array.of(1, -3, Number.NaN, 2, 3.5);
  expect(firstBeyond(values, 2)).toBe(1);
  expect(firstBeyond(values, 3)).toBe(2);
  expect(firstBeyond(values, 3, 3)).toBe(4);
  expect(firstBeyond(values, 3.5, 3)).toBe(-1);
});
