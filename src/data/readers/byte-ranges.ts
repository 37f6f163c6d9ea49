/** Reads parts of a file: only those, where it allows that, and else all of it first. */
import { DataError } from "../../core/errors.js";
import { joinArrays } from "../arrays.js";
import type { Chunks } from "./byte-stream.js";
import type { DataFile } from "./data-file.js";

/** A file whose parts can be read. */
export interface ByteRanges {
  readonly size: number;
  /** Returns the bytes from `start` up to `end`, which lie within the file. */
  slice(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Opens a file to read parts of it. A gzipped one is decompressed as a whole. */
export async function openRanges(file: DataFile): Promise<ByteRanges> {
  const { name, size } = file;
  if (size !== undefined && size >= 2 && file.slice) {
    const head = await file.slice(0, 2);
    const [first, second] = new Uint8Array(head ?? new ArrayBuffer(0));
    if (head && (first !== 0x1f || second !== 0x8b)) {
      return { size, slice: (start, end) => sliceOf(file, start, end) };
    }
  }
  const whole = await join(file.open(), name);
  return { size: whole.length, slice: async (start, end) => whole.slice(start, end) };
}

async function sliceOf(file: DataFile, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array((await file.slice?.(start, end)) ?? new ArrayBuffer(0));
  if (bytes.length === end - start) return bytes;
  throw new DataError(
    `${file.name}: gives ${bytes.length} bytes from byte ${start}, and should give ${end - start}: it changed.`,
  );
}

/** Returns the bytes of all chunks. */
export async function join(chunks: Chunks, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const kept: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    kept.push(chunk);
    length += chunk.length;
  }
  try {
    const whole = new Uint8Array(length);
    joinArrays<Uint8Array>(kept, whole);
    return whole;
  } catch (cause) {
    throw new DataError(`${name}: has ${length} bytes, which this machine gives no memory for.`, { cause });
  }
}
