/** Checks features as callers pass them and turns them into one flat array. */
import type { FeatureRows, FlatFeatures, FloatArray } from "../core/rows.js";
import { DataError } from "../core/errors.js";
import { show } from "../core/show.js";
import { isList } from "../core/checks.js";
import { type TypedArray, isFloats, toTypedArray } from "./arrays.js";
import { allocate, firstBeyond, toNumber } from "./numbers.js";

/**
 * Rows of features: a flat typed array, row after row, or an array of rows. Uint8Array and Uint8ClampedArray
 * are bytes and stay bytes on the device, and the values of a Float16Array stay f16. All others are numbers.
 */
export type Features = TypedArray | readonly ArrayLike<number | bigint>[];

/** Features of data, before they are checked. */
export interface GivenFeatures {
  readonly x: unknown;
  readonly features?: unknown;
  readonly scale?: unknown;
}

/** Number and scale of features that further rows must agree with. */
export interface TrainedFeatures {
  readonly features: number;
  /** Value of one unit of a byte. Absent when the training was on floats. */
  readonly scale?: number | undefined;
}

/**
 * Returns the features as one flat array: the caller's own if its type allows it, else a copy. checkSizes
 * then checks the values. Throws a DataError.
 * @param where prefixes field names in errors: "", or "validation.".
 * @param guess turns the number of values in a flat x into features in a row, if nothing else says it.
 */
export function createFeatureRows(
  given: GivenFeatures,
  where: string,
  trained?: TrainedFeatures,
  guess?: (values: number) => number,
): FeatureRows {
  const flat = toTypedArray(given.x);
  const { x, count, features } = flat
    ? shapeFlat(flat, given.features, where, trained ? () => trained.features : guess)
    : flatten(given.x, given.features, where);
  if (trained && features !== trained.features) {
    throw new DataError(
      `${where}x has rows of ${features} features, but the model was trained on ${trained.features}.`,
    );
  }
  if (x instanceof Uint8Array) return { x, features, count, scale: byteScale(given.scale, where, trained) };
  if (given.scale !== undefined) {
    throw new DataError(
      `${where}scale is ${show(given.scale)}, but says what a byte means, and x is ${show(given.x)}: leave it out.`,
    );
  }
  return { x, features, count, scale: 1 };
}

type Shaped = Pick<FeatureRows, "x" | "count" | "features">;

function shapeFlat(
  x: TypedArray,
  given: unknown,
  where: string,
  guess: ((values: number) => number) | undefined,
): Shaped {
  if (x.length === 0) throw new DataError(`${where}x is empty: there is nothing to compute on.`);
  const features = toWidth(given === undefined ? guess?.(x.length) : given, where);
  const count = Math.floor(x.length / features);
  if (count * features !== x.length) {
    throw new DataError(
      `${where}x has ${x.length} values, which do not divide into rows of ${features} features: ` +
        `${count} rows are ${count * features} values, and ${x.length - count * features} are left.`,
    );
  }
  return { x: toNumbers(x, features, where), count, features };
}

function toWidth(features: unknown, where: string): number {
  if (typeof features === "number" && Number.isSafeInteger(features) && features >= 1) return features;
  throw new DataError(`${where}features is ${show(features)}, and must be a whole number ≥ 1.`);
}

/**
 * Converts whole numbers to floats: to f32 if they have up to 16 bits, which f32 holds, else to f64. Bytes
 * and floats stay as they are.
 */
function toNumbers(x: TypedArray, features: number, where: string): FlatFeatures {
  if (x instanceof Uint8ClampedArray) return new Uint8Array(x.buffer, x.byteOffset, x.length);
  const what = `The ${x.length} values of ${where}x`;
  if (x instanceof Int8Array || x instanceof Int16Array || x instanceof Uint16Array) {
    const short = allocate(Float32Array, x.length, what);
    short.set(x);
    return short;
  }
  if (isFloats(x) || x instanceof Uint8Array) return x;
  const numbers = allocate(Float64Array, x.length, what);
  for (let i = 0; i < x.length; i++) {
    numbers[i] = toNumber(x[i], (shown) => `${where}x is ${shown} at ${placeOf(i, features)}`);
  }
  return numbers;
}

function placeOf(i: number, features: number): string {
  return `row ${Math.floor(i / features)}, column ${i % features}`;
}

function byteScale(scale: unknown, where: string, trained: TrainedFeatures | undefined): number {
  if (scale === undefined && trained) {
    if (trained.scale !== undefined) return trained.scale;
    throw new DataError(
      `${where}x is bytes, but the model was trained on floats: pass scale, what a byte means, beside x.`,
    );
  }
  const chosen = scale === undefined ? 1 / 255 : scale;
  if (typeof chosen === "number" && 255 * Math.abs(chosen) <= LARGEST && chosen !== 0) return chosen;
  throw new DataError(
    `${where}scale is ${show(scale)}, and must be a number other than 0, of which 255 times is at most ${LARGEST}.`,
  );
}

/** Sums of the squares of larger features may overflow f64. */
const LARGEST = 1e150;

