/** Tests the reader of .npy files against files that NumPy wrote. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readNpyTable } from "../../../../src/data/readers/npy.js";
import type { Column } from "../../../../src/data/data-table.js";
import { DataError } from "../../../../src/index.js";
import files from "../../../fixtures/readers/npy.json" with { type: "json" };
import { cut, countRefused, fileOf } from "./fuzz.js";

interface Fixture {
  readonly bytes: string;
  readonly shape: readonly number[];
  readonly values: readonly (number | string | boolean)[];
}

const FIXTURES: ReadonlyMap<string, Fixture> = new Map(Object.entries(files));

const REFUSED = [
  "beyond",
  "beyond u8",
  "objects",
  "records",
  "complex",
  "dates",
  "long double",
  "single",
  "empty",
  "no width",
  "texts (2, 2)",
];
const READ = [...FIXTURES.keys()].filter((name) => !REFUSED.includes(name));

function fixture(name: string): Fixture {
  const found = FIXTURES.get(name);
  if (!found) throw new Error(`There is no fixture ${name}.`);
  return found;
}

function bytesOf(name: string): Uint8Array {
  return Uint8Array.from(Buffer.from(fixture(name).bytes, "base64"));
}

/** Writes a file with a header of one's own. */
function npy(header: string, payload: Uint8Array, version = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array((version === 1 ? 10 : 12) + text.length + payload.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  bytes.set(text, bytes.length - payload.length - text.length);
  bytes.set(payload, bytes.length - payload.length);
  return bytes;
}

const read = (bytes: Uint8Array) => readNpyTable(fileOf(bytes, "a.npy"));

/** Values as the fixtures have them: floats by their text, which tells NaN and −0. */
function valuesOf(column: Column): (number | string | boolean)[] {
  if (column.kind === "text") return Array.from(column.codes, (code) => column.texts[code] ?? "");
  const values = Array.from<number>(column.values);
  return column.kind === "numbers" && column.boolean ? values.map((value) => value === 1) : values;
}

function expectedOf({ values }: Fixture, column: Column): (number | string | boolean)[] {
  if (column.kind === "text") return [...values];
  if (column.kind === "numbers" && column.boolean) return [...values];
  return values.map((value) =>
    typeof value === "string" ? Number(value.replace("inf", "Infinity")) : Number(value),
  );
}

describe("npy", () => {
  test.each(READ)("reads %s as NumPy does", async (name) => {
    const { shape } = fixture(name);
    for (const file of [fileOf(bytesOf(name), "a.npy"), cut(bytesOf(name), 7, "a.npy")]) {
      const { rows, columns } = await readNpyTable(file);
      expect(rows).toBe(shape[0]);
      expect(columns.length).toBe(1);
      const [column] = columns;
      expect(valuesOf(column)).toEqual(expectedOf(fixture(name), column));
      const width = shape.slice(1).reduce((a, b) => a * b, 1);
      const kind = /U|S/.test(name) ? "text" : "numbers";
      expect(column).toMatchObject(
        shape.length === 1 ? { kind, name: "0" } : { kind: "vectors", name: "x", width },
      );
    }
  });

  test("keeps the type of values, but for f2 and integers of 64 bits", async () => {
    const types = {
      "<f2 (6,)": Float32Array,
      ">f4 (6,)": Float32Array,
      "<f8 (6,)": Float64Array,
      "<i1 (6,)": Int8Array,
      ">i2 (6,)": Int16Array,
      "<i4 (6,)": Int32Array,
      "<i8 (6,)": Float64Array,
      "<u1 (6,)": Uint8Array,
      "<u2 (6,)": Uint16Array,
      ">u4 (2, 3)": Uint32Array,
      ">u8 (6,)": Float64Array,
      "fortran |u1 (40, 3)": Uint8Array,
    };
    for (const [name, Type] of Object.entries(types)) {
      const [column] = (await read(bytesOf(name))).columns;
      expect(column.kind === "text" ? column : column.values).toBeInstanceOf(Type);
    }
    const booleans = (await read(bytesOf("bool"))).columns;
    expect(booleans).toEqual([{ kind: "numbers", name: "0", values: Uint8Array.of(1, 0, 1), boolean: true }]);
    const texts = (await read(bytesOf("S"))).columns;
    expect(texts).toEqual([
      { kind: "text", name: "0", codes: Int32Array.of(0, 1, -1, 0, 2), texts: ["cat", "dog", "é"] },
    ]);
  });

  test("converts every f2", async () => {
    const bits = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);
    const file = npy(
      "{'descr': '<f2', 'fortran_order': False, 'shape': (65536,)}",
      new Uint8Array(bits.buffer),
    );
    const [column] = (await read(file)).columns;
    if (column.kind === "text") throw new TypeError("No numbers.");
    // Its value by the digits of its bits, as IEEE 754 defines them.
    const value = (i: number) => {
      const [, s, e, f] = /^(.)(.{5})(.{10})$/.exec(i.toString(2).padStart(16, "0")) ?? [];
      const exponent = Number.parseInt(e, 2);
      const fraction = Number.parseInt(f, 2);
      const size =
        exponent === 31
          ? fraction
            ? Number.NaN
            : Infinity
          : exponent
            ? Number.parseInt(`1${f}`, 2) * 2 ** (exponent - 25)
            : fraction * 2 ** -24;
      return s === "1" ? -size : size;
    };
    expect(Array.from<number>(column.values)).toEqual(Array.from(bits, value));
  });

  test("takes headers as NumPy does: keys in any order, spaces, quotation marks, Python 2's long integers", async () => {
    const payload = Uint8Array.of(1, 2, 3, 4);
    for (const header of [
      "{'shape':(4,),'descr':'|u1','fortran_order':False}",
      `{ "descr" : "<u1", "shape": (4L, ), 'fortran_order' : True, }   \n`,
      "{'descr': 'u1', 'fortran_order': False, 'shape': (4,), }",
    ]) {
      for (const version of [1, 2, 3]) {
        const { columns } = await read(npy(header, payload, version));
        expect(columns).toEqual([{ kind: "numbers", name: "0", values: payload }]);
      }
    }
  });

  test.each([
    ["objects", 'a.npy: is of type "|O", Python objects, which is not read: save one plain array'],
    ["records", "a.npy: is of records of several fields (a structured dtype): save one plain array"],
    ["complex", 'a.npy: is of type "<c16", complex numbers, which is not read'],
    ["dates", 'a.npy: is of type "<M8[D]", dates, which is not read'],
    ["long double", 'a.npy: is of type "<f16", numbers of more than 64 bits, which is not read'],
    ["single", "a.npy: is a single value"],
    ["empty", "a.npy: is an array of 0 values: there are none."],
    ["no width", "a.npy: is an array of 3×0 values: there are none."],
    ["texts (2, 2)", "a.npy: is an array of 2×2 texts, and one of one dimension is read"],
    ["beyond", "a.npy: a value is 9007199254740993 at row 1, byte 136, and an f64 holds integers up to 2^53"],
    ["beyond u8", "a.npy: a value is 18446744073709551615 at row 1, column 1, byte 152"],
  ])("refuses %s", async (name, message) => {
    const reading = read(bytesOf(name));
    await expect(reading).rejects.toBeInstanceOf(DataError);
    await expect(reading).rejects.toThrow(message);
  });

  test("refuses a file that is cut off anywhere, or longer than its header says", async () => {
    for (const name of ["<f4 (3, 4)", "<U", "version 2"]) {
      const bytes = bytesOf(name);
      for (let length = 0; length < bytes.length; length++) {
        await expect(read(bytes.subarray(0, length))).rejects.toBeInstanceOf(DataError);
      }
      await expect(read(Uint8Array.from([...bytes, 0]))).rejects.toThrow("has bytes left over");
    }
    await expect(read(bytesOf("<f4 (3, 4)").subarray(0, 175))).rejects.toThrow(
      "a.npy: is truncated; 3×4 values of type <f4 make 176 bytes, the file has 175.",
    );
  });

  test.each([
    ["{'descr': '<f8', 'fortran_order': False, 'shape': (999999999, 3)}", "is truncated; 999999999×3 values"],
    ["{'descr': '<f8', 'fortran_order': False, 'shape': (999999999, 999999999)}", "more than any file holds"],
    ["{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999999999,)}", 'has "99999999999'],
    ["{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", 'its header has "-1,)}" near byte 61'],
    ["{'descr': '<f8', 'fortran_order': False, 'shape': (3)}", "a comma"],
    ["{'descr': '<f8', 'fortran_order': False, 'shape': [3]}", "where ( belongs"],
    ["{'descr': '<f8', 'fortran_order': False}", "lacks descr, fortran_order or shape"],
    ["{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (3,)}", "where one descr belongs"],
    ["{'__proto__': '<f8', 'fortran_order': False, 'shape': (3,)}", "descr, fortran_order or shape"],
    ["{'descr': '<f8', 'fortran_order': 1, 'shape': (3,)}", "True or False"],
    ["{'descr': '<U0', 'fortran_order': False, 'shape': (999999999999,)}", '"<U0"'],
    ["{'descr': '<f3', 'fortran_order': False, 'shape': (3,)}", '"<f3"'],
    ["{'descr': '<i8', 'fortran_order': False, 'shape': (3,)} + 1", "nothing more"],
    ["__import__('os').system('ls')", "where { belongs"],
    ["{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", "a boolean is 2 at row 1, byte 66"],
    ["{'descr': '|S2', 'fortran_order': False, 'shape': (1,)}", "the text of row 0, byte 65, is no UTF-8"],
  ])("refuses %s", async (header, message) => {
    const before = process.memoryUsage().arrayBuffers;
    const payload = header.includes("S2") ? Uint8Array.of(0xc3, 0x28) : Uint8Array.of(1, 2);
    const reading = read(npy(header, payload));
    await expect(reading).rejects.toBeInstanceOf(DataError);
    await expect(reading).rejects.toThrow(message);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
  });

  test("refuses what is no Unicode", async () => {
    for (const point of [0xd800, 0x110000, 0xffffffff]) {
      const header = "{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}";
      const reading = read(npy(header, new Uint8Array(Uint32Array.of(point).buffer)));
      await expect(reading).rejects.toThrow("a.npy: the text of row 0, byte 65, is no Unicode");
    }
  });

  test("refuses other versions, and headers that are too long", async () => {
    const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}";
    await expect(read(npy(header, Uint8Array.of(1), 4))).rejects.toThrow("is a .npy file of version 4.0");
    const long = npy(header, Uint8Array.of(1), 2);
    long.fill(0xff, 8, 12);
    await expect(read(long)).rejects.toThrow("its header has 4294967295 bytes, and at most 65536 are read");
  });

  test("reads back f4 of any shape, in either order of dimensions and bytes", async () => {
    const arrays = fc.record({
      shape: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
      fortran: fc.boolean(),
      bigEndian: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(arrays, async ({ shape, fortran, bigEndian }) => {
        const count = shape.reduce((a, b) => a * b, 1);
        const view = new DataView(new ArrayBuffer(4 * count));
        // The place of each value of C order in the file.
        for (let i = 0; i < count; i++) {
          let rest = i;
          let place = 0;
          for (let d = shape.length - 1; d >= 0; d--) {
            const stride = shape.slice(0, d).reduce((a, b) => a * b, 1);
            place += (rest % shape[d]) * stride;
            rest = Math.floor(rest / shape[d]);
          }
          view.setFloat32(4 * (fortran ? place : i), i, !bigEndian);
        }
        const order = fortran ? "True" : "False";
        const header = `{'descr': '${bigEndian ? ">" : "<"}f4', 'fortran_order': ${order}, 'shape': (${shape.join(", ")},)}`;
        const [column] = (await read(npy(header, new Uint8Array(view.buffer)))).columns;
        expect(valuesOf(column)).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
    );
  });

  test("makes a table or a DataError of every damaged file", async () => {
    expect(await countRefused([...FIXTURES.keys()].map(bytesOf), readNpyTable, 2000)).toBeGreaterThan(200);
  });
});
