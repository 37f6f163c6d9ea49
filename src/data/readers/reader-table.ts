/** The readers of files of numbers: one row for each format. A file's content tells its format. */
import { DataError } from "../../core/errors.js";
import { type ByteSource, type Chunks, gather, hexadecimal, openBytes, resume } from "./byte-stream.js";
import { type Idx, idxReader } from "./idx.js";

interface Reader {
  /** Tells whether a file begins as those of the format do. Gets its first 16 bytes, or all of fewer. */
  readonly recognises: (head: Uint8Array) => boolean;
  /** Reads the whole file. Throws a DataError that begins with `name`. */
  readonly read: (chunks: Chunks, name: string) => Promise<Idx>;
}

export const READERS: Readonly<Record<string, Reader>> = { IDX: idxReader };

const HEAD_BYTES = 16;

/**
 * Reads the numbers of a file of any format in the table, gzipped or not. Throws a DataError that begins with
 * `name` where no reader recognises it, or where it is damaged.
 */
export async function readNumbers(source: ByteSource, name: string): Promise<Idx> {
  const chunks = openBytes(source, name);
  try {
    const start = await gather(chunks, new Uint8Array(0), HEAD_BYTES);
    const head = start.subarray(0, HEAD_BYTES);
    const reader = Object.values(READERS).find(({ recognises }) => recognises(head));
    if (reader) return await reader.read(resume(start, chunks), name);
    const begins = head.length > 0 ? `begins with ${hexadecimal(head.subarray(0, 4))}` : "is empty";
    throw new DataError(`${name}: is no ${Object.keys(READERS).join(" or ")} file; it ${begins}.`);
  } finally {
    await chunks.return();
  }
}
