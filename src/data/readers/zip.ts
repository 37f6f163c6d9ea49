/** Reads the members of zip files. fflate unpacks them; their sizes and checksums are checked. */
import { DataError } from "../../core/errors.js";
import { show } from "../../core/show.js";
import type { Chunks } from "./byte-stream.js";

/** A file within a zip file. */
export interface ZipMember {
  readonly name: string;
  /** Unpacks it. Throws a DataError where it is damaged. */
  open(): Chunks;
}

/** What the directory of a zip file says of a member. */
interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  /** Bytes in the file, and unpacked. */
  readonly packed: number;
  readonly size: number;
  /** Place of its own header. */
  readonly offset: number;
}

const [LOCAL, CENTRAL, END, END64, LOCATOR] = [0x04034b50, 0x02014b50, 0x06054b50, 0x06064b50, 0x07064b50];
const [STORED, DEFLATED] = [0, 8];
const MOST_MEMBERS = 10_000;
/** Bytes that members may unpack to, however well they are packed. */
const SURELY_FINE = 2 ** 26;
/** How many times its own size a larger file may unpack to. */
const MOST_RATIO = 256;
/** Packed bytes that are unpacked at a time: to at most 1032 times as many. */
const PACKED_BYTES = 2 ** 15;

/** Returns the members of a zip file. Refuses one that unpacks to too much. */
export async function openZip(chunks: Chunks, name: string): Promise<ZipMember[]> {
  const bytes = await readAll(chunks, name);
  const entries = readDirectory(bytes, name);
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  if (total > Math.max(SURELY_FINE, MOST_RATIO * bytes.length)) {
    throw new DataError(
      `${name}: has ${bytes.length} bytes and unpacks to ${total}, more than ${MOST_RATIO} times as many: ` +
        "unpack it first, and read what is in it.",
    );
  }
  return entries.map((entry) => ({
    name: entry.name,
    open: () => unpack(entry, bytes, `${name}: ${entry.name}`),
  }));
}

async function readAll(chunks: Chunks, name: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
  }
  if (parts.length === 1) return parts[0];
  try {
    const bytes = new Uint8Array(length);
    let filled = 0;
    for (const part of parts) {
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes;
  } catch (cause) {
    throw new DataError(`${name}: has ${length} bytes, and there is no memory for them.`, { cause });
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Reads the directory at the end of the file. */
function readDirectory(bytes: Uint8Array, name: string): Entry[] {
  const view = viewOf(bytes);
  const end = findEnd(view);
  if (end === undefined) throw damaged(name, "its directory, which lies at its end, is missing");
  let count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  let after = end;
  if (count === 0xffff || at === 0xffffffff) {
    const locator = end - 20;
    const isThere = locator >= 0 && view.getUint32(locator, true) === LOCATOR;
    const end64 = isThere ? Number(view.getBigUint64(locator + 8, true)) : -1;
    if (end64 < 0 || end64 + 56 > bytes.length || view.getUint32(end64, true) !== END64) {
      throw damaged(name, `the end of its directory, at byte ${end}, is wrong`);
    }
    count = Number(view.getBigUint64(end64 + 32, true));
    at = Number(view.getBigUint64(end64 + 48, true));
    after = end64;
  }
  if (count > MOST_MEMBERS) {
    throw new DataError(`${name}: has ${count} members, and at most ${MOST_MEMBERS} are read.`);
  }
  const entries: Entry[] = [];
  while (entries.length < count) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL) {
      throw damaged(name, `member ${entries.length} of ${count} is not in its directory, at byte ${at}`);
    }
    const next =
      at + 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) throw damaged(name, `its directory is cut off at byte ${end}`);
    entries.push(readEntry(bytes.subarray(at, next), at, name));
    at = next;
  }
  if (at !== after) throw damaged(name, `its directory ends at byte ${at}, and should at ${after}`);
  return entries;
}

/** Finds the record that ends the file, before a comment of up to 64 KiB. */
function findEnd(view: DataView): number | undefined {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at--) {
    const ends = at + 22 + view.getUint16(at + 20, true) === view.byteLength;
    if (ends && view.getUint32(at, true) === END) return at;
  }
  return undefined;
}

