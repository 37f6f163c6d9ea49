/** Tests reading rows block by block, from memory and from elsewhere. */
import { describe, expect, test } from "vitest";
import {
  type FeatureReader,
  type RowSource,
  readAllRows,
  readBlocks,
  readChosenBlocks,
  readChosenRows,
} from "../../../src/core/row-source.js";
import { type FlatFeatures, type Rows, createFeatures, selectRows } from "../../../src/core/rows.js";
import { DataError } from "../../../src/index.js";

/** A row takes 256 KiB of f32: a block of the plan has 64 rows. */
const FEATURES = 2 ** 16;

function rowsOf(count: number, features = FEATURES, x?: FlatFeatures): Rows {
  const values = x ?? Float32Array.from({ length: count * features }, (_, i) => i % 1009);
  const labels = Uint32Array.from({ length: count }, (_, row) => row % 3);
  return { count, features, x: values, scale: 1, labels };
}

/** Reads rows from blocks of these sizes, as a file in parts would be. */
function inParts(rows: Rows, sizes: readonly number[]): RowSource & { readonly x: FeatureReader } {
  const { x, features } = rows;
  return {
    ...rows,
    x: {
      BYTES_PER_ELEMENT: x.BYTES_PER_ELEMENT,
      async *blocks() {
        let first = 0;
        for (const size of sizes) yield x.slice(first * features, (first += size) * features);
      },
      select: async (chosen) => selectRows(rows, chosen).x,
    },
  };
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

const rows = rowsOf(150);
const sources = { memory: rows, "a reader": inParts(rows, [64, 64, 22]) };

describe.each(Object.entries(sources))("rows from %s", (_, source) => {
  test("come in the blocks of the plan", async () => {
    const blocks = await all(readBlocks(source));
    expect(blocks.map(({ first, count }) => [first, count])).toEqual([[0, 64], [64, 64], [128, 22]]); // prettier-ignore
    for (const { first, count, x } of blocks) {
      const same = rows.x.subarray(first * FEATURES, (first + count) * FEATURES);
      expect(Buffer.compare(Buffer.from(x.buffer, x.byteOffset, x.byteLength), Buffer.from(same.buffer, same.byteOffset, same.byteLength))).toBe(0); // prettier-ignore
    }
  });

  test("that are chosen come with the blocks that hold them", async () => {
    const blocks = await all(readChosenBlocks(source, Uint32Array.of(3, 63, 128, 149)));
    expect(blocks.map(({ first, chosen }) => [first, [...chosen]])).toEqual([[0, [3, 63]], [128, [128, 149]]]); // prettier-ignore
    expect(await all(readChosenBlocks(source, new Uint32Array()))).toEqual([]);
  });

  test("are selected in the order given, also twice", async () => {
    const chosen = Uint32Array.of(149, 0, 0, 70);
    const selected = await readChosenRows(source, chosen);
    expect(selected.labels).toEqual(Uint32Array.of(2, 0, 0, 1));
    expect([0, 1, 2, 3].map((n) => selected.x[n * FEATURES + 5])).toEqual(
      [149, 0, 0, 70].map((row) => rows.x[row * FEATURES + 5]),
    );
  });
});

test("all rows are read into an array of their type, and those in memory are not copied", async () => {
  expect((await readAllRows(rows)).x).toBe(rows.x);
  const halves = typeof Float16Array === "undefined" ? [] : [2];
  for (const bytes of [1, ...halves, 4, 8]) {
    const x = createFeatures({ BYTES_PER_ELEMENT: bytes }, 12);
    for (let i = 0; i < x.length; i++) x[i] = i;
    expect(x.BYTES_PER_ELEMENT).toBe(bytes);
    expect(await readAllRows(inParts(rowsOf(4, 3, x), [4]))).toEqual(rowsOf(4, 3, x));
  }
});

test("rows without features are one block", async () => {
  const none = rowsOf(5, 0);
  const block = { first: 0, count: 5, x: new Float32Array() };
  expect(await all(readBlocks(none))).toEqual([block]);
  expect(await all(readBlocks(inParts(none, [5])))).toEqual([block]);
});

test.each([
  [[64, 64], "x ended after 128 of 150 rows: its reader must return all of them."],
  [[], "x ended after 0 of 150 rows"],
  [
    [64, 22, 64],
    "The block of x from row 64 on has 1441792 values: its reader must return 64 rows of 65536.",
  ],
  [[150], "The block of x from row 0 on has 9830400 values: its reader must return 64 rows of 65536."],
  [[64, 64, 22, 22], "The block of x from row 150 on"],
])("a reader of blocks of %j rows is refused", async (sizes, message) => {
  const whole = rowsOf(172);
  const reading = readAllRows({ ...inParts(whole, sizes), count: 150 });
  await expect(reading).rejects.toThrow(DataError);
  await expect(reading).rejects.toThrow(message);
});
