/** Files as readers see them: bytes with a name. */
import { type ByteSource, type Chunks, openBytes } from "./byte-stream.js";

/** A file whose bytes can be read several times. Gzipped ones are decompressed. */
export interface DataFile {
  /** Its path or URL, or what it is. Errors begin with it. */
  readonly name: string;
  /** Begins to read it from its first byte. */
  open(): Chunks;
  /** Its bytes, compressed if it is. Absent where that is not known, or no part can be read by itself. */
  readonly size?: number;
  /** Reads the bytes from `start` up to `end`, as they are: nothing is decompressed. Undefined: it cannot. */
  slice?(start: number, end: number): Promise<ArrayBuffer | undefined>;
}

/** A file whose bytes come once: they are kept, decompressed, for those who read them again. */
export function once(name: string, source: ByteSource): DataFile & { close(): Promise<unknown> } {
  const chunks = openBytes(source, name);
  const kept: Uint8Array[] = [];
  async function* open(): Chunks {
    for (let n = 0; ; n++) {
      if (n === kept.length) {
        const { done, value } = await chunks.next();
        if (done) return;
        kept.push(value);
      }
      yield kept[n];
    }
  }
  return { name, open, close: () => chunks.return() };
}
