/** Numbers out of what a caller passed: nothing becomes a number that is none, and none loses digits unnoticed. */
import { DataError } from "../core/errors.js";
import { show } from "../core/show.js";
import type { TypedArray } from "./arrays.js";

/**
 * Numbers, and bigints that an f64 holds exactly. Throws a DataError for all else, which begins with what `problem` says of the
 * value as it is shown, such as "x is null at row 2, column 0".
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

/** An array of so many zeros. Throws a DataError, which starts with `what`, where there is no memory for them. */
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

/** The index of the first value from `from` on whose size is not at most `limit`, as NaN's never is; −1 where there is none. */
export function firstBeyond(
  values: Exclude<TypedArray, BigInt64Array | BigUint64Array>,
  limit: number,
  from = 0,
): number {
  for (let i = from; i < values.length; i++) if (!(Math.abs(values[i]) <= limit)) return i;
  return -1;
}
