/** Tests the reader of svmlight files against files that scikit-learn wrote. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { READERS, readTable } from "../../../../src/data/readers/reader-table.js";
import { readSvmlight } from "../../../../src/data/readers/svmlight.js";
import { isSvmlight } from "../../../../src/data/readers/signatures.js";
import { DataError } from "../../../../src/index.js";
import files from "../../../fixtures/readers/svmlight.json" with { type: "json" };
import { countRefused, cut, fileOf } from "./fuzz.js";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const read = (text: string) => readSvmlight(fileOf(bytesOf(text), "a.svm"));
const recognises = (text: string) => isSvmlight(bytesOf(text));

describe("svmlight", () => {
  test.each(Object.entries(files))("reads rows, %s", async (_, { text, x, y }) => {
    const expected = {
      rows: 20,
      columns: [
        { kind: "numbers", name: "label", values: Float64Array.from(y) },
        { kind: "vectors", name: "x", width: 6, values: Float64Array.from(x.flat()) },
      ],
    };
    expect(await readTable(fileOf(bytesOf(text), "a"), undefined, {})).toEqual(expected);
    expect(await readSvmlight(cut(bytesOf(text), 5, "a"))).toEqual(expected);
    expect(await readSvmlight(fileOf(bytesOf(text.replaceAll("\n", "\r\n")), "a"))).toEqual(expected);
  });

  test("reads f32 where it holds the values, missing ones, empty rows, comments and spaces", async () => {
    const text = "# 1:1\n+1 2:0.5 4:nan # 5:1\n\n-1\n 3e0\tqid:2  1:-inf\t \n";
    const values = Float32Array.of(0, 0.5, 0, Number.NaN, 0, 0, 0, 0, -Infinity, 0, 0, 0);
    expect(await read(text)).toEqual({
      rows: 3,
      columns: [
        { kind: "numbers", name: "label", values: Float64Array.of(1, -1, 3) },
        { kind: "vectors", name: "x", width: 4, values },
      ],
    });
  });

  test("is recognised by its lines, and text of another kind is not", () => {
    for (const { text } of Object.values(files)) {
      for (const length of [200, 300, 500, 4096]) expect(recognises(text.slice(0, length))).toBe(true);
    }
    expect(recognises("1 1:2 3:4")).toBe(true);
    expect(
      recognises(`0 ${Array.from({ length: 2000 }, (_, i) => `${i}:1.5`).join(" ")}`.slice(0, 4096)),
    ).toBe(true);
    for (const text of [
      "",
      "1\n2\n3\n",
      "a,b\n1,2\n",
      "1 12:30 3\n",
      "1 a:2\n",
      "# 1:2\n",
      "time 1:2\n",
      "{1:2}",
    ]) {
      expect(recognises(text)).toBe(false);
    }
    expect(recognises("2026-12-01 12:30:00,5\n")).toBe(false);
    const formats = Object.keys(READERS);
    expect(formats.indexOf("svmlight")).toBeLessThan(formats.indexOf("csv"));
  });

  test.each([
    ["", "a.svm: has no rows."],
    ["1\n2\n", "a.svm: has no features: no line has an index:value."],
    ["1 1:2\nx 1:2\n", 'a.svm: line 2 begins with "x", where a number, the label, belongs.'],
    ["1,3 1:2\n", 'a.svm: line 1 has the labels "1,3", and each row has one here.'],
    ["1 1:2 3\n", 'a.svm: line 1 has "3", where index:value belongs.'],
    ["1 1:2 :3\n", 'line 1 has ":3", where'],
    ["1 1:\n", 'line 1 has "1:", where'],
    ["1 -1:2\n", 'line 1 has "-1:2", where'],
    ["1 99999999999:2\n", 'line 1 has "99999999999:2", where'],
    ["1 1:0x1f\n", 'line 1 has "1:0x1f", where'],
    ["1 1:2:3\n", 'line 1 has "1:2:3", where'],
    ["1 2:2 1:3\n", "a.svm: line 1 has index 1 after 2: sort the indices of a line, and name each once."],
    ["1 2:2 2:3\n", "line 1 has index 2 after 2"],
    ["1 2:2 qid:3\n", 'line 1 has "qid:3"'],
    [
      "1 1:1\n2 2147483647:1\n",
      "a.svm: is sparse, and its 2 rows × 2147483647 features would take 17179869176 bytes",
    ],
  ])("refuses %j", async (text, message) => {
    const reading = read(text);
    await expect(reading).rejects.toBeInstanceOf(DataError);
    await expect(reading).rejects.toThrow(message);
  });

  test("reads back any rows", async () => {
    const value = fc.double({ noNaN: true }).map((one) => one + 0); // a sparse −0 is 0
    const matrices = fc.integer({ min: 1, max: 6 }).chain((width) =>
      fc.array(fc.array(fc.option(value, { nil: 0 }), { minLength: width, maxLength: width }), {
        minLength: 1,
      }),
    );
    await fc.assert(
      fc.asyncProperty(matrices, fc.constantFrom(0, 1), async (matrix, first) => {
        const rows = matrix.map((row) => [1, ...row]); // the first index is in each row
        const text = rows
          .map((row, r) =>
            [r, ...row.flatMap((one, c) => (one === 0 ? [] : [`${c + first}:${one}`]))].join(" "),
          )
          .join("\n");
        const { columns } = await read(text);
        const [label, x] = columns;
        if (label.kind === "text" || x.kind !== "vectors") throw new TypeError("No numbers.");
        expect(Array.from<number>(label.values)).toEqual(rows.map((_, r) => r));
        const { width, values } = x;
        const found = rows.map((_, r) => Array.from<number>(values.subarray(r * width, (r + 1) * width)));
        expect(found).toEqual(rows.map((row) => row.slice(0, width)));
        expect(rows.every((row) => row.slice(width).every((one) => one === 0))).toBe(true);
      }),
    );
  });

  test("makes a table or a DataError of every damaged file", async () => {
    const all = Object.values(files).map(({ text }) => bytesOf(text));
    expect(await countRefused(all, readSvmlight, 2000)).toBeGreaterThan(200);
  });
});
