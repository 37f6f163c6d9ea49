/** Tests the reader of tables of text. */
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataError } from "../../../../src/index.js";
import type { Column } from "../../../../src/data/data-table.js";
import { openBytes } from "../../../../src/data/readers/byte-stream.js";
import { type CsvOptions, readCsv } from "../../../../src/data/readers/csv.js";
import { rejectedBy } from "../../../support/untyped.js";

/** Reads a text, or bytes, in chunks of some bytes. */
function table(content: string | Uint8Array, options: CsvOptions = {}, chunk = 1 << 20) {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  async function* chunks() {
    for (let first = 0; first < bytes.length; first += chunk) yield bytes.subarray(first, first + chunk);
  }
  return readCsv({ name: "a.csv", open: () => openBytes(chunks(), "a.csv") }, options);
}

/** The values of a column, with undefined for those that are missing. */
function valuesOf(column: Column): (number | string | undefined)[] {
  if (column.kind === "text") return Array.from(column.codes, (code) => column.texts[code]);
  return Array.from(column.values, (value) => (Number.isNaN(value) ? undefined : value));
}

async function read(content: string | Uint8Array, options: CsvOptions = {}, chunk?: number) {
  const { columns } = await table(content, options, chunk);
  return Object.fromEntries(columns.map((one) => [one.name, valuesOf(one)]));
}

describe("a table is read", () => {
  const WANTED = { a: [1, 2.5, undefined], b: ["x", "y, z", 'say "no"'] };
  test.each([
    ["commas", 'a,b\n1,x\n2.5,"y, z"\n,"say ""no"""\n'],
    ["tabs", 'a\tb\n1\tx\n2.5\ty, z\n\t"say ""no"""\n'],
    ["semicolons", 'a;b\n1;x\n2.5;"y, z"\n;"say ""no"""\n'],
    ["bars", 'a|b\n1|x\n2.5|"y, z"\n|"say ""no"""\n'],
    ["lines that end with CRLF", 'a,b\r\n1,x\r\n2.5,"y, z"\r\n,"say ""no"""\r\n'],
    ["lines that end with CR", 'a,b\r1,x\r2.5,"y, z"\r,"say ""no"""\r'],
    ["no end of the last line", 'a,b\n1,x\n2.5,"y, z"\n,"say ""no"""'],
    ["a byte order mark", '\uFEFFa,b\n1,x\n2.5,"y, z"\n,"say ""no"""\n'],
    ["empty lines", '\na,b\n\n1,x\n2.5,"y, z"\n\n,"say ""no"""\n\n\n'],
  ])("with %s", async (_, text) => {
    expect(await read(text)).toEqual(WANTED);
    for (const chunk of [1, 2, 7]) expect(await read(text, {}, chunk)).toEqual(WANTED);
  });

  test("that is gzipped, or in UTF-16", async () => {
    const text = 'a,b\n1,x\n2.5,"y, z"\n,"say ""no"""\n';
    expect(await read(gzipSync(text))).toEqual(WANTED);
    const units = Uint16Array.from(`\uFEFF${text}`, (one) => one.charCodeAt(0));
    expect(await read(new Uint8Array(units.buffer), {}, 3)).toEqual(WANTED);
  });

  test("with a line break in a value", async () => {
    expect(await read('a,b\n"one\ntwo",3\n', {}, 4)).toEqual({ a: ["one\ntwo"], b: [3] });
  });

  test("with decimal commas, where that is asked for", async () => {
    expect(await read("a;b\n1,5;x\n-2,25;y,5\n", { decimal: "," })).toEqual({
      a: [1.5, -2.25],
      b: ["x", "y,5"],
    });
  });

  test("below lines to leave out", async () => {
    const text = "150,2,one,two\n\na;b\n1;2\n";
    expect(await read(text, { skip: 1 })).toEqual({ a: [1], b: [2] });
    expect(await read(text, { skip: 3, header: false }, 1)).toEqual({ 0: [1], 1: [2] });
  });

  test("whose delimiter is given", async () => {
    expect(await read("a:b\n1:2\n", { delimiter: ":" })).toEqual({ a: [1], b: [2] });
  });
});

