/** The IDX format of the MNIST files (LeCun, Cortes, Burges): big-endian, uncompressed or gzipped. */
import { DataError } from "../errors.js";

export interface Idx {
  /** The size of each dimension, slowest first: (60000, 28, 28) for the training digits. */
  readonly shape: readonly number[];
  /** All values, row after row. */
  readonly values: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
}

/** Reads a value of each type of the format, by the byte that names the type. */
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
} as const;

/**
 * Reads an IDX file. Gzip is recognised by its first bytes. Throws a DataError, which starts with `name`, when the
 * file is of another format, truncated, or longer than its header says.
 */
export async function readIdx(file: Uint8Array, name = "IDX file"): Promise<Idx> {
  const bytes = file[0] === 0x1f && file[1] === 0x8b ? await gunzip(file, name) : file;
  if (bytes.length < 4)
    throw new DataError(`${name}: has ${bytes.length} bytes, and an IDX file begins with 4.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = isType(bytes[2]) ? TYPES[bytes[2]] : undefined;
  if (bytes[0] !== 0 || bytes[1] !== 0 || !type) {
    const found = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new DataError(
      `${name}: is no IDX file; it begins with ${found}, and an IDX file with 00 00, a type and a rank.`,
    );
  }
  const rank = bytes[3];
  const header = 4 + 4 * rank;
  if (bytes.length < header) {
    throw new DataError(
      `${name}: is truncated; a header of ${rank} dimensions has ${header} bytes, the file ${bytes.length}.`,
    );
  }
  const shape = Array.from({ length: rank }, (_, dimension) => view.getUint32(4 + 4 * dimension));
  const count = shape.reduce((product, size) => product * size, 1);
  const expected = header + count * type.bytes;
  if (bytes.length !== expected) {
    throw new DataError(
      `${name}: ${bytes.length < expected ? "is truncated" : "has bytes left over"}; ` +
        `${shape.join("×")} values of type ${type.name} make ${expected} bytes, the file has ${bytes.length}.`,
    );
  }
  if (type.array === Uint8Array) return { shape, values: new Uint8Array(bytes.subarray(header)) };
  const values = new type.array(count);
  for (let i = 0; i < count; i++) values[i] = type.read(view, header + i * type.bytes);
  return { shape, values };
}

function isType(byte: number): byte is keyof typeof TYPES {
  return byte in TYPES;
}

async function gunzip(file: Uint8Array, name: string): Promise<Uint8Array> {
  const stream = new Blob([Uint8Array.from(file)]).stream().pipeThrough(new DecompressionStream("gzip"));
  try {
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw new DataError(`${name}: its gzip stream is damaged or truncated.`, { cause });
  }
}
