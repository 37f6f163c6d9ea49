/** The interface of a reader of files. */
import type { Table } from "../data-table.js";
import type { CsvOptions } from "./csv.js";
import type { DataFile } from "./data-file.js";

/** Options of formats. */
export interface FormatOptions extends CsvOptions {
  /** The columns that are needed, where that is known: readers may leave out others. */
  readonly columns?: readonly string[] | undefined;
}

/** Reads a whole file. Throws a DataError that begins with its name. */
export type ReadTable = (file: DataFile, options: FormatOptions) => Promise<Table>;

/** The reader of a format. */
export interface Reader {
  /** Ends of the names of such files. */
  readonly endings: readonly string[];
  /** Tells whether a file begins as those of the format do. Gets its first bytes. */
  recognises(head: Uint8Array): boolean;
  /** Loads what reads such files. */
  load(): Promise<ReadTable>;
}
