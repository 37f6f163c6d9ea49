/** Tests how the pages write numbers and times. */
import { expect, test } from "vitest";
import * as format from "../../bench/page/shared/format.js";

test("numbers are written for people", () => {
  expect(format.count(60_000.4)).toBe("60,000");
  expect(format.percent(0.92644)).toBe("92.64 %");
  expect(format.percent(1, 0)).toBe("100 %");
  expect(format.loss(0.26)).toBe("0.2600");
  expect(format.loss(Math.LN10)).toBe("2.303");
});

test("seconds become minutes, and never 60 s", () => {
  expect([0, 4.24, 59.94, 59.96, 72.3, 3600].map(format.seconds)).toEqual([
    "0.0 s",
    "4.2 s",
    "59.9 s",
    "1 min 0 s",
    "1 min 12 s",
    "60 min 0 s",
  ]);
});

test("a rough number has two digits, however small, and a plain one all", () => {
  expect([0, 0.25524, 0.0031, 0.00000123, 12.34, Infinity].map(format.rough)).toEqual([
    "0",
    "0.26",
    "0.0031",
    "1.2e-6",
    "12",
    "Infinity",
  ]);
  expect([1000, 0.5, 0.003, 1e-4, 1.25e-5].map(format.plain)).toEqual([
    "1000",
    "0.5",
    "0.003",
    "1e-4",
    "1.25e-5",
  ]);
});
