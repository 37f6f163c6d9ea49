/** Tests rows as engines store them. */
import { expect, test } from "vitest";
import type { Rows } from "../../../src/core/rows.js";
import { paddedRows } from "../../../src/engine/padded.js";

const rows = (x: Rows["x"], more: Partial<Rows> = {}): Rows => ({
  x,
  features: 2,
  count: x.length / 2,
  scale: 1,
  labels: new Uint32Array(x.length / 2),
  ...more,
});

test("a one follows the features, and zeros", () => {
  const x = Float32Array.of(1, 2, 3, 4, 5, 6);
  expect(paddedRows(rows(x), 1, 2, 4)).toEqual(Float32Array.of(3, 4, 1, 0, 5, 6, 1, 0));
});

test("the one of bytes is 255, and f64 becomes f32", () => {
  expect(paddedRows(rows(Uint8Array.of(7, 8)), 0, 1, 4)).toEqual(Uint8Array.of(7, 8, 255, 0));
  expect(paddedRows(rows(Float64Array.of(0.1, 2)), 0, 1, 3)).toEqual(Float32Array.of(Math.fround(0.1), 2, 1));
});

test("a value beyond f32 is said by the caller's row", () => {
  const x = Float64Array.of(1, 2, 3, 4e38, 5, -1e39);
  expect(() => paddedRows(rows(x), 0, 3, 4)).toThrow("x is 4e+38 at row 1, column 1, beyond the largest f32");
  const kept = rows(x, { numbers: Uint32Array.of(4, 6, 9) });
  expect(() => paddedRows(kept, 2, 1, 4)).toThrow("x is -1e+39 at row 9, column 1");
  expect(() => paddedRows(rows(x, { validationFrom: 1 }), 2, 1, 4)).toThrow(
    "validation.x is -1e+39 at row 1",
  );
});
