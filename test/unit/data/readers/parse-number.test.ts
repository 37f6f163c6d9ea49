/** Tests the numbers of text files against Number, and what counts as missing or as text. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseNumber } from "../../../../src/data/readers/parse-number.js";

test("every number that is written in any way comes back exactly", () => {
  const written = fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .chain((value) =>
      fc.constantFrom(
        String(value),
        value.toExponential(),
        value.toFixed(6),
        ` ${value} `,
        value.toPrecision(15),
      ),
    );
  fc.assert(
    fc.property(written, (text) => {
      expect(parseNumber(text)).toBe(Number(text));
    }),
    { numRuns: 5000 },
  );
});

test.each([
  "0",
  "-0",
  "+5",
  ".5",
  "5.",
  "00012",
  "123456789012345",
  "1234567890123456",
  "0.1",
  "-12.34e-5",
  "1E5",
])("%s is what Number says", (text) => expect(parseNumber(text)).toBe(Number(text)));

test.each(["", " ", "NA", "nan", "null", "None", "?", "N/A"])("%j is missing", (text) => {
  expect(parseNumber(text)).toBeNaN();
});

test.each(["inf", "Infinity", "-inf"])("%s is infinite", (text) => {
  expect(Math.abs(parseNumber(text) ?? 0)).toBe(Infinity);
});

test.each(["-", ".", "1.2.3", "1e", "0x10", "1_000", "12abc", "1,5", "--1", "2024-01-05", "١"])(
  "%s is text",
  (text) => {
    expect(parseNumber(text)).toBeUndefined();
  },
);
