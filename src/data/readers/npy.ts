/** Reads NumPy's .npy files: an array of numbers, booleans or texts. */
import { DataError } from "../../core/errors.js";
import { allocate } from "../numbers.js";
import type { Column, ColumnValues, Table, TextColumn } from "../data-table.js";
import type { Chunks } from "./byte-stream.js";
import type { DataFile } from "./data-file.js";
import { type NpyHeader, readNpyHeader } from "./npy-header.js";
import { readPayload } from "./payload.js";
import { TextCodes } from "./text-codes.js";

/** The contents of a .npy file. */
export interface NpyArray {
  /** Sizes of the dimensions, slowest first; none for a single value. */
  readonly shape: readonly number[];
  /** All values, in C order: row after row. */
  readonly values: ColumnValues | Pick<TextColumn, "codes" | "texts">;
  /** True where the values are booleans. */
  readonly boolean: boolean;
}

/** Reads a file of the format as a table. */
export async function readNpyTable({ name, open }: DataFile): Promise<Table> {
  const chunks = open();
  try {
    return toTable(await readNpy(chunks, name), name);
  } finally {
    await chunks.return();
  }
}

function toTable(array: NpyArray, name: string): Table {
  const column = toColumn(array, array.shape.length > 1 ? "x" : "0", name);
  return { rows: array.shape[0], columns: [column] };
}

/** Reads an array. Throws a DataError where the bytes are not those that its header promises. */
export async function readNpy(chunks: Chunks, name: string): Promise<NpyArray> {
  const { header, rest } = await readNpyHeader(chunks, name);
  const { shape, size, descr, kind } = header;
  const count = shape.includes(0) ? 0 : shape.reduce((product, length) => product * length, 1);
  const what = `${shape.join("×") || 1} values of type ${descr}`;
  if (count * size > Number.MAX_SAFE_INTEGER) {
    throw new DataError(`${name}: its header promises ${what}, which are more than any file holds.`);
  }
  const bytes = await readPayload(chunks, rest, { what, header: header.bytes, length: count * size }, name);
  const values = decode(bytes, header, name);
  const boolean = kind === "b";
  return { shape, values, boolean };
}

/** Returns numbers, texts, or vectors of all dimensions but the first. */
export function toColumn({ shape, values, boolean }: NpyArray, column: string, name: string): Column {
  const [rows, ...others] = shape;
  const width = others.reduce((product, length) => product * length, 1);
  if (rows === undefined)
    throw new DataError(`${name}: is a single value: save an array of one or more rows.`);
  if (rows === 0 || width === 0) {
    throw new DataError(`${name}: is an array of ${shape.join("×")} values: there are none.`);
  }
  if (!ArrayBuffer.isView(values)) {
    if (others.length === 0) return { kind: "text", name: column, ...values };
    throw new DataError(
      `${name}: is an array of ${shape.join("×")} texts, and one of one dimension is read: save each column alone.`,
    );
  }
  if (others.length > 0) return { kind: "vectors", name: column, width, values };
  return { kind: "numbers", name: column, values, ...(boolean && { boolean }) };
}

function decode(bytes: Uint8Array<ArrayBuffer>, header: NpyHeader, name: string): NpyArray["values"] {
  const { kind, size, shape, fortran } = header;
  if (header.bigEndian && size > 1 && kind !== "S") swapBytes(bytes, kind === "U" ? 4 : size);
  if (kind === "U" || kind === "S") return decodeTexts(bytes, header, name);
  const values = decodeNumbers(bytes.buffer, kind, size, (at) => placeOf(at, header), name);
  return fortran && shape.length > 1 && values.length > 0 ? toRows(values, shape, name) : values;
}

/** Returns the values of little-endian bytes. `placeOf` describes the place of a value in the file. */
function decodeNumbers(
  buffer: ArrayBuffer,
  kind: string,
  size: number,
  placeOf: (at: number) => string,
  name: string,
): ColumnValues {
  switch (`${kind}${size}`) {
    case "f2":
      return decodeHalves(new Uint16Array(buffer), name);
    case "f4":
      return new Float32Array(buffer);
    case "f8":
      return new Float64Array(buffer);
    case "i1":
      return new Int8Array(buffer);
    case "i2":
      return new Int16Array(buffer);
    case "i4":
      return new Int32Array(buffer);
    case "u1":
      return new Uint8Array(buffer);
    case "u2":
      return new Uint16Array(buffer);
    case "u4":
      return new Uint32Array(buffer);
    case "b1":
      return checkBooleans(new Uint8Array(buffer), placeOf, name);
    default:
      return decodeLongs(buffer, kind === "i", placeOf, name);
  }
}

/** "row 2, byte 144", or "row 2, column 3, byte 144" where a row has several values. */
function placeOf(at: number, { shape, fortran, size, bytes }: NpyHeader): string {
  const [rows = 1] = shape;
  const width = shape.slice(1).reduce((product, length) => product * length, 1);
  const row = fortran ? at % rows : Math.floor(at / width);
  const column = shape.length < 2 ? "" : fortran ? ", in Fortran order" : `, column ${at % width}`;
  return `row ${row}${column}, byte ${bytes + at * size}`;
}

function checkBooleans(values: Uint8Array, placeOf: (at: number) => string, name: string): Uint8Array {
  const at = values.findIndex((value) => value > 1);
  if (at < 0) return values;
  throw new DataError(`${name}: a boolean is ${values[at]} at ${placeOf(at)}, and must be 0 or 1.`);
}

