/** Tests rows as engines store them. */
import { expect, test } from "vitest";
import type { Rows } from "../../../src/core/rows.js";
import { type PaddedSlice, paddedSlices } from "../../../src/engine/padded.js";

const rows = (x: Rows["x"], more: Partial<Rows> = {}): Rows => ({
  x,
  features: 2,
  count: x.length / 2,
  scale: 1,
  labels: new Uint32Array(x.length / 2),
  ...more,
});

async function padded(of: Rows, stride: number): Promise<PaddedSlice[]> {
  const slices: PaddedSlice[] = [];
  for await (const slice of paddedSlices(of, stride)) slices.push(slice);
  return slices;
}

test("a one follows the features, and zeros", async () => {
  const values = Float32Array.of(1, 2, 1, 0, 3, 4, 1, 0, 5, 6, 1, 0);
  expect(await padded(rows(Float32Array.of(1, 2, 3, 4, 5, 6)), 4)).toEqual([{ first: 0, count: 3, values }]);
});

test("the one of bytes is 255, and f64 becomes f32", async () => {
  const [bytes] = await padded(rows(Uint8Array.of(7, 8)), 4);
  expect(bytes.values).toEqual(Uint8Array.of(7, 8, 255, 0));
  const [floats] = await padded(rows(Float64Array.of(0.1, 2)), 3);
  expect(floats.values).toEqual(Float32Array.of(Math.fround(0.1), 2, 1));
});

test("rows without features are ones", async () => {
  const [ones] = await padded(rows(new Float32Array(), { count: 2, features: 0 }), 2);
  expect(ones.values).toEqual(Float32Array.of(1, 0, 1, 0));
});

test("slices take at most 4 MiB, unless a row takes more", async () => {
  const of = rows(Float32Array.from({ length: 10 }, (_, i) => i));
  const slices = await padded(of, 2 ** 19);
  expect(slices.map(({ first, count }) => [first, count])).toEqual([[0, 2], [2, 2], [4, 1]]); // prettier-ignore
  expect([...slices[1].values.subarray(2 ** 19, 2 ** 19 + 3)]).toEqual([6, 7, 1]);
});

test("slices of a second block go on from the first", async () => {
  const features = 2 ** 16; // 64 rows in a block
  const x = Float32Array.from({ length: 70 * features }, (_, i) => Math.floor(i / features));
  const slices = await padded(rows(x, { count: 70, features }), features + 8);
  expect(slices.map(({ first, count }) => [first, count])).toEqual([[0, 15], [15, 15], [30, 15], [45, 15], [60, 4], [64, 6]]); // prettier-ignore
  for (const { first, values } of slices) {
    expect([...values.subarray(features - 1, features + 2)]).toEqual([first, 1, 0]);
  }
});

test("a value beyond f32 is said by the caller's row", async () => {
  const x = Float64Array.of(1, 2, 3, 4e38, 5, -1e39);
  await expect(padded(rows(x), 4)).rejects.toThrow("x is 4e+38 at row 1, column 1, beyond the largest f32");
  const ofLast = Float64Array.of(1, 2, 3, 4, 5, -1e39);
  const kept = rows(ofLast, { numbers: Uint32Array.of(4, 6, 9) });
  await expect(padded(kept, 4)).rejects.toThrow("x is -1e+39 at row 9, column 1");
  await expect(padded(kept, 2 ** 20)).rejects.toThrow("x is -1e+39 at row 9, column 1");
  const validation = rows(ofLast, { validationFrom: 1 });
  await expect(padded(validation, 2 ** 20)).rejects.toThrow("validation.x is -1e+39 at row 1");
});
