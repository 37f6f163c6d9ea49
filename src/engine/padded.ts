/** Rows as engines store them: bytes, f16 or f32, each with a one after its features, padded with zeros. */
import { DataError } from "../core/errors.js";
import type { FlatFeatures, Rows } from "../core/rows.js";

export type Padded = Uint8Array<ArrayBuffer> | Float16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/**
 * Copies `count` rows from `first` on, padded: (count, stride). In bytes the one is stored as 255.
 *
 * @throws {DataError} if an f64 value is beyond the largest f32.
 */
export function paddedRows(rows: Rows, first: number, count: number, stride: number): Padded {
  const { x, features } = rows;
  const padded = empty(x, count * stride);
  const one = x instanceof Uint8Array ? 255 : 1;
  for (let row = 0; row < count; row++) {
    const start = (first + row) * features;
    padded.set(x.subarray(start, start + features), row * stride);
    padded[row * stride + features] = one;
  }
  if (x instanceof Float64Array) checkRange(padded, rows, first, stride);
  return padded;
}

function empty(x: FlatFeatures, length: number): Padded {
  if (x instanceof Uint8Array) return new Uint8Array(length);
  return x.BYTES_PER_ELEMENT === 2 ? new Float16Array(length) : new Float32Array(length);
}

/** Throws for a value that was finite in f64 and is too large for f32. */
function checkRange(padded: Padded, rows: Rows, first: number, stride: number): void {
  const { x, features, numbers, validationFrom = Infinity } = rows;
  const bad = padded.findIndex((value: number) => !Number.isFinite(value));
  if (bad < 0) return;
  const [row, column] = [first + Math.floor(bad / stride), bad % stride];
  const name = row < validationFrom ? "x is" : "validation.x is";
  const own = numbers?.[row] ?? (row < validationFrom ? row : row - validationFrom);
  throw new DataError(
    `${name} ${x[row * features + column]} at row ${own}, column ${column}, beyond the largest f32 (3.4e38) that this ` +
      "engine computes with: scale the column down, or use the reference engine.",
  );
}
