/** Tests the reader of Arrow files and streams: of pyarrow, Polars and flechette and damaged ones. */
import {
  columnFromArray,
  fixedSizeList,
  float32,
  int64,
  tableFromColumns,
  tableToIPC,
  utf8,
} from "@uwdata/flechette";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { read } from "../../../../src/data/index.js";
import { readArrow } from "../../../../src/data/readers/arrow.js";
import { openSource } from "../../../../src/data/readers/sources.js";
import { unpackLz4Frame } from "../../../../src/data/readers/lz4-frame.js";
import { readTable } from "../../../../src/data/readers/reader-table.js";
import { DataError } from "../../../../src/index.js";
import { FEW, REFUSED, TYPES, expectTableOrError, loadFixture, pathOf, readBy, tableOf } from "./columnar.js";

describe("reads", () => {
  test("each type of column that pyarrow writes", async () => {
    const names = Object.keys(TYPES).filter((name) => name !== "view");
    expect(await readBy(readArrow, pathOf("types.arrow"))).toEqual(tableOf(...names));
  });

  test.each(["lz4", "zstd"])("buffers that %s packs", async (codec) => {
    expect(await readBy(readArrow, pathOf(`types-${codec}.arrow`))).toEqual(tableOf(...FEW, "factor"));
  });

  test("a stream, with views of text, however it is cut into chunks", async () => {
    const expected = tableOf(...FEW, "factor", "view");
    const bytes = await loadFixture("types.arrows");
    expect(await readBy(readArrow, bytes)).toEqual(expected);
    async function* chunks() {
      for (let first = 0; first < bytes.length; first += 100) yield bytes.subarray(first, first + 100);
    }
    const [file] = await openSource(chunks());
    expect(await readTable(file, undefined, {})).toEqual(expected);
  });

  test("a file of Polars, which has no messages of its schema", async () => {
    expect(await readBy(readArrow, pathOf("polars.arrow"))).toEqual({
      rows: 3,
      columns: [
        { kind: "numbers", name: "x", values: Float64Array.of(0.5, Number.NaN, 2.5) },
        { kind: "text", name: "species", codes: Int32Array.of(0, 1, 0), texts: ["s", "v"] },
      ],
    });
  });

  test("what flechette wrote, of any numbers and texts", async () => {
    const data = fc.array(
      fc.record({
        n: fc.option(fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n })),
        t: fc.option(fc.constantFrom("a", "", "é", "__proto__", "a longer text")),
        e: fc.array(fc.float({ noNaN: true }), { minLength: 2, maxLength: 2 }),
      }),
      { minLength: 1, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(data, fc.constantFrom<"file" | "stream">("file", "stream"), async (made, format) => {
        const table = tableFromColumns({
          n: columnFromArray(
            made.map(({ n }) => n),
            int64(),
          ),
          t: columnFromArray(
            made.map(({ t }) => t),
            utf8(),
          ),
          e: columnFromArray(
            made.map(({ e }) => e),
            fixedSizeList(float32(), 2),
          ),
        });
        const bytes = tableToIPC(table, { format });
        if (!bytes) throw new Error("nothing was written");
        const { rows, columns } = await readBy(readArrow, new Uint8Array(bytes));
        expect(rows).toBe(made.length);
        const [n, t, e] = columns;
        if (n.kind !== "numbers" || t.kind !== "text" || e.kind !== "vectors") throw new Error("kinds");
        expect([...n.values]).toEqual(made.map((one) => (one.n === null ? Number.NaN : Number(one.n))));
        expect(Array.from(t.codes, (code) => t.texts[code] ?? null)).toEqual(made.map((one) => one.t));
        expect([...e.values]).toEqual(made.flatMap((one) => one.e));
      }),
    );
  });

  test("only the columns that are asked for", async () => {
    const { columns } = await readBy(readArrow, pathOf("odd.arrow"), ["ok", "holes"]);
    expect(columns).toEqual([
      { kind: "vectors", name: "holes", width: 2, values: Float64Array.of(1, Number.NaN, 3, 4, 4, 5) },
      { kind: "numbers", name: "ok", values: Float64Array.of(1.5, 2.5, 3.5) },
    ]);
    const { x, y } = await read(pathOf("types.arrow"), { features: ["embedding"], label: "int8" });
    expect(Array.from(x.slice(0, 5))).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(y.slice(0, 3)).toEqual([-10, -9, -8]);
  });
});

