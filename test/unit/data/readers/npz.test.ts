/** Tests the reader of .npz files against files that NumPy and SciPy wrote. */
import * as fc from "fast-check";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { readNpz } from "../../../../src/data/readers/npz.js";
import { READERS } from "../../../../src/data/readers/reader-table.js";
import { DataError } from "../../../../src/index.js";
import files from "../../../fixtures/readers/npz.json" with { type: "json" };
import { countRefused, cut, fileOf } from "./fuzz.js";

type FixtureName = keyof typeof files;

const bytesOf = (name: FixtureName) => Uint8Array.from(Buffer.from(files[name], "base64"));
const read = (bytes: Uint8Array) => readNpz(fileOf(bytes, "a.npz"));

const X = {
  kind: "vectors",
  name: "x",
  width: 3,
  values: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
};
const Y = { kind: "numbers", name: "y", values: Float64Array.of(0, 1, 1, 2) };
const LABELS = { kind: "text", name: "labels", codes: Int32Array.of(0, 1, 0, 2), texts: ["a", "b", "c"] };
const BOOLEANS = { kind: "numbers", name: "bool", values: Uint8Array.of(1, 0, 0, 1), boolean: true };
const DENSE = [0, 1.5, 0, 0, 0, 0, -2, 0, 3, 0, 0, 4];

/** A .npy file of bytes. */
function npy(shape: string, payload: Uint8Array): Uint8Array {
  const header = Buffer.from(
    `\x93NUMPY\x01\0??{'descr': '|u1', 'fortran_order': False, 'shape': ${shape}}`,
    "latin1",
  );
  header.writeUInt16LE(header.length - 10, 8);
  return Uint8Array.from(Buffer.concat([header, payload]));
}

