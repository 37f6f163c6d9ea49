/** Reads the IDX format of the MNIST files (LeCun, Cortes, Burges): big-endian, uncompressed or gzipped. */
import { DataError } from "../../core/errors.js";
import type { Column, Table } from "../data-table.js";
import type { DataFile } from "./data-file.js";
import type { IDX_TYPES } from "./signatures.js";
import { type ByteSource, type Chunks, gather, hexadecimal, openBytes } from "./byte-stream.js";
import { readPayload } from "./payload.js";

/** Contents of an IDX file. */
export interface Idx {
  /** The size of each dimension, slowest first: (60000, 28, 28) for the training digits. */
  readonly shape: readonly number[];
  /** All values, row after row. */
  readonly values: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
}

/** The value types of the format, by the byte that denotes them. */
const TYPES = {
  0x08: {
    name: "unsigned byte",
    bytes: 1,
    array: Uint8Array,
    read: (view: DataView, at: number) => view.getUint8(at),
  },
  0x09: {
    name: "signed byte",
    bytes: 1,
    array: Int8Array,
    read: (view: DataView, at: number) => view.getInt8(at),
  },
  0x0b: {
    name: "short",
    bytes: 2,
    array: Int16Array,
    read: (view: DataView, at: number) => view.getInt16(at),
  },
  0x0c: { name: "int", bytes: 4, array: Int32Array, read: (view: DataView, at: number) => view.getInt32(at) },
  0x0d: {
    name: "float",
    bytes: 4,
    array: Float32Array,
    read: (view: DataView, at: number) => view.getFloat32(at),
  },
  0x0e: {
    name: "double",
    bytes: 8,
    array: Float64Array,
    read: (view: DataView, at: number) => view.getFloat64(at),
  },
} as const satisfies Readonly<Record<(typeof IDX_TYPES)[number], unknown>>;

/** Typed arrays of this length exist in every JavaScript engine that smigh runs on. */
const MAX_VALUES = 2 ** 32;

interface Header {
  readonly shape: readonly number[];
  readonly type: (typeof TYPES)[keyof typeof TYPES];
  /** Number of values. */
  readonly count: number;
  /** Bytes of the header itself. */
  readonly bytes: number;
}

/**
 * Reads an IDX file, gzipped or not. The header is checked before the values are read, and reading stops at
 * the first surplus byte.
 *
 * @param source a buffer or view of any kind, or an async iterable of them, such as a stream; it is copied
 * @param name name of the file, with which error messages begin. Default "IDX file".
 * @returns the shape and the values, in a typed array of the type that the file has
 * @throws {DataError} when the file is of another format, truncated, longer than its header says, or too
 * large. Where reading `source` fails, its own error is thrown.
 * @example
 * ```ts
 * const response = await fetch("train-images-idx3-ubyte.gz");
 * const { shape, values } = await readIdx(await response.arrayBuffer(), "training images");
 * ```
 */
export function readIdx(source: ByteSource, name = "IDX file"): Promise<Idx> {
  return readUnpacked(openBytes(source, name), name);
}

/** Reads a file of the format as a table. */
export async function readIdxTable({ name, open }: DataFile): Promise<Table> {
  return toTable(await readUnpacked(open(), name), name);
}

/** Returns numbers, or vectors of all dimensions but the first. */
function toTable({ shape, values }: Idx, name: string): Table {
  const [rows = 0, ...others] = shape;
  if (rows === 0) throw new DataError(`${name}: has ${shape.join("×") || "no"} values: there are no rows.`);
  const width = others.reduce((product, size) => product * size, 1);
  const column: Column =
    others.length === 0
      ? { kind: "numbers", name: "0", values }
      : { kind: "vectors", name: "x", width, values };
  return { rows, columns: [column] };
}

async function readUnpacked(chunks: Chunks, name: string): Promise<Idx> {
  try {
    const { header, rest } = await readHeader(chunks, name);
    const { shape, type, count } = header;
    const what = `${shape.join("×")} values of type ${type.name}`;
    const promise = { what, header: header.bytes, length: count * type.bytes };
    const bytes = await readPayload(chunks, rest, promise, name);
    return { shape, values: decode(bytes, header) };
  } finally {
    await chunks.return();
  }
}

async function readHeader(chunks: Chunks, name: string): Promise<{ header: Header; rest: Uint8Array }> {
  const start = await gather(chunks, new Uint8Array(0), 4);
  if (start.length < 4)
    throw new DataError(`${name}: has ${start.length} bytes, and an IDX file begins with 4.`);
  const type = isType(start[2]) ? TYPES[start[2]] : undefined;
  if (start[0] !== 0 || start[1] !== 0 || !type) {
    const found = hexadecimal(start.subarray(0, 4));
    throw new DataError(
      `${name}: is no IDX file; it begins with ${found}, and an IDX file with 00 00, a type and a rank.`,
    );
  }
  const rank = start[3];
  const bytes = 4 + 4 * rank;
  const have = await gather(chunks, start, bytes);
  if (have.length < bytes) {
    throw new DataError(
      `${name}: is truncated; a header of ${rank} dimensions has ${bytes} bytes, the file ${have.length}.`,
    );
  }
  const view = new DataView(have.buffer, have.byteOffset, bytes);
  const shape = Array.from({ length: rank }, (_, dimension) => view.getUint32(4 + 4 * dimension));
  const count = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
  if (count > MAX_VALUES) {
    throw new DataError(
      `${name}: its header promises ${shape.join("×")} = ${count} values, ` +
        `and at most ${MAX_VALUES} can be read. Split the file.`,
    );
  }
  return { header: { shape, type, count, bytes }, rest: have.subarray(bytes) };
}

/** Converts each value from big-endian to this machine's byte order, in place. */
function decode(bytes: Uint8Array<ArrayBuffer>, { type, count }: Header): Idx["values"] {
  if (type.array === Uint8Array) return bytes;
  const view = new DataView(bytes.buffer);
  const values = new type.array(bytes.buffer);
  for (let i = 0; i < count; i++) values[i] = type.read(view, i * type.bytes);
  return values;
}

function isType(byte: number): byte is keyof typeof TYPES {
  return byte in TYPES;
}
