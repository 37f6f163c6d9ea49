/**
 * Readers of the values in a parsed model file. Each throws a ModelFileError that names the part, its value
 * and what it must be.
 */
import { ModelFileError } from "../../core/errors.js";
import { show } from "../../core/show.js";

/** Makes the error for a value that is missing or wrong. */
export function wrong(value: unknown, name: string, wanted: string): ModelFileError {
  const shown = value === undefined ? "missing" : show(value);
  return new ModelFileError(`The model file is damaged: ${name} is ${shown}, and must be ${wanted}.`);
}

/** True where the record itself has the part, not an object that it inherits from. */
export function has(record: Readonly<Record<string, unknown>>, name: string): boolean {
  return Object.hasOwn(record, name);
}

export function object(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong(value, name, "an object");
  // No prototype, so that a missing part is undefined whatever its name.
  return Object.assign(Object.create(null), value);
}

export function list(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(value, name, "a list");
  return value;
}

export function text(value: unknown, name: string): string {
  if (typeof value !== "string") throw wrong(value, name, "a string");
  return value;
}

export function flag(value: unknown, name: string): boolean {
  if (typeof value !== "boolean") throw wrong(value, name, "true or false");
  return value;
}

export function finite(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(value, name, "a finite number");
  return value;
}

/** Reads an integer ≥ 0. */
export function whole(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw wrong(value, name, "a whole number ≥ 0");
  }
  return value;
}

/** Reads a list of `length` finite numbers. */
export function numbers(value: unknown, name: string, length: number): Float64Array {
  const values = list(value, name);
  if (values.length !== length) {
    throw new ModelFileError(
      `The model file is damaged: ${name} has ${values.length} values, and must have ${length}.`,
    );
  }
  return Float64Array.from(values, (one, n) => finite(one, `${name}[${n}]`));
}

type Reader<T> = (value: unknown, name: string) => T;

/** Reads each value of a list. */
export function listOf<T>(value: unknown, name: string, read: Reader<T>): T[] {
  return list(value, name).map((one, n) => read(one, `${name}[${n}]`));
}

/** Reads the parts of an object, each with its own reader. Those that are optional may be missing. */
export function parts<T extends object>(
  value: unknown,
  name: string,
  readers: { readonly [Part in keyof T]-?: Reader<T[Part]> },
  optional: readonly string[] = [],
): T {
  const found = object(value, name);
  const there = Object.entries<Reader<unknown>>(readers).filter(
    ([part]) => has(found, part) || !optional.includes(part),
  );
  const read = there.map(([part, one]): [string, unknown] => [part, one(found[part], `${name}.${part}`)]);
  return Object.fromEntries(read) as T;
}