describe("npz", () => {
  test.each(["stored", "deflated"] as const)("reads arrays that are %s", async (name) => {
    const expected = { rows: 4, columns: [X, Y, LABELS, BOOLEANS] };
    expect(await read(bytesOf(name))).toEqual(expected);
    expect(await readNpz(cut(bytesOf(name), 11, "a.npz"))).toEqual(expected);
  });

  test("reads members whose sizes follow them", async () => {
    expect(await read(bytesOf("streamed"))).toEqual({ rows: 4, columns: [X, Y] });
  });

  test("reads arrays without names, and of more dimensions", async () => {
    const columns = [
      { ...X, name: "arr_0" },
      { ...Y, name: "arr_1" },
    ];
    expect(await read(bytesOf("unnamed"))).toEqual({ rows: 4, columns });
    const [images] = (await read(bytesOf("images"))).columns;
    expect(images).toEqual({ kind: "vectors", name: "images", width: 4, values: new Uint8Array(16) });
  });

  test.each(["csr", "csc", "coo"] as const)("makes rows of a sparse matrix in %s", async (name) => {
    expect(await read(bytesOf(name))).toEqual({
      rows: 4,
      columns: [{ kind: "vectors", name: "x", width: 3, values: Float64Array.from(DENSE) }],
    });
  });

  test("keeps f4 of sparse matrices, and adds entries of one place", async () => {
    const [single] = (await read(bytesOf("csr f4"))).columns;
    expect(single).toMatchObject({ values: Float32Array.from(DENSE) });
    const [sums] = (await read(bytesOf("coo twice"))).columns;
    expect(sums).toMatchObject({ values: Float64Array.of(0, 3, 3, 0) });
  });

  test.each([
    ["other rows", 'a.npz: array "x_test" has 2 rows, but "x_train" has 4: save arrays with other rows'],
    ["scalar", "a.npz: version.npy: is a single value"],
    ["objects", 'a.npz: x.npy: is of type "|O", Python objects'],
    ["bsr", 'a.npz: is a sparse matrix in format "bsr", and csr, csc and coo are read: save x.tocsr().'],
    ["dia", 'a.npz: is a sparse matrix in format "dia"'],
    ["csr large", "a.npz: is sparse, and its 10000 rows × 100000 features would take 8000000000 bytes"],
  ] as const)("refuses %s", async (name, message) => {
    const reading = read(bytesOf(name));
    await expect(reading).rejects.toBeInstanceOf(DataError);
    await expect(reading).rejects.toThrow(message);
  });

  test("refuses members that are no arrays, and two of one name", async () => {
    const one = npy("(1,)", Uint8Array.of(1));
    await expect(read(zipSync({ "a.npy": one, "b.txt": one }))).rejects.toThrow('a.npz: has "b.txt"');
    const two = zipSync({ "a.npy": one, "b.npy": one });
    const renamed = Buffer.from(Buffer.from(two).toString("latin1").replaceAll("b.npy", "a.npy"), "latin1");
    await expect(read(renamed)).rejects.toThrow('a.npz: has two arrays "a"');
    await expect(read(zipSync({}))).rejects.toThrow("a.npz: has no arrays.");
    const named = { "__proto__.npy": one, "constructor.npy": one };
    expect((await read(zipSync(named))).columns.map(({ name }) => name)).toEqual([
      "__proto__",
      "constructor",
    ]);
  });

  test("refuses what unpacks to far more than it is, by its directory and as it unpacks", async () => {
    const bomb = zipSync({ "x.npy": npy("(8388608,)", new Uint8Array(2 ** 23)) }, { level: 1 });
    const directory = Buffer.from(bomb).lastIndexOf("PK\x01\x02", undefined, "latin1");
    const promise = (size: number) => {
      const lying = Uint8Array.from(bomb);
      new DataView(lying.buffer).setUint32(directory + 24, size, true);
      return read(lying);
    };
    expect((await read(bomb)).rows).toBe(2 ** 23); // few bytes in all are fine
    await expect(promise(2 ** 26 + 1)).rejects.toThrow(
      /^a\.npz: has \d+ bytes and unpacks to 67108865, more than 256 times as many/,
    );
    await expect(promise(2 ** 26)).rejects.toThrow(
      "a.npz: x.npy: is damaged: it unpacks to 8388679 bytes, and",
    );
    await expect(promise(1000)).rejects.toThrow(
      "a.npz: x.npy: is damaged: it unpacks to more than 1000 bytes",
    );
  });

  test("refuses a directory whose end says that there are fewer or more members", async () => {
    for (const count of [0, 3, 5]) {
      const bytes = bytesOf("stored");
      bytes[bytes.length - 12] = count;
      await expect(read(bytes)).rejects.toThrow(/^a\.npz: is damaged: /);
    }
  });

  test("refuses a file that is cut off anywhere", async () => {
    for (const name of ["stored", "deflated"] as const) {
      const bytes = bytesOf(name);
      for (let length = 1; length < bytes.length; length += 7) {
        await expect(read(bytes.subarray(0, length))).rejects.toBeInstanceOf(DataError);
      }
    }
  });

  test("reads the same, or finds what is damaged, whatever byte changed", async () => {
    for (const name of ["stored", "deflated", "streamed"] as const) {
      const bytes = bytesOf(name);
      const expected = await read(bytes);
      const place = fc.nat({ max: bytes.length - 1 });
      await fc.assert(
        fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), async (at, change) => {
          const changed = Uint8Array.from(bytes);
          changed[at] ^= change;
          const outcome = await read(changed).catch((error: unknown) => error);
          if (outcome instanceof DataError) return;
          expect(outcome).toEqual(expected); // a date, for example, has no checksum
        }),
        { numRuns: 400 },
      );
    }
  });

  test("makes a table or a DataError of every damaged file", async () => {
    const names: FixtureName[] = ["stored", "deflated", "unnamed", "csr", "coo", "streamed"];
    expect(await countRefused(names.map(bytesOf), readNpz, 1000)).toBeGreaterThan(200);
  });

  test("makes a table or a DataError of every sparse matrix with other numbers in its arrays", async () => {
    const csr = (indptr: number[], indices: number[], data: number[], shape: number[]) =>
      zipSync({
        "format.npy": Uint8Array.from(
          Buffer.from(
            "\x93NUMPY\x01\0\x39\0{'descr': '|S3', 'fortran_order': False, 'shape': (), } \ncsr",
            "latin1",
          ),
        ),
        "shape.npy": npy(`(${shape.length},)`, Uint8Array.from(shape)),
        "indptr.npy": npy(`(${indptr.length},)`, Uint8Array.from(indptr)),
        "indices.npy": npy(`(${indices.length},)`, Uint8Array.from(indices)),
        "data.npy": npy(`(${data.length},)`, Uint8Array.from(data)),
      });
    const table = await read(csr([0, 1, 3], [1, 0, 1], [7, 8, 9], [2, 2]));
    expect(table.columns[0]).toMatchObject({ width: 2, values: Float64Array.of(0, 7, 8, 9) });
    const list = fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(list, list, list, list, async (indptr, indices, data, shape) => {
        const outcome = await read(csr([0, ...indptr], indices, data, shape)).catch(
          (error: unknown) => error,
        );
        const wrong = outcome instanceof Error && !(outcome instanceof DataError);
        expect(wrong ? outcome : undefined).toBe(undefined);
      }),
      { numRuns: 500 },
    );
  });

  test("is recognised by its first member, as other zip files are not", () => {
    expect(READERS.npz.recognises(bytesOf("stored"))).toBe(true);
    expect(READERS.npz.recognises(zipSync({ "xl/workbook.xml": Uint8Array.of(1) }))).toBe(false);
    expect(READERS.npz.recognises(bytesOf("stored").subarray(0, 20))).toBe(false);
  });
});