/** Bytes that were scaled in f16 may exceed 255·scale by its rounding. */
const BYTE_ROUNDING = 1 + 2 ** -10;

/**
 * Throws a DataError if a feature is not finite, is too large for sums of squares, or exceeds the bytes that
 * a model was trained on. Rows of weight 0 may hold any finite numbers.
 */
export function checkSizes(
  { x, features }: FeatureRows,
  where: string,
  trained?: TrainedFeatures,
  weights?: FloatArray,
): void {
  if (x instanceof Uint8Array) return;
  const byteLimit = trained?.scale === undefined ? Infinity : 255 * Math.abs(trained.scale);
  const limit = Math.min(byteLimit * BYTE_ROUNDING, LARGEST);
  let bad = firstBeyond(x, limit);
  while (bad >= 0 && Number.isFinite(x[bad]) && weights?.[Math.floor(bad / features)] === 0) {
    bad = firstBeyond(x, limit, bad + 1);
  }
  if (bad < 0) return;
  const place = `${where}x is ${x[bad]} at ${placeOf(bad, features)}`;
  if (!Number.isFinite(x[bad])) {
    throw new DataError(`${place}: features must be finite numbers. Drop the row or fill the value in.`);
  }
  if (Math.abs(x[bad]) > LARGEST) {
    throw new DataError(
      `${place}, beyond ${LARGEST}, the most that is computed with: scale the column down.`,
    );
  }
  throw new DataError(
    `${place}, but the model was trained on bytes, which are at most ${byteLimit} (255 · scale): pass bytes as a Uint8Array, ` +
      `or numbers multiplied by the scale, ${trained?.scale}.`,
  );
}

function flatten(x: unknown, features: unknown, where: string): Shaped {
  if (x === undefined) throw new DataError(`${where}x is missing: give the features of each row.`);
  if (!Array.isArray(x)) {
    throw new DataError(
      `${where}x is ${show(x)}: pass a typed array, such as a Float32Array, or an array of rows.`,
    );
  }
  const given: readonly unknown[] = x;
  if (given.length === 0) throw new DataError(`${where}x is empty: there is nothing to compute on.`);
  if (typeof given[0] === "number" || typeof given[0] === "bigint") {
    throw new DataError(
      `${where}x is an array of numbers: pass an array of rows, or a flat Float32Array with features.`,
    );
  }
  const first = toRow(given[0], 0, where);
  const width = first.length;
  if (features !== undefined && features !== width) {
    throw new DataError(`${where}x has rows of ${width} values, but features is ${show(features)}.`);
  }
  const shape = { count: given.length, features: width };
  return isBytes(first)
    ? { x: joinBytes(given, width, where), ...shape }
    : { x: joinNumbers(given, width, where), ...shape };
}

function joinNumbers(rows: readonly unknown[], width: number, where: string): Float64Array {
  const flat = allocate(Float64Array, rows.length * width, `The ${rows.length} rows of ${where}x`);
  for (let row = 0; row < rows.length; row++) {
    const values = toRow(rows[row], row, where, width);
    if (isBytes(values)) throw mixed(row, "bytes", "numbers", where);
    const start = row * width;
    for (let d = 0; d < width; d++) {
      const value = values[d];
      flat[start + d] =
        typeof value === "number"
          ? value
          : toNumber(value, (shown) => `${where}x is ${shown} at row ${row}, column ${d}`);
    }
  }
  return flat;
}

function joinBytes(rows: readonly unknown[], width: number, where: string): Uint8Array {
  const flat = allocate(Uint8Array, rows.length * width, `The ${rows.length} rows of ${where}x`);
  for (let row = 0; row < rows.length; row++) {
    const values = toRow(rows[row], row, where, width);
    if (!isBytes(values)) throw mixed(row, "numbers", "bytes", where);
    flat.set(values, row * width);
  }
  return flat;
}

function isBytes(values: ArrayLike<unknown>): values is Uint8Array | Uint8ClampedArray {
  return values instanceof Uint8Array || values instanceof Uint8ClampedArray;
}

function mixed(row: number, kind: string, others: string, where: string): DataError {
  return new DataError(
    `${where}x has ${kind} in row ${row} and ${others} in row 0: pass all rows as bytes (Uint8Array), or none.`,
  );
}

function toRow(given: unknown, row: number, where: string, width?: number): ArrayLike<unknown> {
  const values: unknown = Array.isArray(given) ? given : (toTypedArray(given) ?? given);
  if (!isList(values)) {
    const advice =
      typeof given === "object" && given !== null
        ? " Pick the values in an order of your own, as in rows.map((row) => [row.width, row.height])."
        : " Drop the row or fill it in.";
    throw new DataError(`${where}x[${row}] is ${show(given)}, and must be an array of numbers.${advice}`);
  }
  if (width !== undefined && values.length !== width) {
    throw new DataError(
      `${where}x has ${values.length} features in row ${row} and ${width} in row 0: all rows must have as many.`,
    );
  }
  return values;
}
