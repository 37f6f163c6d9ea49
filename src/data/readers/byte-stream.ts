/** Reads streams of bytes, and decompresses those that are gzipped. */
import { DataError } from "../../core/errors.js";

/** Bytes in memory, or an async iterable of chunks, such as a Node stream or the body of a Response. */
export type ByteSource = ArrayBufferLike | ArrayBufferView | AsyncIterable<ArrayBufferLike | ArrayBufferView>;

export type Chunks = AsyncGenerator<Uint8Array, void, undefined>;

/**
 * Compressed bytes that are decompressed at a time. A browser decompresses a whole chunk before it returns
 * any of it, and a byte becomes at most 1032 bytes, so 16 KiB become at most about 16 MiB.
 */
const PACKED_BYTES = 2 ** 14;

/** Yields the bytes of `source`. Recognises gzip by its first two bytes. Error messages begin with `name`. */
export async function* openBytes(source: ByteSource, name: string): Chunks {
  const chunks = chunksOf(source, name);
  const head = await gather(chunks, new Uint8Array(0), 2);
  const whole = resume(head, chunks);
  yield* head[0] === 0x1f && head[1] === 0x8b ? gunzip(whole, name) : whole;
}

/** "00 00 08 03" */
export function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** Adds chunks to `have` until there are `length` bytes. Returns fewer only where the stream ends. */
export async function gather(chunks: Chunks, have: Uint8Array, length: number): Promise<Uint8Array> {
  let bytes = have;
  while (bytes.length < length) {
    const { done, value } = await chunks.next();
    if (done) break;
    if (bytes.length === 0) {
      bytes = value;
      continue;
    }
    const longer = new Uint8Array(bytes.length + value.length);
    longer.set(bytes);
    longer.set(value, bytes.length);
    bytes = longer;
  }
  return bytes;
}

async function* chunksOf(source: ByteSource, name: string): Chunks {
  const whole = asBytes(source);
  if (whole) {
    yield whole;
    return;
  }
  if (!isIterable(source)) throw new DataError(`${name}: is ${typeof source}, and must be bytes.`);
  for await (const chunk of source) {
    const bytes = asBytes(chunk);
    if (!bytes) throw new DataError(`${name}: a chunk of it is ${typeof chunk}, and must be bytes.`);
    yield bytes;
  }
}

/** Recognises buffers by their tag: those of another realm are not instances of the classes of this one. */
export function asBytes(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return isBuffer(value) ? new Uint8Array(value) : undefined;
}

function isBuffer(value: unknown): value is ArrayBufferLike {
  const tag = Object.prototype.toString.call(value);
  return tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]";
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/** Yields the bytes that were read ahead, and then the rest. */
export async function* resume(head: Uint8Array, rest: Chunks): Chunks {
  if (head.length > 0) yield head;
  yield* rest;
}

/** Node decompresses all members of a gzip file, as gzip itself does; browsers reject any after the first. */
async function* gunzip(packed: Chunks, name: string): Chunks {
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  const reader = readable.getReader();
  let ended = false;
  let unreadable: { readonly cause: unknown } | undefined;
  // `pipeTo` would read far ahead: in Node it does not wait for the stream to take what it has written.
  const feed = async () => {
    const pieces = split(packed);
    try {
      for (;;) {
        const { done, value } = await pieces.next();
        if (done || ended) break;
        await writer.write(value).catch(() => (ended = true)); // `reader` gets the error
      }
    } catch (cause) {
      unreadable = { cause };
    }
    await pieces.return();
    await (unreadable ? writer.abort() : writer.close());
  };
  feed().catch(() => {});
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
  } catch (cause) {
    if (!unreadable) {
      const why = cause instanceof Error ? `: ${cause.message}` : "";
      throw new DataError(
        `${name}: its gzip stream is damaged, truncated or followed by other bytes${why}.`,
        { cause },
      );
    }
  } finally {
    ended = true;
    await reader.cancel().catch(() => {}); // fails where the stream has failed
  }
  if (unreadable) throw unreadable.cause;
}

/** Yields copies, since a DecompressionStream refuses bytes of a SharedArrayBuffer. */
async function* split(chunks: Chunks): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  for await (const chunk of chunks) {
    for (let first = 0; first < chunk.length; first += PACKED_BYTES) {
      yield new Uint8Array(chunk.subarray(first, first + PACKED_BYTES));
    }
  }
}