describe("the first line has names", () => {
  test.each([
    ["a,b\n1,2\n", { a: [1], b: [2] }],
    ["1,2\n3,4\n", { 0: [1, 3], 1: [2, 4] }],
    ["5.1,setosa\n4.9,setosa\n", { 0: [5.1, 4.9], 1: ["setosa", "setosa"] }],
    ["0,1,label\n5.1,3.5,x\n", { 0: [5.1], 1: [3.5], label: ["x"] }],
    [",a\n0,5\n1,6\n", { 0: [0, 1], a: [5, 6] }],
  ])("or not: %j", async (text, wanted) => {
    expect(await read(text)).toEqual(wanted);
  });

  test("as is said", async () => {
    expect(await read("a,b\nc,d\n", { header: false })).toEqual({ 0: ["a", "c"], 1: ["b", "d"] });
    expect(await read("1,2\n3,4\n", { header: true })).toEqual({ 1: [3], 2: [4] });
  });
});

test("a column of numbers with a text below is text, as it was written", async () => {
  const { columns } = await table("zip,n\n01234,1\n1e3,2\nK1A,3\n");
  expect(valuesOf(columns[0])).toEqual(["01234", "1e3", "K1A"]);
  expect(columns[0]).toMatchObject({ firstText: { row: 2, text: "K1A" } });
  expect(valuesOf(columns[1])).toEqual([1, 2, 3]);
});

test("names of objects' own properties are names", async () => {
  const { columns } = await table("__proto__,constructor,toString\n1,2,hasOwnProperty\n");
  expect(columns.map(({ name }) => name)).toEqual(["__proto__", "constructor", "toString"]);
  expect(valuesOf(columns[2])).toEqual(["hasOwnProperty"]);
});

describe("is a DataError that says where", () => {
  test.each([
    ["", {}, /a\.csv: has no rows of values/],
    ["a,b\n", {}, /has no rows of values/],
    ["a,b\n1,2\n3\n", {}, /line 3 has 1 values, and those before it have 2/],
    ["a,b\n1,2,3\n", {}, /line 2 has 3 values/],
    ["a,b,a\n1,2,3\n", {}, /columns 0 and 2 are both named "a"/],
    ['a,b\n1,"x\n2,y\n', {}, /line 2 has a quotation mark in the wrong place/],
    ['a,b\n1,"x" y\n2,y\n', {}, /line 2 has a quotation mark in the wrong place/],
    [Uint8Array.of(97, 44, 98, 10, 49, 44, 0xff, 10), {}, /is no text in UTF-8 between bytes 0 and 8/],
    [Uint8Array.of(97, 44, 98, 10, 49, 44, 0xc3), {}, /is no text in UTF-8 at its end, byte 7/],
    [`${",".repeat(100_001)}\n`, {}, /has 100002 columns, and at most 100000 are read/],
    [`a,b\n1,"${"x\n".repeat(6_000_000)}`, {}, /line 2 has more than 8388608 characters/],
  ])("%j", async (text, options, message) => {
    const error = await rejectedBy(table(text, options));
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ message: expect.stringMatching(message) });
  });
});

/** Whether a value is what a text should be read as. */
function isRead(value: number | string | undefined, text: string): boolean {
  if (value === undefined) return ["", "NaN"].includes(text.trim());
  return typeof value === "string" ? value === text : value === Number(text.replace(/^\+?inf$/i, "Infinity"));
}

test("any table comes back, however it is cut into chunks", async () => {
  const cell = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.double({ noNaN: true }).map(String),
    fc.constantFrom("", '"', "\n", ","),
  );
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const tables = fc
    .integer({ min: 2, max: 5 }) // in a table of one column an empty line is no row
    .chain((width) =>
      fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
    );
  await fc.assert(
    fc.asyncProperty(tables, fc.integer({ min: 1, max: 40 }), async (rows, chunk) => {
      const names = rows[0].map((_, c) => `column ${c}`);
      const text = [names, ...rows].map((row) => row.map(quoted).join(",")).join("\n");
      const found = await read(text, { header: true, delimiter: "," }, chunk);
      const wrong = rows.flatMap((row, n) =>
        row.filter((wanted, c) => !isRead(found[`column ${c}`][n], wanted)),
      );
      expect(wrong).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("files that were changed anywhere are read, or are DataErrors", async () => {
  const good = new TextEncoder().encode('name,age,"mark ""x"""\r\nAnna,31,"1.5"\r\n"B, C",,2\r\n');
  const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(changes, fc.nat(good.length), async (all, length) => {
      const bytes = good.slice(0, length);
      for (const [at, value] of all) if (at < length) bytes[at] = value;
      const name = await table(bytes).then(
        () => "read",
        (error: unknown) => (error instanceof DataError ? "read" : String(error)),
      );
      expect(name).toBe("read");
    }),
    { numRuns: 3000 },
  );
});
