/** The readers of files: one row for each format. A file's content tells its format, or else its name. */
import { DataError, OptionError } from "../../core/errors.js";
import { show } from "../../core/show.js";
import type { Table } from "../data-table.js";
import { arrowReader } from "./arrow.js";
import { gather, hexadecimal } from "./byte-stream.js";
import { csvReader } from "./csv.js";
import type { DataFile } from "./data-file.js";
import { idxReader } from "./idx.js";
import { jsonReader } from "./json-rows.js";
import { npyReader } from "./npy.js";
import { npzReader } from "./npz.js";
import type { FormatOptions, Reader } from "./reader.js";
import { svmlightReader } from "./svmlight.js";
import { parquetReader } from "./parquet.js";

/** Readers by their format, in the order in which they are asked. */
export const READERS = {
  idx: idxReader,
  npy: npyReader,
  npz: npzReader,
  svmlight: svmlightReader,
  json: jsonReader,
  parquet: parquetReader,
  arrow: arrowReader,
  csv: csvReader,
} as const satisfies Readonly<Record<string, Reader>>;

/** The formats of files. */
export type DataFormat = keyof typeof READERS;

/** Bytes of a file that tell its format. */
const HEAD_BYTES = 4096;

/** Returns the reader of a file. Throws a DataError where no reader recognises it. */
async function readerOf(file: DataFile): Promise<Reader> {
  const chunks = file.open();
  try {
    const head = (await gather(chunks, new Uint8Array(0), HEAD_BYTES)).subarray(0, HEAD_BYTES);
    const readers: readonly Reader[] = Object.values(READERS);
    const name = file.name.toLowerCase().replace(/\.(gz|zst)$/, "");
    const reader =
      readers.find((one) => one.recognises(head)) ??
      readers.find(({ endings }) => head.length > 0 && endings.some((ending) => name.endsWith(ending)));
    if (reader) return reader;
    const begins = head.length > 0 ? `it begins with ${hexadecimal(head.subarray(0, 4))}` : "it is empty";
    throw new DataError(
      `${file.name}: is of no format that is read (${Object.keys(READERS).join(", ")}); ${begins}.`,
    );
  } finally {
    await chunks.return();
  }
}

/** Reads a file of the format, or of the one that its content tells. */
export async function readTable(
  file: DataFile,
  format: DataFormat | undefined,
  options: FormatOptions,
): Promise<Table> {
  if (format !== undefined && !Object.hasOwn(READERS, format)) {
    throw new OptionError(
      `format is ${show(format)}, and must be one of ${Object.keys(READERS).join(", ")}.`,
    );
  }
  const reader = format === undefined ? await readerOf(file) : READERS[format];
  return reader.read(file, options);
}
