/** Unpacks Zstandard (RFC 8878), by fzstd. Damaged blocks, which keep it busy for seconds, are refused. */
import { decompressZstd } from "hyparquet-compressors";

const MAGIC = 0xfd2fb528;
/** What a block unpacks into, at most. */
const BLOCK_BYTES = 2 ** 17;
/** What a sequence repeats, at least. */
const LEAST_MATCH = 3;

/** Returns the `length` bytes that a frame unpacks into. Throws an Error where it holds more or fewer. */
export function unpackZstd(frame: Uint8Array, length: number): Uint8Array {
  checkFrame(new DataView(frame.buffer, frame.byteOffset, frame.byteLength), length);
  // With a buffer, a frame that claims to be larger takes no more than that.
  return decompressZstd(frame, new Uint8Array(length));
}

/** Throws an Error where the blocks of a first frame cannot make `length` bytes. */
function checkFrame(view: DataView, length: number): void {
  if (view.getUint32(0, true) !== MAGIC) throw new Error("a buffer is no frame of Zstandard");
  const flags = view.getUint8(4);
  const single = (flags & 32) !== 0;
  const sizeBytes = flags >> 6 === 0 ? Number(single) : 2 ** (flags >> 6);
  let at = 5 + (single ? 0 : 1) + [0, 1, 2, 4][flags & 3] + sizeBytes;
  let least = 0;
  let most = 0;
  for (let last = false; !last;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    at += 3;
    last = (header & 1) === 1;
    const kind = (header >> 1) & 3;
    const size = header >> 3;
    if (kind === 3) throw new Error("a frame of Zstandard has a block of no known kind");
    least += kind === 2 ? leastOf(view, at) : size;
    most += kind === 2 ? BLOCK_BYTES : size;
    if (least > length)
      throw new Error(`a frame of Zstandard has more than the ${length} bytes that it should have`);
    at += kind === 1 ? 1 : size;
    if (at > view.byteLength) throw new Error("a block of Zstandard goes beyond the end of its buffer");
  }
  // Another frame may follow, and then the first is not all.
  if (at + 4 >= view.byteLength && most < length) {
    throw new Error(`a frame of Zstandard has ${most} bytes or fewer, and should have ${length}`);
  }
}

/** Returns how many bytes a packed block makes, at least: its literals, and 3 for each sequence. */
function leastOf(view: DataView, start: number): number {
  const first = view.getUint8(start);
  const format = (first >> 2) & 3;
  let at: number;
  let literals: number;
  if ((first & 3) < 2) {
    const bytes = format === 1 ? 2 : format === 3 ? 3 : 1;
    literals = readWhole(view, start, bytes) >> (bytes === 1 ? 3 : 4);
    at = start + bytes + ((first & 3) === 1 ? 1 : literals);
  } else {
    const bytes = Math.max(3, format + 2);
    const bits = [10, 10, 14, 18][format];
    const header = Math.floor(readWhole(view, start, bytes) / 16);
    literals = header % 2 ** bits;
    at = start + bytes + Math.floor(header / 2 ** bits);
  }
  const count = view.getUint8(at);
  const sequences =
    count < 128
      ? count
      : count < 255
        ? (count - 128) * 256 + view.getUint8(at + 1)
        : view.getUint16(at + 1, true) + 0x7f00;
  const least = literals + LEAST_MATCH * sequences;
  if (least > BLOCK_BYTES) throw new Error(`a block of Zstandard has ${least} bytes or more`);
  return least;
}

function readWhole(view: DataView, at: number, bytes: number): number {
  let value = 0;
  for (let n = 0; n < bytes; n++) value += view.getUint8(at + n) * 2 ** (8 * n);
  return value;
}
