/** What the Parquet and Arrow files of make_columnar.py hold. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { openSource } from "../../../../src/data/readers/sources.js";
import type { ReadTable } from "../../../../src/data/readers/reader.js";
import type { Column, Table } from "../../../../src/data/data-table.js";
import { DataError } from "../../../../src/index.js";

const FOLDER = join(import.meta.dirname, "../../../fixtures/readers");

/** Returns the bytes of a file that make_columnar.py made. */
export async function loadFixture(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(join(FOLDER, name)));
}

/** Returns the path of a file that make_columnar.py made. */
export function pathOf(name: string): string {
  return join(FOLDER, name);
}

/** Reads bytes, or the file at a path. */
export async function readBy(
  read: ReadTable,
  source: Uint8Array<ArrayBuffer> | string,
  columns?: readonly string[],
): Promise<Table> {
  const [file] = await openSource(source);
  return read(file, { columns });
}

/** Reads bytes that may be damaged: into a whole table, or not at all, with a DataError that says why. */
export async function expectTableOrError(
  reader: ReadTable,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  let table: Table;
  try {
    table = await readBy(reader, bytes);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    expect(error.message).toMatch(/^the bytes: /);
    return false;
  }
  expect(table.rows).toBeGreaterThan(0);
  for (const column of table.columns) {
    if (column.kind === "text") {
      expect(column.codes.length).toBe(table.rows);
      for (const code of column.codes) if (code < -1 || code >= column.texts.length) throw new Error("code");
    } else {
      const width = column.kind === "vectors" ? column.width : 1;
      expect(column.values.length).toBe(table.rows * width);
    }
  }
  return true;
}

const ROWS = 20;
const rows = Array.from({ length: ROWS }, (_, i) => i);
const CODES = Int32Array.from(rows, (i) => (i === 5 ? -1 : i % 3));
const TEXTS = ["b", "a", "ä€😀"];

/** The columns of the files called types, by their names. */
export const TYPES: Readonly<Record<string, Column>> = {
  int8: numbers(
    "int8",
    Int8Array.from(rows, (i) => i - 10),
  ),
  int16: numbers(
    "int16",
    Int16Array.from(rows, (i) => 1000 * i - 10_000),
  ),
  int32: numbers(
    "int32",
    Int32Array.from(rows, (i) => 1e8 * i - 1e9),
  ),
  int64: numbers(
    "int64",
    Float64Array.from(rows, (i) => 1e14 * i - 1e15),
  ),
  uint8: numbers(
    "uint8",
    Uint8Array.from(rows, (i) => 13 * i),
  ),
  uint16: numbers(
    "uint16",
    Uint16Array.from(rows, (i) => 3000 * i),
  ),
  uint32: numbers(
    "uint32",
    Uint32Array.from(rows, (i) => 2e8 * i),
  ),
  uint64: numbers(
    "uint64",
    Float64Array.from(rows, (i) => 1e14 * i),
  ),
  half: numbers(
    "half",
    Float32Array.from(rows, (i) => i / 4),
  ),
  float: numbers(
    "float",
    Float32Array.from(rows, (i) => i / 4),
  ),
  double: numbers(
    "double",
    Float64Array.from(rows, (i) => i * 0.1),
  ),
  bool: {
    kind: "numbers",
    name: "bool",
    values: Uint8Array.from(rows, (i) => Number(i % 3 === 0)),
    boolean: true,
  },
  gaps: numbers(
    "gaps",
    Float64Array.from(rows, (i) => (i % 7 === 3 ? Number.NaN : i / 2)),
  ),
  intgaps: numbers(
    "intgaps",
    Float64Array.from(rows, (i) => (i % 7 === 3 ? Number.NaN : i)),
  ),
  text: { kind: "text", name: "text", codes: CODES, texts: TEXTS },
  embedding: {
    kind: "vectors",
    name: "embedding",
    width: 4,
    values: Float32Array.from(rows.flatMap((i) => [0, 1, 2, 3].map((d) => i + d / 4))),
  },
  list: {
    kind: "vectors",
    name: "list",
    width: 3,
    values: Float64Array.from(rows.flatMap((i) => [i, 0 - i, 0.1])),
  },
  day: {
    kind: "text",
    name: "day",
    codes: Int32Array.from(rows),
    texts: rows.map((i) => `2020-01-${String(1 + i).padStart(2, "0")}`),
  },
  time: {
    kind: "text",
    name: "time",
    codes: Int32Array.from(rows),
    texts: rows.map((i) => `2020-01-01T${String(i).padStart(2, "0")}:00:00.000Z`),
  },
  decimal: numbers(
    "decimal",
    Float64Array.from(rows, (i) => (7 * i) / 100),
  ),
  factor: { kind: "text", name: "factor", codes: CODES, texts: TEXTS },
  view: { kind: "text", name: "view", codes: CODES, texts: TEXTS },
};

function numbers(
  name: string,
  values:
    | Float64Array
    | Float32Array
    | Uint8Array
    | Int8Array
    | Uint16Array
    | Int16Array
    | Uint32Array
    | Int32Array,
): Column {
  return { kind: "numbers", name, values };
}

/** Returns the table of some columns of TYPES. */
export function tableOf(...names: readonly string[]): Table {
  return { rows: ROWS, columns: names.map((name) => TYPES[name]) };
}

/** The columns that the files of one codec hold. */
export const FEW = ["int32", "double", "gaps", "text", "embedding"];

/** What the files called odd refuse, by their columns. */
export const REFUSED: readonly (readonly [column: string, message: RegExp])[] = [
  [
    "point",
    /column "point" is of structs, which is not read: leave it out of the file, or name the features/,
  ],
  ["map", /column "map" is of maps/],
  ["ragged", /column "ragged" has a list of length 1 in row 1, and length 2 before/],
  ["absent", /column "absent" has no list in row 1, and length 2 before/],
  ["words", /column "words" is of lists of text/],
  ["nested", /column "nested" is of lists of lists/],
  ["big", /column "big" is 9007199254740993 in row 1, beyond 2\^53 = 9007199254740992/],
];
