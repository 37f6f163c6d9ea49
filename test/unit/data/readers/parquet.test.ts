/** Tests the reader of Parquet files, on files of pyarrow and Polars and on damaged ones. */
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, test } from "vitest";
import { read, readRows } from "../../../../src/data/index.js";
import { openSource } from "../../../../src/data/readers/sources.js";
import { readParquet } from "../../../../src/data/readers/parquet.js";
import { readTable } from "../../../../src/data/readers/reader-table.js";
import { DataError } from "../../../../src/index.js";
import { FEW, REFUSED, TYPES, expectTableOrError, loadFixture, pathOf, readBy, tableOf } from "./columnar.js";

const ALL = Object.keys(TYPES).filter((name) => name !== "factor" && name !== "view");

describe("reads", () => {
  test("each type of column that pyarrow writes", async () => {
    expect(await readBy(readParquet, pathOf("types-none.parquet"))).toEqual(tableOf(...ALL));
  });

  test.each(["snappy", "gzip", "brotli", "zstd", "lz4"])(
    "pages of either version that %s packs",
    async (codec) => {
      expect(await readBy(readParquet, pathOf(`types-${codec}.parquet`))).toEqual(tableOf(...FEW));
    },
  );

  test("values that are split by bytes, or differences", async () => {
    const names = ["int32", "int64", "uint64", "float", "double", "bool", "text"];
    expect(await readBy(readParquet, pathOf("types-encodings.parquet"))).toEqual(tableOf(...names));
    const { columns } = await readBy(readParquet, pathOf("delta-lengths.parquet"));
    const codes = Int32Array.from({ length: 200 }, (_, i) => i % 3);
    expect(columns).toEqual([{ kind: "text", name: "text", codes, texts: ["text 0", "text 1", "text 2"] }]);
  });

  test("a file of Polars", async () => {
    expect(await readBy(readParquet, pathOf("polars.parquet"))).toEqual({
      rows: 3,
      columns: [
        { kind: "numbers", name: "x", values: Float64Array.of(0.5, Number.NaN, 2.5) },
        { kind: "numbers", name: "n", values: Float64Array.of(1, 2, 3) },
        { kind: "numbers", name: "flag", values: Uint8Array.of(1, 0, 1), boolean: true },
        { kind: "text", name: "species", codes: Int32Array.of(0, 1, 0), texts: ["s", "v"] },
        { kind: "vectors", name: "e", width: 2, values: Float32Array.of(1, 2, 3, 4, 5, 6) },
      ],
    });
  });

  test("what hyparquet-writer wrote, of any numbers and texts", async () => {
    const data = fc.array(
      fc.record({
        x: fc.option(fc.double({ noNaN: true })),
        n: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        t: fc.option(fc.constantFrom("a", "", "é", "__proto__")),
      }),
      { minLength: 1, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(
        data,
        fc.constantFrom<"SNAPPY" | "UNCOMPRESSED">("SNAPPY", "UNCOMPRESSED"),
        async (made, codec) => {
          const file = parquetWriteBuffer({
            codec,
            rowGroupSize: 7,
            columnData: [
              { name: "x", data: made.map(({ x }) => x), type: "DOUBLE" },
              { name: "n", data: made.map(({ n }) => n), type: "INT32" },
              { name: "t", data: made.map(({ t }) => t), type: "STRING" },
            ],
          });
          const { rows, columns } = await readBy(readParquet, new Uint8Array(file));
          expect(rows).toBe(made.length);
          const [x, n, t] = columns;
          if (x.kind !== "numbers" || n.kind !== "numbers" || t.kind !== "text") throw new Error("kinds");
          expect([...x.values]).toEqual(made.map((one) => one.x ?? Number.NaN));
          expect([...n.values]).toEqual(made.map((one) => one.n));
          expect(Array.from(t.codes, (code) => t.texts[code] ?? null)).toEqual(made.map((one) => one.t));
        },
      ),
    );
  });

  test("only the columns that are asked for", async () => {
    expect(await readBy(readParquet, pathOf("types-none.parquet"), ["text", "int8"])).toEqual(
      tableOf("int8", "text"),
    );
    const holes = await readBy(readParquet, pathOf("odd.parquet"), ["ok", "holes"]);
    expect(holes.columns).toEqual([
      { kind: "vectors", name: "holes", width: 2, values: Float64Array.of(1, Number.NaN, 3, 4, 4, 5) },
      { kind: "numbers", name: "ok", values: Float64Array.of(1.5, 2.5, 3.5) },
    ]);
  });

  test("gzipped files and streams, as a whole", async () => {
    const bytes = await loadFixture("polars.parquet");
    const expected = await readBy(readParquet, bytes);
    expect(await readBy(readParquet, new Uint8Array(gzipSync(bytes)))).toEqual(expected);
    for (const source of [new Blob([bytes]), new Response(bytes), new Blob([bytes]).stream()]) {
      const [file] = await openSource(source);
      expect(await readTable(file, undefined, {})).toEqual(expected);
    }
  });
});

describe("read takes of a Parquet file", () => {
  test("embeddings as features", async () => {
    const { x, y, features, featureNames } = await read(pathOf("polars.parquet"), {
      features: ["e"],
      label: "species",
    });
    expect([...x]).toEqual([1, 2, 3, 4, 5, 6]);
    expect({ y, features, featureNames }).toEqual({
      y: ["s", "v", "s"],
      features: 2,
      featureNames: ["e[0]", "e[1]"],
    });
  });

  test("the columns of the options or the schema, and of others nothing", async () => {
    const data = await readRows(pathOf("odd.parquet"), { features: ["ok"], label: null });
    expect([...data.x]).toEqual([1.5, 2.5, 3.5]);
    expect([...(await readRows(pathOf("odd.parquet"), { schema: data.schema })).x]).toEqual([1.5, 2.5, 3.5]);
    await expect(readRows(pathOf("odd.parquet"), { features: ["ok"] })).rejects.toThrow(
      'column "point" is of structs',
    );
    await expect(readRows(pathOf("odd.parquet"), { features: ["10"], label: null })).rejects.toThrow(
      'column "point"',
    );
  });
});

describe("a file is read in parts", () => {
  test("of a URL, the footer and the columns that are asked for", async () => {
    const bytes = await wide();
    const ranges: (string | undefined)[] = [];
    const expected = await readBy(readParquet, bytes, ["c7"]);
    let sent = 0;
    await serve(
      (range, respond) => {
        ranges.push(range);
        const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
        if (start === undefined) return respond(200, bytes, {});
        const part = bytes.subarray(Number(start), Number(end) + 1);
        sent += part.length;
        respond(206, part, { "content-range": `bytes ${start}-${end}/${bytes.length}` });
      },
      async (url) => {
        const [file] = await openSource(url);
        expect(await readTable(file, undefined, { columns: ["c7"] })).toEqual(expected);
      },
    );
    expect(ranges.length).toBeLessThanOrEqual(5);
    expect(sent).toBeLessThan(bytes.length / 5);
  });

  test("and as a whole where the server sends no parts, or wrong ones", async () => {
    const bytes = await loadFixture("polars.parquet");
    const expected = await readBy(readParquet, bytes);
    for (const status of [200, 206]) {
      await serve(
        (range, respond) => {
          if (status === 206 && range) respond(206, bytes, { "content-range": `bytes 0-9/${bytes.length}` });
          else respond(200, bytes, {});
        },
        async (url) => {
          const [file] = await openSource(url);
          expect(await readTable(file, undefined, {})).toEqual(expected);
        },
      );
    }
  });

  async function wide(): Promise<Uint8Array<ArrayBuffer>> {
    const data = Float64Array.from({ length: 5000 }, (_, i) => Math.sin(i));
    return new Uint8Array(
      parquetWriteBuffer({
        codec: "UNCOMPRESSED",
        columnData: Array.from({ length: 20 }, (_, c) => ({
          name: `c${c}`,
          data: [...data],
          type: "DOUBLE" as const,
        })),
      }),
    );
  }

  type Respond = (status: number, body: Uint8Array, headers: Record<string, string>) => void;

  async function serve(
    answer: (range: string | undefined, respond: Respond) => void,
    act: (url: string) => Promise<void>,
  ): Promise<void> {
    const server = createServer((request, response) => {
      answer(request.headers.range, (status, body, headers) => {
        response.writeHead(status, { ...headers, "content-length": body.length }).end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    try {
      await act(`http://127.0.0.1:${address.port}/data`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }
});

describe("refuses", () => {
  test.each(REFUSED)("column %s, by its name", async (column, message) => {
    const reading = readBy(readParquet, pathOf("odd.parquet"), [column]);
    await expect(reading).rejects.toBeInstanceOf(DataError);
    await expect(reading).rejects.toThrow(message);
  });

  test("bytes that are no text", async () => {
    const reading = readBy(readParquet, pathOf("odd.parquet"), ["bytes"]);
    await expect(reading).rejects.toThrow(/column "bytes" cannot be read; .* not valid for encoding utf-8/);
  });

  test("a file that is cut off anywhere", async () => {
    const bytes = await loadFixture("types-snappy.parquet");
    for (let length = 0; length < bytes.length; length += 7) {
      await expect(readBy(readParquet, bytes.slice(0, length))).rejects.toThrow(/^the bytes: has \d+ bytes/);
    }
    const middle = new Uint8Array([...bytes.subarray(0, 200), ...bytes.subarray(1200)]);
    await expect(readBy(readParquet, middle)).rejects.toThrow(/should be in bytes \d+ to \d+|cannot be read/);
  });

  test("a footer that claims to be longer than the file, or that is encrypted", async () => {
    const bytes = await loadFixture("polars.parquet");
    new DataView(bytes.buffer).setUint32(bytes.length - 8, 2 ** 31, true);
    await expect(readBy(readParquet, bytes)).rejects.toThrow("its footer should have 2147483648 bytes");
    bytes.set([0x50, 0x41, 0x52, 0x45], bytes.length - 4);
    await expect(readBy(readParquet, bytes)).rejects.toThrow("its footer is encrypted");
  });

  test("lists and integers of the footer that claim to be long, in no time", async () => {
    const endless = Array.from({ length: 100_000 }, () => 0xff);
    const footers = [
      [0x29, 0xfc, 0xff, 0xff, 0xff, 0x0f], // a schema of 2^25 elements
      [0x15, ...endless], // a version of 700,000 bits
      Array.from({ length: 100_000 }, () => 0x1c), // structs within structs
    ];
    for (const footer of footers) {
      const length = new Uint8Array(Uint32Array.of(footer.length).buffer);
      const bytes = Uint8Array.from([...MAGIC, ...footer, ...length, ...MAGIC]);
      const start = performance.now();
      await expect(readBy(readParquet, bytes)).rejects.toThrow(/^the bytes: its footer cannot be read/);
      expect(performance.now() - start).toBeLessThan(1000);
    }
  });

  test("pages that unpack into more values than memory holds", async () => {
    const bytes = fileOfOnePage(2 ** 31 - 1);
    const before = process.memoryUsage().rss;
    await expect(readBy(readParquet, bytes)).rejects.toThrow(
      /column "x" .* take more than \d+ when unpacked/,
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 28);
    const { columns } = await readBy(readParquet, fileOfOnePage(1000));
    expect(columns).toEqual([
      { kind: "numbers", name: "x", values: new Uint8Array(1000).fill(1), boolean: true },
    ]);
  });

  test("or reads files with any damage: the result is a whole table, or a DataError", async () => {
    const files = await Promise.all(
      ["types-none", "types-zstd", "types-encodings", "polars", "types-gzip"].map((one) =>
        loadFixture(`${one}.parquet`),
      ),
    );
    let read = 0;
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: files.length - 1 }), changes, async (file, change) => {
        const bytes = files[file].slice();
        for (const [place, value] of change) bytes[place % bytes.length] = value;
        if (await expectTableOrError(readParquet, bytes)) read++;
      }),
      { numRuns: 2000 },
    );
    expect(read).toBeGreaterThan(100);
    expect(read).toBeLessThan(1900);
  });
});

const MAGIC = [...new TextEncoder().encode("PAR1")];

/** A file with a column of booleans, all true, in a single run. */
function fileOfOnePage(count: number): Uint8Array<ArrayBuffer> {
  const run = [...varint(2 * count), 1];
  const page = [run.length, 0, 0, 0, ...run];
  const header = struct(i32(1, 0), i32(2, page.length), i32(3, page.length), [
    5,
    12,
    struct(i32(1, count), i32(2, 3), i32(3, 3), i32(4, 3)),
  ]);
  const body = [...header, ...page];
  const root = struct(text(4, "root"), i32(5, 1));
  const leaf = struct(i32(1, 0), i32(3, 0), text(4, "x"));
  const column = struct(
    i32(1, 0),
    [2, 9, [0x15, 6]],
    [3, 9, [0x18, 1, 120]],
    i32(4, 0),
    i64(5, count),
    i64(6, body.length),
    i64(7, body.length),
    i64(9, 4),
  );
  const group = struct(
    [1, 9, [0x1c, ...struct(i64(2, 4), [3, 12, column])]],
    i64(2, body.length),
    i64(3, count),
  );
  const footer = struct(i32(1, 1), [2, 9, [0x2c, ...root, ...leaf]], i64(3, count), [4, 9, [0x1c, ...group]]);
  const length = new Uint8Array(Uint32Array.of(footer.length).buffer);
  return Uint8Array.from([...MAGIC, ...body, ...footer, ...length, ...MAGIC]);
}

type Field = readonly [id: number, type: number, bytes: readonly number[]];

/** Writes a struct of Thrift's compact protocol. */
function struct(...fields: readonly Field[]): number[] {
  let last = 0;
  const bytes = fields.flatMap(([id, type, value]) => {
    const head = ((id - last) << 4) | type;
    last = id;
    return [head, ...value];
  });
  return [...bytes, 0];
}

function i32(id: number, value: number): Field {
  return [id, 5, varint(2 * value)];
}

function i64(id: number, value: number): Field {
  return [id, 6, varint(2 * value)];
}

function text(id: number, value: string): Field {
  return [id, 8, [value.length, ...new TextEncoder().encode(value)]];
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