/** Reads an entry of the directory, which begins at byte `at` of the file. */
function readEntry(bytes: Uint8Array, at: number, name: string): Entry {
  const view = viewOf(bytes);
  const extra = 46 + view.getUint16(28, true);
  const entry = {
    name: new TextDecoder().decode(bytes.subarray(46, extra)),
    method: view.getUint16(10, true),
    crc: view.getUint32(16, true),
    packed: view.getUint32(20, true),
    size: view.getUint32(24, true),
    offset: view.getUint32(42, true),
  };
  if ((view.getUint16(8, true) & 1) === 1) {
    throw new DataError(`${name}: ${show(entry.name)} is encrypted: unpack it first.`);
  }
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw new DataError(
      `${name}: ${show(entry.name)} is packed by method ${entry.method}, and 0 (stored) and 8 (deflated) are read.`,
    );
  }
  // Numbers of 64 bits are in a field of their own, in this order.
  const long = longFields(view, extra);
  for (const key of ["size", "packed", "offset"] as const) {
    if (entry[key] !== 0xffffffff) continue;
    const value = long.shift();
    if (value === undefined)
      throw damaged(name, `the sizes of ${show(entry.name)}, at byte ${at}, are missing`);
    entry[key] = value;
  }
  return entry;
}

function longFields(view: DataView, extra: number): number[] {
  const ends = extra + view.getUint16(30, true);
  for (let at = extra; at + 4 <= ends;) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1 && at + 4 + length <= ends) {
      const count = Math.floor(length / 8);
      return Array.from({ length: count }, (_, n) => Number(view.getBigUint64(at + 4 + 8 * n, true)));
    }
    at += 4 + length;
  }
  return [];
}

async function* unpack(entry: Entry, bytes: Uint8Array, name: string): Chunks {
  const { method, crc, packed, size, offset } = entry;
  const view = viewOf(bytes);
  if (offset + 30 > bytes.length || view.getUint32(offset, true) !== LOCAL) {
    throw damaged(name, `it does not begin at byte ${offset}`);
  }
  const nameEnd = offset + 30 + view.getUint16(offset + 26, true);
  const first = nameEnd + view.getUint16(offset + 28, true);
  if (first + packed > bytes.length) {
    throw damaged(name, `it ends at byte ${first + packed}, and the file at ${bytes.length}`);
  }
  const itsName = new TextDecoder().decode(bytes.subarray(offset + 30, nameEnd));
  if (itsName !== entry.name) throw damaged(name, `it is named ${show(itsName)} at byte ${offset}`);
  const body = bytes.subarray(first, first + packed);
  let length = 0;
  let sum = 0;
  for await (const piece of method === STORED ? [body] : inflate(body, name)) {
    length += piece.length;
    if (length > size) break;
    sum = addToCrc(sum, piece);
    yield piece;
  }
  if (length > size) throw damaged(name, `it unpacks to more than ${size} bytes`);
  if (length < size) throw damaged(name, `it unpacks to ${length} bytes, and should to ${size}`);
  if (sum !== crc) throw damaged(name, "its checksum differs");
}

async function* inflate(packed: Uint8Array, name: string): Chunks {
  const { Inflate } = await import("fflate");
  const pieces: Uint8Array[] = [];
  const stream = new Inflate((piece) => pieces.push(piece));
  for (let first = 0; first < packed.length; first += PACKED_BYTES) {
    const next = first + PACKED_BYTES;
    try {
      stream.push(packed.subarray(first, next), next >= packed.length);
    } catch (cause) {
      throw damaged(name, `it cannot be unpacked after byte ${first}`, cause);
    }
    yield* pieces.splice(0);
  }
}

function damaged(name: string, why: string, cause?: unknown): DataError {
  return new DataError(`${name}: is damaged: ${why}. Save or fetch it again.`, { cause });
}

/** CRC-32 of each byte, and of each byte with 1, 2 and 3 zeros after it. */
const CRC_TABLES = createCrcTables();

function createCrcTables(): Uint32Array {
  const tables = new Uint32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    tables[i] = (tables[i - 256] >>> 8) ^ tables[tables[i - 256] & 255];
  }
  return tables;
}

/** Returns the CRC-32 of the bytes before, whose own is `crc`, and these. */
function addToCrc(crc: number, bytes: Uint8Array): number {
  let sum = ~crc;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    sum ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    sum =
      CRC_TABLES[768 + (sum & 255)] ^
      CRC_TABLES[512 + ((sum >>> 8) & 255)] ^
      CRC_TABLES[256 + ((sum >>> 16) & 255)] ^
      CRC_TABLES[sum >>> 24];
  }
  for (; at < bytes.length; at++) sum = (sum >>> 8) ^ CRC_TABLES[(sum ^ bytes[at]) & 255];
  return ~sum >>> 0;
}
