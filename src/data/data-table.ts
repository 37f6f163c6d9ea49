/** Columns of values, as the readers of files return them, before features and labels are chosen. */
import type { TypedArray } from "./arrays.js";

/** Numbers of a column. NaN is a missing value; integers and booleans have none. */
export type ColumnValues = Exclude<TypedArray, Uint8ClampedArray | BigInt64Array | BigUint64Array>;

/** One number for each row. */
export interface NumberColumn {
  readonly kind: "numbers";
  readonly name: string;
  /** (rows) */
  readonly values: ColumnValues;
  /** True where the numbers are booleans, 0 and 1. */
  readonly boolean?: boolean;
}

/** The first text of a column that began with numbers. */
export interface FirstText {
  readonly row: number;
  readonly text: string;
}

/** One text for each row. */
export interface TextColumn {
  readonly kind: "text";
  readonly name: string;
  /** (rows) index into `texts`; −1 is a missing value. */
  readonly codes: Int32Array;
  /** The distinct texts, in the order in which they first appear. */
  readonly texts: readonly string[];
  /** Present where numbers came first: what is no number may be a mistake. */
  readonly firstText?: FirstText;
}

/** A vector of equal length for each row, such as an embedding or the pixels of an image. */
export interface VectorColumn {
  readonly kind: "vectors";
  readonly name: string;
  readonly width: number;
  /** (rows, width), row after row. */
  readonly values: ColumnValues;
}

export type Column = NumberColumn | TextColumn | VectorColumn;

/** The columns of a file. Names are distinct. */
export interface Table {
  readonly rows: number;
  readonly columns: readonly Column[];
}
