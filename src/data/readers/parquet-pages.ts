/** Decodes the pages of a column of a Parquet file. Sizes are checked before the library gets to see them. */
import { parquetHeader } from "hyparquet/src/column.js";
import { convert } from "hyparquet/src/convert.js";
import { decompressPage } from "hyparquet/src/datapage.js";
import { deltaBinaryUnpack, deltaLengthByteArray } from "hyparquet/src/delta.js";
import { byteStreamSplit } from "hyparquet/src/encoding.js";
import { readPlain } from "hyparquet/src/plain.js";
import type { ColumnDecoder, DecodedArray, Encoding, PageHeader } from "hyparquet/src/types.js";
import { type Wholes, decodeRuns } from "./bit-runs.js";
import type { Budget } from "./damage.js";
import { endOfStruct, readInteger } from "./thrift.js";

/** A column, as its pages are decoded. */
export interface Leaf {
  readonly decoder: ColumnDecoder;
  /** The definition level of values that are there: 0 where none can be missing. */
  readonly definitions: number;
  /** The deepest repetition level: 1 in lists. */
  readonly repetitions: number;
}

/** A page of values. */
export interface Page {
  /** Values, with those that are missing. */
  readonly count: number;
  /** (count) Less than the leaf's where a value is missing. Absent where all are there. */
  readonly definitions: Wholes | undefined;
  /** (count) 0 where a row begins. Absent without lists. */
  readonly repetitions: Wholes | undefined;
  /** The values that are there, or the dictionary: the same array for all pages of a chunk. */
  readonly values: DecodedArray;
  /** Which value of the dictionary each is. Absent where `values` are the values. */
  readonly indices: Wholes | undefined;
}

/** Yields the pages of `total` values. Throws an Error where they are damaged, or of an unknown encoding. */
export function* readPages(bytes: Uint8Array, leaf: Leaf, total: number, budget: Budget): Generator<Page> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let dictionary: DecodedArray | undefined;
  let at = 0;
  for (let seen = 0; seen < total;) {
    const start = endOfStruct(view, at);
    const header = parquetHeader({ view, offset: at });
    const packed = header.compressed_page_size;
    at = start + packed;
    if (!(packed >= 0 && at <= bytes.length)) {
      throw new Error(`a page has ${packed} bytes, and its column ends after ${bytes.length - start}`);
    }
    checkSize(header.uncompressed_page_size);
    // A copy: values that lie at multiples of their size are not copied again, and none lie beyond its end.
    const body = bytes.slice(start, at);
    budget.spend(header.uncompressed_page_size + packed);
    if (header.dictionary_page_header) {
      const { num_values: count } = header.dictionary_page_header;
      spendValues(count, budget);
      const page = unpackPage(body, header.uncompressed_page_size, leaf);
      dictionary = convert(plain(page, count, leaf), leaf.decoder);
    } else if (header.data_page_header || header.data_page_header_v2) {
      const page = readDataPage(body, header, leaf, dictionary, budget);
      if (page.count === 0) continue;
      seen += page.count;
      if (seen > total) throw new Error(`its pages have ${seen} values, and its footer says ${total}`);
      yield page;
    }
  }
}

function checkSize(size: number): void {
  if (!(size >= 0)) throw new Error(`a page has ${size} bytes when unpacked`);
}

/** Checks a number of values, and counts the memory of those, which may be few bytes in the file. */
function spendValues(count: number, budget: Budget): void {
  if (!(count >= 0)) throw new Error(`a page has ${count} values`);
  budget.spend(8 * count);
}

function unpackPage(body: Uint8Array, size: number, { decoder }: Leaf): Uint8Array {
  return decompressPage(body, size, decoder.codec, decoder.compressors);
}

