/** Collects the values of a column part by part, as files with columns have them. */
import { DataError } from "../../core/errors.js";
import { show } from "../../core/show.js";
import { allocate } from "../numbers.js";
import { joinArrays } from "../arrays.js";
import type { Column, ColumnValues } from "../data-table.js";
import { TextCodes } from "./text-codes.js";

/** A class of typed arrays that holds the numbers of a column. */
export type NumberArray =
  | typeof Float64Array
  | typeof Float32Array
  | typeof Uint8Array
  | typeof Int8Array
  | typeof Uint16Array
  | typeof Int16Array
  | typeof Uint32Array
  | typeof Int32Array;

/** What a column holds: text, or numbers of a type. */
export type Content = "text" | { readonly Type: NumberArray; readonly boolean?: boolean };

/** Numbers in an array of their type, and those whole numbers that it does not hold, by their index. */
export interface Numbers {
  readonly values: ColumnValues;
  readonly inexact: ReadonlyMap<number, bigint>;
}

/** Puts numbers, booleans or bigints into an array. Throws an Error where one is none, or out of range. */
export function toNumbers(source: ArrayLike<unknown>, Type: NumberArray): Numbers {
  const inexact = new Map<number, bigint>();
  if (source instanceof Type) return { values: source, inexact };
  const values = new Type(source.length);
  for (let i = 0; i < source.length; i++) {
    const value = source[i];
    const number = Number(value);
    values[i] = number;
    if (typeof value === "bigint") {
      if (!Number.isSafeInteger(number) && BigInt(number) !== value) inexact.set(i, value);
    } else if (typeof value !== "number" && typeof value !== "boolean") {
      throw new Error(`it has ${show(value)} in place of a number`);
    } else if (values[i] !== number && !Number.isNaN(number)) {
      throw new Error(`it has ${number}, which is beyond the type of its column`);
    }
  }
  return { values, inexact };
}

/** The values of a column, which grow by parts. */
export interface ColumnParts {
  /** Rows so far. */
  readonly rows: number;
  build(): Column;
}

/** Numbers and texts in rows, or elements of vectors, that come by parts. */
export class NumberParts implements ColumnParts {
  readonly #file: string;
  readonly #name: string;
  readonly #type: NumberArray;
  readonly #boolean: boolean;
  readonly #parts: ColumnValues[] = [];
  rows = 0;

  constructor(file: string, name: string, { Type, boolean = false }: Exclude<Content, "text">) {
    this.#file = file;
    this.#name = name;
    this.#type = Type;
    this.#boolean = boolean;
  }

  /**
   * Adds values, in the order of `indices` where there are some; an index of −1 is a missing value, and makes
   * whole numbers floating-point ones.
   */
  add({ values, inexact }: Numbers, indices?: Int32Array): void {
    if (inexact.size > 0) this.#refuse(inexact, indices);
    const part = indices ? pick(values, indices, this.#type) : values;
    this.#parts.push(part);
    this.rows += part.length;
  }

  #refuse(inexact: Numbers["inexact"], indices: Int32Array | undefined): void {
    const at = indices ? indices.findIndex((one) => inexact.has(one)) : Math.min(...inexact.keys());
    const value = inexact.get(indices ? indices[at] : at);
    if (value === undefined) return;
    throw new DataError(
      `${this.#file}: column ${show(this.#name)} is ${value} in row ${this.rows + at}, beyond 2^53 = ` +
        `${2 ** 53}, where an f64 holds not all whole numbers. Write it as text, or as a double.`,
    );
  }

  /** Returns all values, in an array of their type, or of floating-point numbers where some are missing. */
  join(): ColumnValues {
    const Type = this.#parts.some((part) => part instanceof Float64Array) ? Float64Array : this.#type;
    const [first] = this.#parts;
    if (this.#parts.length === 1) return first;
    const what = `${this.#file}: the values of column ${show(this.#name)}`;
    return joinArrays(this.#parts, allocate<ColumnValues>(Type, this.rows, what));
  }

  build(): Column {
    const values = this.join();
    const boolean = this.#boolean && values instanceof Uint8Array;
    return { kind: "numbers", name: this.#name, values, ...(boolean && { boolean }) };
  }
}

function pick(values: ColumnValues, indices: Int32Array, type: NumberArray): ColumnValues {
  const Type = type !== Float32Array && indices.includes(-1) ? Float64Array : type;
  const picked = new Type(indices.length);
  for (let i = 0; i < indices.length; i++) picked[i] = indices[i] < 0 ? Number.NaN : values[indices[i]];
  return picked;
}

/** Texts that come by parts. */
export class TextParts implements ColumnParts {
  readonly #name: string;
  readonly #texts = new TextCodes();
  readonly #parts: Int32Array[] = [];
  rows = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Adds texts, in the order of `indices` where there are some; an index of −1 is a missing value. */
  add(texts: ArrayLike<unknown>, indices?: Int32Array): void {
    const count = indices ? indices.length : texts.length;
    const known = new Int32Array(texts.length).fill(-1);
    const part = new Int32Array(count).fill(-1);
    for (let row = 0; row < count; row++) {
      const index = indices ? indices[row] : row;
      if (index < 0) continue;
      if (known[index] < 0) known[index] = this.#codeOf(texts[index]);
      part[row] = known[index];
    }
    this.#parts.push(part);
    this.rows += count;
  }

  #codeOf(text: unknown): number {
    if (typeof text !== "string") throw new Error(`it has ${show(text)} in place of text`);
    return this.#texts.codeOf(text);
  }

  build(): Column {
    const codes = joinArrays(this.#parts, new Int32Array(this.rows));
    return { kind: "text", name: this.#name, codes, texts: this.#texts.texts };
  }
}

/** Lists of numbers that come by parts. All are of the length of the first. */
export class VectorParts implements ColumnParts {
  readonly #file: string;
  readonly #name: string;
  readonly #elements: NumberParts;
  #width: number | undefined;
  rows = 0;

  constructor(file: string, name: string, content: Exclude<Content, "text">) {
    this.#file = file;
    this.#name = name;
    this.#elements = new NumberParts(file, name, content);
  }

  /** Adds elements, of as many rows as `addRow` is called for. */
  add(numbers: Numbers, indices?: Int32Array): void {
    this.#elements.add(numbers, indices);
  }

  /** Counts a row of `length` elements, or a missing one. */
  addRow(length: number | undefined): void {
    const row = this.rows++;
    if (length !== undefined && length > 0) this.#width ??= length;
    if (length === this.#width && length !== undefined) return;
    const has = length === undefined ? "has no list" : `has a list of length ${length}`;
    throw new DataError(
      `${this.#file}: column ${show(this.#name)} ${has} in row ${row}, and ` +
        (this.#width === undefined
          ? "a vector has one number or more. "
          : `length ${this.#width} before: all rows need vectors of one length. `) +
        "Leave such rows out of the file, or make the lists as long.",
    );
  }

  build(): Column {
    const width = this.#width ?? 0;
    const values = this.#elements.join();
    if (values.length !== this.rows * width) throw new Error("it has elements that are in no list");
    return { kind: "vectors", name: this.#name, width, values };
  }
}