/** The upper half of 2^53: f64 holds all integers up to there. */
const LIMIT = 2 ** 21;

/** Converts integers of 64 bits to f64, in place. */
function decodeLongs(
  buffer: ArrayBuffer,
  signed: boolean,
  placeOf: (at: number) => string,
  name: string,
): Float64Array {
  const low = new Uint32Array(buffer);
  const high = signed ? new Int32Array(buffer) : low;
  const values = new Float64Array(buffer);
  for (let i = 0; i < values.length; i++) {
    const l = low[2 * i];
    const h = high[2 * i + 1];
    if (h < -LIMIT || h > LIMIT || (h === LIMIT && l > 0)) {
      const exact = BigInt(h) * 2n ** 32n + BigInt(l);
      throw new DataError(
        `${name}: a value is ${exact} at ${placeOf(i)}, and an f64 holds integers up to 2^53 exactly: ` +
          "convert the array first, by astype.",
      );
    }
    values[i] = h * 2 ** 32 + l;
  }
  return values;
}

/** Converts f16 to f32, which holds all of them. */
function decodeHalves(halves: Uint16Array, name: string): Float32Array {
  const known = Float32Array.from({ length: 2 ** 16 }, (_, bits) => {
    const sign = bits >> 15 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 0) return (sign * fraction) / 2 ** 24;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
  const values = allocate(Float32Array, halves.length, `${name}: its values as f32`);
  for (let i = 0; i < values.length; i++) values[i] = known[halves[i]];
  return values;
}

/** Reverses the bytes of each value of 2, 4 or 8 bytes, in place. */
function swapBytes({ buffer }: Uint8Array<ArrayBuffer>, size: number): void {
  if (size === 2) {
    const units = new Uint16Array(buffer);
    for (let i = 0; i < units.length; i++) units[i] = (units[i] << 8) | (units[i] >> 8);
    return;
  }
  const words = new Uint32Array(buffer);
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    words[i] = (word << 24) | ((word & 0xff00) << 8) | ((word >> 8) & 0xff00) | (word >>> 24);
  }
  if (size === 4) return;
  for (let i = 0; i < words.length; i += 2) {
    const word = words[i];
    words[i] = words[i + 1];
    words[i + 1] = word;
  }
}

/** Rows that are filled together, since the values of a column are neighbours in Fortran order. */
const BLOCK_ROWS = 16;

/** Copies values in Fortran order to C order. */
function toRows(values: ColumnValues, shape: readonly number[], name: string): ColumnValues {
  const [rows, ...others] = shape;
  const width = values.length / rows;
  const copy = allocate(typeOf(values), values.length, `${name}: its values row after row`);
  const starts = fortranStarts(others, rows);
  for (let first = 0; first < rows; first += BLOCK_ROWS) {
    const end = Math.min(rows, first + BLOCK_ROWS);
    for (let c = 0; c < width; c++) {
      for (let row = first; row < end; row++) copy[row * width + c] = values[starts[c] + row];
    }
  }
  return copy;
}

/** Returns, for each value of a row in C order, where its column begins in Fortran order. */
function fortranStarts(others: readonly number[], rows: number): Float64Array {
  let starts = new Float64Array(1);
  let stride = rows;
  for (const length of others) {
    const longer = new Float64Array(starts.length * length);
    for (let i = 0; i < longer.length; i++)
      longer[i] = starts[Math.floor(i / length)] + stride * (i % length);
    starts = longer;
    stride *= length;
  }
  return starts;
}

type ValuesConstructor = (new (length: number) => ColumnValues) & { readonly BYTES_PER_ELEMENT: number };

function typeOf(values: ColumnValues): ValuesConstructor {
  const types: readonly ValuesConstructor[] = [
    Float32Array,
    Int8Array,
    Int16Array,
    Int32Array,
    Uint8Array,
    Uint16Array,
    Uint32Array,
  ];
  return types.find((Type) => values instanceof Type) ?? Float64Array;
}

/** Decodes texts of code points ("U"), or of UTF-8 ("S"), which zeros fill up to `size` bytes. */
function decodeTexts(
  bytes: Uint8Array<ArrayBuffer>,
  header: NpyHeader,
  name: string,
): Pick<TextColumn, "codes" | "texts"> {
  const { kind, size } = header;
  const known = new TextCodes();
  const codes = allocate(Int32Array, bytes.length / size, `${name}: the numbers of its texts`);
  const points = kind === "U" ? new Uint32Array(bytes.buffer) : bytes;
  const length = kind === "U" ? size / 4 : size;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decodePoints = (units: Uint32Array) => {
    if (units.some((point) => point >= 0xd800 && point < 0xe000)) throw new RangeError("a surrogate");
    let text = "";
    for (const point of units) text += String.fromCodePoint(point);
    return text;
  };
  for (let row = 0; row < codes.length; row++) {
    const first = row * length;
    let end = first + length;
    while (end > first && points[end - 1] === 0) end--;
    const units = points.subarray(first, end);
    try {
      codes[row] = known.codeUnlessEmpty(
        units instanceof Uint32Array ? decodePoints(units) : decoder.decode(units),
      );
    } catch (cause) {
      throw new DataError(
        `${name}: the text of row ${row}, byte ${header.bytes + row * size}, is no ` +
          `${kind === "U" ? "Unicode" : "UTF-8"}: save the array as text, by astype("U").`,
        { cause },
      );
    }
  }
  return { codes, texts: known.texts };
}