function readDataPage(
  body: Uint8Array,
  { uncompressed_page_size: size, data_page_header: first, data_page_header_v2: second }: PageHeader,
  leaf: Leaf,
  dictionary: DecodedArray | undefined,
  budget: Budget,
): Page {
  const { definitions, repetitions } = leaf;
  const header = first ?? second;
  if (!header) throw new Error("a page has no header");
  const { num_values: count, encoding } = header;
  spendValues(count, budget);
  let levels: [Uint8Array | undefined, Uint8Array | undefined];
  let page: Uint8Array;
  if (second) {
    const { repetition_levels_byte_length: r, definition_levels_byte_length: d } = second;
    if (!(r >= 0 && d >= 0 && r + d <= body.length)) {
      throw new Error(`a page has ${r} + ${d} bytes of levels, and ${body.length} in all`);
    }
    levels = [repetitions > 0 ? body.subarray(0, r) : undefined, body.subarray(r, r + d)];
    const rest = size - r - d;
    checkSize(rest);
    const values = body.slice(r + d);
    page = second.is_compressed !== false && rest > 0 ? unpackPage(values, rest, leaf) : values;
  } else {
    page = unpackPage(body, size, leaf);
    const parts = [repetitions > 0, definitions > 0].map((present) => {
      if (!present) return undefined;
      const [part, rest] = cut(page);
      page = rest;
      return part;
    });
    levels = [parts[0], parts[1]];
  }
  const [repeated, defined] = levels;
  const repetitionLevels = repeated && decodeRuns(repeated, bitsOf(repetitions), count);
  const definitionLevels =
    definitions > 0 && defined ? decodeRuns(defined, bitsOf(definitions), count) : undefined;
  let present = count;
  for (const level of definitionLevels ?? []) {
    if (level > definitions) throw new Error(`a page has definition level ${level} of ${definitions}`);
    if (level < definitions) present--;
  }
  const { values, indices } = readValues(page.slice(), encoding, present, leaf, dictionary, budget);
  return {
    count,
    definitions: present < count || repetitions > 0 ? definitionLevels : undefined,
    repetitions: repetitionLevels,
    values,
    indices,
  };
}

/** Cuts off what has its length, of 4 bytes, before it. */
function cut(page: Uint8Array): [Uint8Array, Uint8Array] {
  const length = new DataView(page.buffer, page.byteOffset, page.byteLength).getUint32(0, true);
  if (4 + length > page.length) {
    throw new Error(`${length} bytes of levels or runs go beyond the end of a page of ${page.length}`);
  }
  return [page.subarray(4, 4 + length), page.subarray(4 + length)];
}

function bitsOf(level: number): number {
  return 32 - Math.clz32(level);
}

function readValues(
  page: Uint8Array,
  encoding: Encoding,
  count: number,
  leaf: Leaf,
  dictionary: DecodedArray | undefined,
  budget: Budget,
): Pick<Page, "values" | "indices"> {
  if (count === 0) return { values: [], indices: undefined };
  if (encoding !== "PLAIN_DICTIONARY" && encoding !== "RLE_DICTIONARY") {
    return { values: convert(decode(page, encoding, count, leaf, budget), leaf.decoder), indices: undefined };
  }
  if (!dictionary) throw new Error("a page of indices comes before the dictionary");
  const indices = decodeRuns(page.subarray(1), page[0], count);
  for (const index of indices) {
    if (index >= dictionary.length) {
      throw new Error(`a page has index ${index}, and the dictionary ${dictionary.length} values`);
    }
  }
  return { values: dictionary, indices };
}

function decode(
  page: Uint8Array,
  encoding: Encoding,
  count: number,
  leaf: Leaf,
  budget: Budget,
): DecodedArray {
  const { type, element } = leaf.decoder;
  const reader = { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: 0 };
  switch (encoding) {
    case "PLAIN":
      return plain(page, count, leaf);
    case "RLE":
      if (type !== "BOOLEAN") break;
      return decodeRuns(cut(page)[0], 1, count);
    case "BYTE_STREAM_SPLIT":
      checkPlain(page, count, leaf);
      return byteStreamSplit(reader, count, type, element.type_length);
    case "DELTA_BINARY_PACKED": {
      if (type !== "INT32" && type !== "INT64") break;
      endOfDelta(reader.view, 0, count);
      const values = type === "INT32" ? new Int32Array(count) : new BigInt64Array(count);
      deltaBinaryUnpack(reader, count, values);
      return values;
    }
    case "DELTA_LENGTH_BYTE_ARRAY": {
      endOfDelta(reader.view, 0, count);
      const values: Uint8Array[] = [];
      deltaLengthByteArray(reader, count, values);
      return values;
    }
    case "DELTA_BYTE_ARRAY":
      return readPrefixed(reader.view, count, budget);
    default:
  }
  throw new Error(`a page of ${type} values has encoding ${encoding}, which is not read`);
}

