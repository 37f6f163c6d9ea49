/** Unpacks frames of LZ4 (lz4_Frame_format.md). Checksums are not compared. */

const MAGIC = 0x184d2204;

/** Returns the `length` bytes that a frame unpacks into. Throws an Error where it holds more or fewer. */
export function unpackLz4Frame(frame: Uint8Array, length: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new Error("a buffer is no frame of LZ4");
  const flags = view.getUint8(4);
  if (flags >> 6 !== 1 || (flags & 1) === 1)
    throw new Error("a frame of LZ4 has a version or dictionary that is not read");
  let at = 7 + ((flags & 8) === 8 ? 8 : 0); // with the size of what it holds, before a checksum of the header
  const checksum = (flags & 16) === 16 ? 4 : 0;
  const output = new Uint8Array(length);
  let filled = 0;
  for (;;) {
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) break;
    const size = word & 0x7fffffff;
    if (at + size > frame.length) throw new Error("a block of LZ4 goes beyond the end of its buffer");
    const block = frame.subarray(at, at + size);
    at += size + checksum;
    if (word >>> 31 === 1) {
      if (filled + size > length) throw tooLong(length);
      output.set(block, filled);
      filled += size;
    } else filled = unpackBlock(block, output, filled);
  }
  if (filled !== length) throw new Error(`a frame of LZ4 has ${filled} bytes, and should have ${length}`);
  return output;
}

function tooLong(length: number): Error {
  return new Error(`a frame of LZ4 has more than the ${length} bytes that it should have`);
}

/** Unpacks a block behind those before it, which it may repeat parts of. Returns where it ends. */
function unpackBlock(block: Uint8Array, output: Uint8Array, start: number): number {
  let filled = start;
  let at = 0;
  const readLength = (first: number) => {
    let length = first;
    for (let byte = first === 15 ? 255 : 0; byte === 255;) {
      byte = at < block.length ? block[at++] : 0;
      length += byte;
    }
    return length;
  };
  while (at < block.length) {
    const token = block[at++];
    const literals = readLength(token >> 4);
    if (at + literals > block.length) throw new Error("a block of LZ4 ends early");
    if (filled + literals > output.length) throw tooLong(output.length);
    output.set(block.subarray(at, at + literals), filled);
    at += literals;
    filled += literals;
    if (at >= block.length) break; // the last sequence repeats nothing
    const distance = block[at] | (block[at + 1] << 8);
    at += 2;
    if (distance === 0 || distance > filled) throw new Error("a block of LZ4 repeats bytes before its start");
    const end = filled + readLength(token & 15) + 4;
    if (end > output.length) throw tooLong(output.length);
    while (filled < end) {
      output[filled] = output[filled - distance];
      filled++;
    }
  }
  return filled;
}
