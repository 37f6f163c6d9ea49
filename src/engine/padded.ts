/** Rows as engines store them: bytes, f16 or f32, each with a one after its features, padded with zeros. */
import { yieldIfDue } from "../core/event-loop.js";
import { DataError } from "../core/errors.js";
import { type RowBlock, type RowSource, readBlocks } from "../core/row-source.js";
import type { FlatFeatures, RowHead } from "../core/rows.js";

/** Rows are copied in slices of about this many bytes. */
const SLICE_BYTES = 2 ** 22;

export type Padded = Uint8Array<ArrayBuffer> | Float16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** Consecutive rows from `first` on, padded: (count, stride). */
export interface PaddedSlice {
  readonly first: number;
  readonly count: number;
  readonly values: Padded;
}

/**
 * Reads all rows in order, padded, slice by slice. In bytes the one is stored as 255.
 *
 * @throws {DataError} if an f64 value is beyond the largest f32.
 */
export async function* paddedSlices(source: RowSource, stride: number): AsyncGenerator<PaddedSlice> {
  const { features } = source;
  const sliceRows = Math.max(1, Math.floor(SLICE_BYTES / (stride * Math.min(4, source.x.BYTES_PER_ELEMENT))));
  for await (const block of readBlocks(source)) {
    for (let from = 0; from < block.count; from += sliceRows) {
      const count = Math.min(sliceRows, block.count - from);
      const first = block.first + from;
      const x = block.x.subarray(from * features, (from + count) * features);
      yield { first, count, values: pad(source, { first, count, x }, stride) };
      await yieldIfDue();
    }
  }
}

function pad(rows: RowHead, slice: RowBlock, stride: number): Padded {
  const { x, count } = slice;
  const { features } = rows;
  const padded = empty(x, count * stride);
  const one = x instanceof Uint8Array ? 255 : 1;
  for (let row = 0; row < count; row++) {
    const start = row * features;
    padded.set(x.subarray(start, start + features), row * stride);
    padded[row * stride + features] = one;
  }
  if (x instanceof Float64Array) checkRange(padded, rows, slice, stride);
  return padded;
}

function empty(x: FlatFeatures, length: number): Padded {
  if (x instanceof Uint8Array) return new Uint8Array(length);
  return x.BYTES_PER_ELEMENT === 2 ? new Float16Array(length) : new Float32Array(length);
}

/** Throws for a value that was finite in f64 and is too large for f32. */
function checkRange(padded: Padded, rows: RowHead, { first, x }: RowBlock, stride: number): void {
  const { features, numbers, validationFrom = Infinity } = rows;
  const bad = padded.findIndex((value: number) => !Number.isFinite(value));
  if (bad < 0) return;
  const column = bad % stride;
  const value = x[Math.floor(bad / stride) * features + column];
  const row = first + Math.floor(bad / stride);
  const name = row < validationFrom ? "x is" : "validation.x is";
  const own = numbers?.[row] ?? (row < validationFrom ? row : row - validationFrom);
  throw new DataError(
    `${name} ${value} at row ${own}, column ${column}, beyond the largest f32 (3.4e38) that this ` +
      "engine computes with: scale the column down, or use the reference engine.",
  );
}
