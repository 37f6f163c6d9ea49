/** Reads the bytes that follow a header, which says how many there are. */
import { DataError } from "../../core/errors.js";
import type { Chunks } from "./byte-stream.js";

/** Most memory that is allocated because a header asks for it; more is allocated as bytes arrive. */
const FIRST_BYTES = 2 ** 20;
/**
 * The part of the promised bytes that must have come before room for all is made. Systems give memory when it
 * is written to, so room that stays empty costs little.
 */
const CREDIBLE = 1 / 64;

/** What a header says about the bytes that follow it. */
export interface Promised {
  /** What they are, in the plural: "2×3 values of type int". */
  readonly what: string;
  /** Bytes of the header itself. */
  readonly header: number;
  /** Bytes that follow it. */
  readonly length: number;
}

/**
 * Reads all bytes after a header. `rest` holds those that came with it. Stops at the first surplus byte.
 * Throws a DataError where there are more or fewer than was promised.
 */
export async function readPayload(
  chunks: Chunks,
  rest: Uint8Array,
  { what, header, length }: Promised,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = allocate(Math.min(length, Math.max(rest.length, FIRST_BYTES)), name);
  let filled = 0;
  for (let chunk: Uint8Array | void = rest; chunk; chunk = (await chunks.next()).value) {
    const end = filled + chunk.length;
    if (end > length) {
      throw new DataError(
        `${name}: has bytes left over; ${what} make ${header + length} bytes, ` +
          `the file has at least ${header + end}.`,
      );
    }
    if (end > bytes.length) {
      const room = end >= CREDIBLE * length ? length : Math.max(end, 2 * bytes.length);
      const longer = allocate(room, name);
      longer.set(bytes.subarray(0, filled));
      bytes = longer;
    }
    bytes.set(chunk, filled);
    filled = end;
  }
  if (filled === length) return bytes;
  throw new DataError(
    `${name}: is truncated; ${what} make ${header + length} bytes, the file has ${header + filled}.`,
  );
}

function allocate(bytes: number, name: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new DataError(`${name}: its values take ${bytes} bytes or more, and there is no memory for them.`, {
      cause,
    });
  }
}