test("unpacks blocks of LZ4 that repeat those before them", () => {
  const blocks = [0x50, 97, 98, 99, 100, 101]; // 5 literals
  const repeat = [0x00, 5, 0, 0x10, 33]; // 4 bytes of 5 before, and a literal
  const frame = (length: number[], ...parts: number[][]) =>
    Uint8Array.from([
      4,
      0x22,
      0x4d,
      0x18,
      0x40,
      0x40,
      0,
      ...parts.flatMap((one) => [one.length, 0, 0, 0, ...one]),
      ...length,
    ]);
  const end = [0, 0, 0, 0];
  expect(new TextDecoder().decode(unpackLz4Frame(frame(end, blocks, repeat), 10))).toBe("abcdeabcd!");
  expect(() => unpackLz4Frame(frame(end, blocks, repeat), 9)).toThrow("more than the 9 bytes");
  expect(() => unpackLz4Frame(frame(end, blocks, repeat), 11)).toThrow("has 10 bytes, and should have 11");
  expect(() => unpackLz4Frame(frame(end, repeat), 10)).toThrow("repeats bytes before its start");
});

describe("refuses", () => {
  test.each(REFUSED)("column %s, by its name", async (column, message) => {
    const reading = readBy(readArrow, pathOf("odd.arrow"), [column]);
    await expect(reading).rejects.toBeInstanceOf(DataError);
    await expect(reading).rejects.toThrow(message);
  });

  test.each(["bytes", "nothing"])("column %s, of a type that is not read", async (column) => {
    const reading = readBy(readArrow, pathOf("odd.arrow"), [column]);
    await expect(reading).rejects.toThrow(
      new RegExp(`column "${column}" is of type (binary|null), which is not read`),
    );
  });

  test("a file that is cut off anywhere, and Feather of version 1", async () => {
    const bytes = await loadFixture("types-lz4.arrow");
    for (let length = 8; length < bytes.length; length += 7) {
      await expect(readBy(readArrow, bytes.slice(0, length))).rejects.toThrow(
        /does not end with ARROW1: it is truncated/,
      );
    }
    bytes.set(new TextEncoder().encode("FEA1"));
    await expect(readBy(readArrow, bytes)).rejects.toThrow("is of Feather version 1");
  });

  test("or reads a stream that is cut off: what is left is whole batches, or a DataError", async () => {
    const bytes = await loadFixture("types.arrows");
    const whole: number[] = [];
    for (let length = 0; length < bytes.length; length += 8) {
      if (await expectTableOrError(readArrow, bytes.slice(0, length))) whole.push(length);
    }
    expect(whole.length).toBeLessThan(5);
  });

  test("a buffer that says it unpacks into more than memory holds", async () => {
    const bytes = await loadFixture("types-lz4.arrow");
    const view = new DataView(bytes.buffer);
    const magic = bytes.findIndex(
      (_, at) => at + 4 <= bytes.length && view.getUint32(at, true) === 0x184d2204,
    );
    view.setBigInt64(magic - 8, 2n ** 40n, true);
    await expect(readBy(readArrow, bytes)).rejects.toThrow(/column ".*" cannot be read; .* take more than/);
  });

  test("Zstandard that repeats more than it unpacks into, in no time", async () => {
    const bytes = await loadFixture("types-zstd.arrow");
    bytes[1627] = 4; // fzstd takes 4 s for it
    const start = performance.now();
    await expect(readBy(readArrow, bytes)).rejects.toThrow(/cannot be read/);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test("or reads files with any damage: the result is a whole table, or a DataError", async () => {
    const names = ["types.arrow", "types-lz4.arrow", "types-zstd.arrow", "types.arrows", "polars.arrow"];
    const files = await Promise.all(names.map(loadFixture));
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    let read = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: files.length - 1 }), changes, async (file, change) => {
        const bytes = files[file].slice();
        for (const [place, value] of change) bytes[place % bytes.length] = value;
        if (await expectTableOrError(readArrow, bytes)) read++;
      }),
      { numRuns: 2000 },
    );
    expect(read).toBeGreaterThan(100);
    expect(read).toBeLessThan(1900);
  });
});