/** Bytes of a value; those of a text are at least its length. */
const VALUE_BYTES = {
  BOOLEAN: 1 / 8,
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
  BYTE_ARRAY: 4,
  FIXED_LEN_BYTE_ARRAY: 0,
} as const;

function checkPlain(page: Uint8Array, count: number, { decoder: { type, element } }: Leaf): void {
  const width = type === "FIXED_LEN_BYTE_ARRAY" ? (element.type_length ?? 0) : VALUE_BYTES[type];
  if (!(width > 0 && count * width <= page.length)) {
    throw new Error(`a page of ${page.length} bytes has ${count} values of ${width} bytes`);
  }
}

function plain(page: Uint8Array, count: number, leaf: Leaf): DecodedArray {
  if (count === 0) return [];
  checkPlain(page, count, leaf);
  const { type, element } = leaf.decoder;
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  return readPlain({ view, offset: 0 }, type, count, element.type_length);
}

/**
 * Returns the offset behind `count` numbers that are packed as differences. Throws an Error where they go
 * beyond the end: the library would read integers of any length.
 */
function endOfDelta(view: DataView, offset: number, count: number): number {
  const { value: block, end: first } = readInteger(view, offset);
  const { value: miniblocks, end: second } = readInteger(view, first);
  const { value: total, end: third } = readInteger(view, second);
  let { end: at } = readInteger(view, third);
  const each = block / miniblocks;
  if (total !== count || !(each > 0) || each % 8 !== 0 || miniblocks > view.byteLength) {
    throw new Error(
      `a page has ${total} differences in blocks of ${block} / ${miniblocks}, for ${count} values`,
    );
  }
  for (let seen = 1; seen < count;) {
    ({ end: at } = readInteger(view, at));
    const widths = at;
    at += miniblocks;
    for (let n = 0; n < miniblocks && seen < count; n++) {
      const width = view.getUint8(widths + n);
      if (width > 64) throw new Error(`a page has differences of ${width} bits`);
      at += (each * width) / 8;
      seen += each;
    }
  }
  if (at > view.byteLength) throw new Error("differences go beyond the end of a page");
  return at;
}

/** Reads texts of which each begins as the one before. */
function readPrefixed(view: DataView, count: number, budget: Budget): Uint8Array[] {
  const prefixes = new Int32Array(count);
  const suffixes = new Int32Array(count);
  const middle = endOfDelta(view, 0, count);
  deltaBinaryUnpack({ view, offset: 0 }, count, prefixes);
  let at = endOfDelta(view, middle, count);
  deltaBinaryUnpack({ view, offset: middle }, count, suffixes);
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const values: Uint8Array[] = [];
  let last = new Uint8Array(0);
  for (let i = 0; i < count; i++) {
    const [prefix, suffix] = [prefixes[i], suffixes[i]];
    if (!(prefix >= 0 && prefix <= last.length && suffix >= 0 && at + suffix <= bytes.length)) {
      throw new Error(`a text has ${prefix} bytes of the one before, of ${last.length}, and ${suffix} more`);
    }
    budget.spend(prefix + suffix);
    const value = new Uint8Array(prefix + suffix);
    value.set(last.subarray(0, prefix));
    value.set(bytes.subarray(at, at + suffix), prefix);
    at += suffix;
    values.push(value);
    last = value;
  }
  return values;
}
