/** Tests the selection of rows. */
import { expect, test } from "vitest";
import { selectRows, type FlatFeatures } from "../../../src/core/rows.js";

const VALUES = [0, 1, 10, 11, 20, 21, 30, 31];
const x: { type: string; x: FlatFeatures }[] = [
  { type: "Float32Array", x: Float32Array.from(VALUES) },
  { type: "Float64Array", x: Float64Array.from(VALUES) },
  { type: "Uint8Array", x: Uint8Array.from(VALUES) },
  ...(typeof Float16Array === "undefined" ? [] : [{ type: "Float16Array", x: Float16Array.from(VALUES) }]),
];

test.each(x)("are of their type, in the order named, and copies: $type", ({ x }) => {
  const rows = {
    count: 4,
    features: 2,
    x,
    scale: 0.5,
    labels: Uint32Array.of(3, 2, 1, 0),
    weights: Float64Array.of(1, 2, 3, 4),
    targets: Float32Array.of(0, 1, 1, 0, 0.5, 0.5, 0.25, 0.75),
  };
  const chosen = selectRows(rows, Uint32Array.of(2, 0, 2));
  expect(chosen).toEqual({
    count: 3,
    features: 2,
    x: x
      .slice(0, 6)
      .fill(0)
      .map((_: number, i: number) => [20, 21, 0, 1, 20, 21][i]),
    scale: 0.5,
    labels: Uint32Array.of(1, 3, 1),
    weights: Float64Array.of(3, 1, 3),
    targets: Float32Array.of(0.5, 0.5, 0, 1, 0.5, 0.5),
    numbers: Uint32Array.of(2, 0, 2),
  });
  // A selection from a selection has the row numbers of the original.
  expect(selectRows(chosen, Uint32Array.of(1, 2)).numbers).toEqual(Uint32Array.of(0, 2));
  x[4] = 99;
  expect(chosen.x[0]).toBe(20);
});

test("have no weights or targets where there were none, and none of them is no rows", () => {
  const rows = { count: 2, features: 1, x: Float32Array.of(1, 2), scale: 1, labels: Uint32Array.of(0, 1) };
  const none = selectRows(rows, new Uint32Array());
  expect(none).toEqual({
    count: 0,
    features: 1,
    x: new Float32Array(),
    scale: 1,
    labels: new Uint32Array(),
    numbers: new Uint32Array(),
  });
});
