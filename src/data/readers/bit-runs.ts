/** Decodes the runs and packed bits that Parquet writes levels, indices and booleans in. */
import { readInteger } from "./thrift.js";

/** Bits of an index: a dictionary has no more values than this can tell apart. */
const MOST_BITS = 24;

/** Small whole numbers. */
export type Wholes = Uint8Array | Int32Array;

/**
 * Returns `count` numbers of `width` bits. Throws an Error where the bytes end before that. Runs are cut at
 * `count`, so that one which claims to be long takes no memory.
 */
export function decodeRuns(bytes: Uint8Array, width: number, count: number): Wholes {
  if (width > MOST_BITS) throw new Error(`it has indices of ${width} bits, and ${MOST_BITS} are read`);
  const output = width <= 8 ? new Uint8Array(count) : new Int32Array(count);
  if (width === 0) return output;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const runBytes = Math.ceil(width / 8);
  let filled = 0;
  let at = 0;
  while (filled < count) {
    const { value: header, end } = readInteger(view, at);
    at = end;
    const half = Math.floor(header / 2);
    if (header % 2 === 1) {
      const wanted = Math.min(8 * half, count - filled);
      unpack(bytes, at, width, output, filled, wanted);
      filled += wanted;
      at += half * width;
    } else {
      let value = 0;
      for (let n = 0; n < runBytes; n++) value |= view.getUint8(at++) << (8 * n);
      const wanted = Math.min(half, count - filled);
      output.fill(value, filled, filled + wanted);
      filled += wanted;
    }
  }
  return output;
}

/** Unpacks `count` numbers, the first of them in the lowest bits. */
function unpack(
  bytes: Uint8Array,
  start: number,
  width: number,
  output: Wholes,
  first: number,
  count: number,
): void {
  if (start + Math.ceil((count * width) / 8) > bytes.length) {
    throw new Error(`${count} values of ${width} bits go beyond the end of a page`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mask = 2 ** width - 1;
  const last = bytes.length - 4;
  let at = start;
  let bit = 0;
  for (let n = 0; n < count; n++) {
    // A value of 24 bits lies within 4 bytes, whatever bit of the first it begins at.
    const word = at <= last ? view.getUint32(at, true) : readLast(bytes, at);
    output[first + n] = (word >>> bit) & mask;
    bit += width;
    at += bit >> 3;
    bit &= 7;
  }
}

/** Reads the last bytes, fewer than 4, as one number. */
function readLast(bytes: Uint8Array, at: number): number {
  let word = 0;
  for (let n = 0; at + n < bytes.length; n++) word |= bytes[at + n] << (8 * n);
  return word;
}
