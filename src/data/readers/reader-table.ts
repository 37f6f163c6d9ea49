/** The readers of files: one row for each format. A file's content tells its format, or else its name. */
import { DataError, OptionError } from "../../core/errors.js";
import { show } from "../../core/show.js";
import type { Table } from "../data-table.js";
import { gather, hexadecimal } from "./byte-stream.js";
import type { DataFile } from "./data-file.js";
import type { FormatOptions, Reader } from "./reader.js";
import { isArrow, isIdx, isJson, isNpy, isNpz, isParquet, isSvmlight, isText } from "./signatures.js";

/** Readers by their format, in the order in which they are asked. Each is loaded when it is needed. */
export const READERS = {
  idx: {
    endings: [".idx", "-ubyte"],
    recognises: isIdx,
    load: async () => (await import("./idx.js")).readIdxTable,
  },
  npy: {
    endings: [".npy"],
    recognises: isNpy,
    load: async () => (await import("./npy.js")).readNpyTable,
  },
  npz: {
    endings: [".npz"],
    recognises: isNpz,
    load: async () => (await import("./npz.js")).readNpz,
  },
  parquet: {
    endings: [".parquet", ".pq"],
    recognises: isParquet,
    load: async () => (await import("./parquet.js")).readParquet,
  },
  arrow: {
    endings: [".arrow", ".arrows", ".feather", ".ipc"],
    recognises: isArrow,
    load: async () => (await import("./arrow.js")).readArrow,
  },
  svmlight: {
    endings: [".svmlight", ".libsvm", ".svm"],
    recognises: isSvmlight,
    load: async () => (await import("./svmlight.js")).readSvmlight,
  },
  json: {
    endings: [".json", ".jsonl", ".ndjson"],
    recognises: isJson,
    load: async () => (await import("./json-rows.js")).readJson,
  },
  csv: {
    endings: [".csv", ".tsv", ".txt"],
    recognises: isText,
    load: async () => (await import("./csv.js")).readCsv,
  },
} as const satisfies Readonly<Record<string, Reader>>;

/** The formats of files. */
export type DataFormat = keyof typeof READERS;

/** Bytes of a file that tell its format. */
const HEAD_BYTES = 4096;

/** Returns the reader of a file. Throws a DataError where no reader recognises it. */
async function readerOf(file: DataFile): Promise<Reader> {
  const chunks = file.open();
  try {
    const start = await gather(chunks, new Uint8Array(0), HEAD_BYTES);
    const head = new Uint8Array(start.subarray(0, HEAD_BYTES)); // no decoder takes shared memory
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
  const read = await reader.load();
  return read(file, options);
}
