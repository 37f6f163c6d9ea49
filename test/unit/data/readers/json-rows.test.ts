/** Tests the reader of JSON and JSON lines. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readJson } from "../../../../src/data/readers/json-rows.js";
import { isJson } from "../../../../src/data/readers/signatures.js";
import { READERS, readTable } from "../../../../src/data/readers/reader-table.js";
import { DataError } from "../../../../src/index.js";
import { countRefused, cut, fileOf } from "./fuzz.js";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const read = (text: string) => readJson(fileOf(bytesOf(text), "a.json"));

const numbers = (name: string, ...values: number[]) => ({
  kind: "numbers",
  name,
  values: Float64Array.from(values),
});
const text = (name: string, codes: number[], texts: string[]) => ({
  kind: "text",
  name,
  codes: Int32Array.from(codes),
  texts,
});
const vectors = (name: string, width: number, ...values: number[]) => ({
  kind: "vectors",
  name,
  width,
  values: Float64Array.from(values),
});

const RECORDS = [
  { a: 1, b: "x", c: true, d: [1, 2], e: null },
  { b: "y", a: 2.5, d: [3, null] },
  { a: null, b: null, c: false, d: null, f: "late" },
  { a: -1e3, b: "x", c: null, d: [5, 6], f: "" },
];
const COLUMNS = [
  numbers("a", 1, 2.5, Number.NaN, -1000),
  text("b", [0, 1, -1, 0], ["x", "y"]),
  { ...numbers("c", 1, Number.NaN, 0, Number.NaN), boolean: true },
  vectors("d", 2, 1, 2, 3, Number.NaN, Number.NaN, Number.NaN, 5, 6),
  numbers("e", Number.NaN, Number.NaN, Number.NaN, Number.NaN),
  text("f", [-1, -1, 0, -1], ["late"]),
];
const LINES = RECORDS.map((row) => JSON.stringify(row)).join("\n");
const FILES = [
  JSON.stringify(RECORDS),
  JSON.stringify(RECORDS, null, 2),
  LINES,
  `\n${LINES.replaceAll("\n", "\r\n\r\n")}\r\n`,
];

describe("json", () => {
  test.each(FILES)("reads records, of JSON and of JSON lines: %#", async (file) => {
    expect(await readTable(fileOf(bytesOf(file), "a"), undefined, {})).toEqual({ rows: 4, columns: COLUMNS });
    for (const length of [1, 7]) {
      expect(await readJson(cut(bytesOf(file), length, "a"))).toEqual({ rows: 4, columns: COLUMNS });
    }
  });

  test.each([
    ['[[1, "a"], [2, "b"]]', 2, [numbers("0", 1, 2), text("1", [0, 1], ["a", "b"])]],
    ['[1, "a"]\n[2, "b"]\n', 2, [numbers("0", 1, 2), text("1", [0, 1], ["a", "b"])]],
    ['["a", null, "b", "a"]', 4, [text("0", [0, -1, 1, 0], ["a", "b"])]],
    ["[1, 2]", 2, [numbers("0", 1, 2)]],
    ['{"a": [1, 2], "b": ["x", null]}', 2, [numbers("a", 1, 2), text("b", [0, -1], ["x"])]],
    ['{"x": [[1, 2], [3, 4]],\n "y": [0, 1]}', 2, [vectors("x", 2, 1, 2, 3, 4), numbers("y", 0, 1)]],
    ['{"a": 1, "b": true}', 1, [numbers("a", 1), { ...numbers("b", 1), boolean: true }]],
    ['\u{FEFF} {"a": 1}\n{"a": 2}', 2, [numbers("a", 1, 2)]],
    [
      '[{"__proto__": 1, "constructor": 2}, {"__proto__": 3}]',
      2,
      [numbers("__proto__", 1, 3), numbers("constructor", 2, Number.NaN)],
    ],
  ])("reads %s", async (file, rows, columns) => {
    expect(await read(file)).toEqual({ rows, columns });
    expect(isJson(bytesOf(file))).toBe(true);
  });

  test("is recognised by its first character", () => {
    for (const other of ["", "a,b\n1,2\n", "1 1:2", "x[", '"{"']) {
      expect(isJson(bytesOf(other))).toBe(false);
    }
    const formats = Object.keys(READERS);
    expect(formats.indexOf("json")).toBeLessThan(formats.indexOf("csv"));
  });

  test.each([
    ["", "a.json: is no JSON from line 1 on"],
    ["[]", "a.json: has no rows of values."],
    ["{}", "a.json: has no rows of values."],
    ["[[], []]", "a.json: has no rows of values."],
    ["3", "a.json: is 3, and must be a list of records or an object of columns."],
    ["null", "a.json: is null, and must be"],
    ['[{"a": 1}, {"a": "x"}]', 'a.json: row 1 is wrong: "a" is the text "x", but row 0 has numbers'],
    ['{"a": 1}\n\n{"a": true}', 'a.json: line 3 is wrong: "a" is the boolean true, but row 0 has numbers'],
    ['[{"a": {"b": 1}}]', 'row 0 is wrong: "a" is an object, and must be a number, a text, a boolean'],
    ['[{"a": [1, 2]}, {"a": [1]}]', 'row 1 is wrong: "a" has 1 numbers, but row 0 has 2: all need as many'],
    ['[{"a": []}]', '"a" has 0 numbers'],
    ['[{"a": [1, "2"]}]', 'row 0 is wrong: "a" has the text "2" at 1, where a number belongs'],
    ['[{"a": [[1]]}]', 'row 0 is wrong: "a" has a list of 1 values at 0'],
    ["[[1, 2], [3]]", "a.json: row 1 has 1 values, but those before it have 2: all need as many."],
    ['[[1], {"a": 1}]', "row 1 is a record, but those before it are lists"],
    ['[{"a": 1}, [1]]', "row 1 is a list, but those before it are records"],
    ['[{"a": 1}, 3]', "row 1 is 3, where a record or a list belongs"],
    ['[1, "x"]', 'a.json: row 1 of "0" is the text "x", but row 0 has numbers'],
    ['{"a": [1, 2], "b": [1]}', 'a.json: column "b" has 1 values, but "a" has 2: all need as many.'],
    ['{"a": [1, 2], "b": 1}', 'a.json: "b" is 1, but others are columns'],
    ['{"b": 1, "a": [1, 2]}', 'a.json: "b" is 1, but others are columns'],
    ['{"a": 1}\n{"a": 2', "a.json: is no JSON from line 2 on"],
    ['[{"a": NaN}]', "JSON has no NaN and no Infinity: write null."],
    ["[".repeat(100_000), "a.json: is no JSON"],
  ])("refuses %j", async (file, message) => {
    const reading = read(file);
    await expect(reading).rejects.toBeInstanceOf(DataError);
    await expect(reading).rejects.toThrow(message);
  });

  test("refuses missing values that take far more room than the file", async () => {
    const wide = JSON.stringify({ x: Array.from({ length: 10_000 }, () => 1) });
    const before = process.memoryUsage().arrayBuffers;
    for (const file of [
      [wide, ...Array.from({ length: 30_000 }, () => "{}"), wide],
      [...Array.from({ length: 30_000 }, () => "{}"), wide],
      [wide, ...Array.from({ length: 30_000 }, () => "{}")],
    ]) {
      await expect(read(file.join("\n"))).rejects.toThrow(
        "a.json: its 1 columns have more than 268435456 values",
      );
    }
    const many = Array.from({ length: 100_001 }, (_, n) => [`f${n}`, 1]);
    await expect(read(JSON.stringify(Object.fromEntries(many)))).rejects.toThrow("more than 100000 columns");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 28);
  });

  test("reads back any records", async () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    const word = fc.string({ minLength: 1, unit: "grapheme" });
    const record = fc.record({ n: finite, t: word, b: fc.boolean(), v: fc.tuple(finite, finite) });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1 }), fc.boolean(), async (rows, lines) => {
        const file = lines ? rows.map((row) => JSON.stringify(row)).join("\n") : JSON.stringify(rows);
        const { columns } = await read(lines && rows.length === 1 ? `[${file}]` : file);
        const [n, t, b, v] = columns;
        const plus = (value: number) => value + 0; // JSON has no −0
        expect(n).toMatchObject({ values: Float64Array.from(rows.map((row) => plus(row.n))) });
        expect(t.kind === "text" && Array.from(t.codes, (code) => t.texts[code])).toEqual(
          rows.map((row) => row.t),
        );
        expect(b).toMatchObject({
          boolean: true,
          values: Float64Array.from(rows.map((row) => Number(row.b))),
        });
        expect(v).toMatchObject({
          width: 2,
          values: Float64Array.from(rows.flatMap((row) => row.v.map(plus))),
        });
      }),
    );
  });

  test("makes a table or a DataError of every damaged file", async () => {
    const more = ['{"x": [[1, 2], [3, 4]], "y": [0, 1]}', '[[1, "a"], [2, "b"]]'];
    expect(await countRefused([...FILES, ...more].map(bytesOf), readJson, 2000)).toBeGreaterThan(200);
  });
});
