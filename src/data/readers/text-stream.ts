/** Decodes the bytes of text files. */
import { DataError } from "../../core/errors.js";
import { type Chunks, gather, resume } from "./byte-stream.js";

/** Bytes that are decoded at a time: what a reader makes of them stays in the young generation of objects. */
const PIECE = 2 ** 17;

/** Yields the text of UTF-8, or of UTF-16 with a byte order mark, which is left out. */
export async function* decodeText(chunks: Chunks, name: string): AsyncGenerator<string, void, undefined> {
  const head = await gather(chunks, new Uint8Array(0), 2);
  const encoding = encodingOf(head);
  const decoder = new TextDecoder(encoding, { fatal: true });
  let read = 0;
  for await (const chunk of resume(head, chunks)) {
    for (let first = 0; first < chunk.length; first += PIECE) {
      const piece = new Uint8Array(chunk.subarray(first, first + PIECE)); // no decoder takes shared memory
      yield decodeOr(decoder, piece, true, () => badText(name, encoding, read, read + piece.length));
      read += piece.length;
    }
  }
  yield decodeOr(decoder, new Uint8Array(0), false, () => badText(name, encoding, read, read));
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}

function decodeOr(decoder: TextDecoder, bytes: Uint8Array, stream: boolean, error: () => DataError): string {
  try {
    return decoder.decode(bytes, { stream });
  } catch {
    throw error();
  }
}

function badText(name: string, encoding: string, from: number, to: number): DataError {
  const place = from === to ? `at its end, byte ${to}` : `between bytes ${from} and ${to}`;
  return new DataError(`${name}: is no text in ${encoding.toUpperCase()} ${place}. Save it as UTF-8.`);
}
