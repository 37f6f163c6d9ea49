/** Reads numbers that a caller passed: nothing else becomes a number, and no digits are lost silently. */
import { DataError } from "../core/errors.js";
import { show } from "../core/show.js";
import type { TypedArray } from "./arrays.js";

/**
 * Returns a number, or a bigint that f64 holds exactly. Throws a DataError for anything else; its message
 * begins with `problem` of the value as shown, such as "x is null at row 2, column 0".
 */
export function toNumber(value: unknown, problem: (shown: string) => string): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") {
    const number = Number(value);
    if (Number.isFinite(number) && BigInt(number) === value) return number;
    throw new DataError(
      `${problem(show(value))}, which an f64 does not hold exactly: round it first, by Number().`,
    );
  }
  const text = typeof value === "string" && value.trim() !== "";
  throw new DataError(
    `${problem(show(value))}, which is no number: ` +
      (text ? "turn text into numbers first." : "drop the row or fill the value in."),
  );
}

interface Allocated {
  readonly BYTES_PER_ELEMENT: number;
}

/** Returns `length` zeros. Throws a DataError, whose message begins with `what`, if memory runs out. */
export function allocate<T extends Allocated>(
  Type: (new (length: number) => T) & Allocated,
  length: number,
  what: string,
): T {
  try {
    return new Type(length);
  } catch (cause) {
    const bytes = length * Type.BYTES_PER_ELEMENT;
    throw new DataError(`${what} need ${bytes} bytes, which this machine does not give: pass fewer.`, {
      cause,
    });
  }
}

/** Index of the first value, from `from` on, that is NaN or exceeds `limit` in size; −1 if there is none. */
export function firstBeyond(
  values: Exclude<TypedArray, BigInt64Array | BigUint64Array>,
  limit: number,
  from = 0,
): number {
  for (let i = from; i < values.length; i++) if (!(Math.abs(values[i]) <= limit)) return i;
  return -1;
}
