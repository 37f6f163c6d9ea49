/** Splits an Arrow file or stream (Columnar.html, "Serialization and IPC") into its schema and batches. */
import { FlatTable } from "./flat-table.js";

/** Types of fields, by the numbers in Schema.fbs. */
export const ARROW_TYPES = [
  "none",
  "null",
  "int",
  "float",
  "binary",
  "utf8",
  "bool",
  "decimal",
  "date",
  "time",
  "timestamp",
  "interval",
  "list",
  "struct",
  "union",
  "fixed-size binary",
  "fixed-size list",
  "map",
  "duration",
  "large binary",
  "large utf8",
  "large list",
  "run-end encoded",
  "binary view",
  "utf8 view",
  "list view",
  "large list view",
] as const;

export type ArrowType = (typeof ARROW_TYPES)[number];

/** A field of the schema. */
export interface ArrowField {
  readonly name: string;
  readonly type: ArrowType;
  /** Bits of numbers; the length of fixed-size lists. */
  readonly width: number;
  readonly signed: boolean;
  /** Of dates, times and unions. */
  readonly unit: number;
  /** Digits behind the point of decimals. */
  readonly scale: number;
  readonly children: readonly ArrowField[];
  /** Present where the field holds indices of a dictionary. */
  readonly dictionary?: { readonly id: number; readonly width: number; readonly signed: boolean };
}

/** How the buffers of a batch are packed. */
export type ArrowCodec = "none" | "lz4" | "zstd";

/** Values of some rows, or of a dictionary. */
export interface ArrowBatch {
  readonly rows: number;
  /** Length and missing values of each field and its children, depth first. */
  readonly nodes: readonly (readonly number[])[];
  /** Place and length in `body` of each buffer, in the same order. */
  readonly buffers: readonly (readonly number[])[];
  /** How many buffers of text each field with views has. */
  readonly variadic: readonly (readonly number[])[];
  readonly codec: ArrowCodec;
  readonly body: Uint8Array;
}

export type ArrowMessage =
  | { readonly kind: "schema"; readonly fields: readonly ArrowField[] }
  | { readonly kind: "dictionary"; readonly id: number; readonly delta: boolean; readonly batch: ArrowBatch }
  | { readonly kind: "rows"; readonly batch: ArrowBatch };

/** "ARROW1" */
const MAGIC_BYTES = 6;
/** The place of a batch in a file: its offset, and the sizes of its header and body. */
const BLOCK_BYTES = 24;
/** The kind of message that is a schema. */
const SCHEMA = 1;
/** Fields within fields. */
const DEEPEST = 64;

/** Yields the messages of a stream. Throws an Error where one is damaged. */
export function* readStream(bytes: Uint8Array): Generator<ArrowMessage> {
  for (let at = 0; at + 4 <= bytes.length;) {
    const { message, end } = readMessage(bytes, at);
    if (!message) return;
    yield message;
    at = end;
  }
}

/**
 * Yields the messages of a file, as its footer has them: dictionaries come before the rows with indices of
 * them. Throws an Error where one is damaged.
 */
export function* readFile(bytes: Uint8Array): Generator<ArrowMessage> {
  const end = bytes.length - MAGIC_BYTES - 4;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getInt32(end, true);
  if (!(length >= 0 && length <= end)) {
    throw new Error(`its footer should have ${length} bytes, and the file has ${bytes.length}`);
  }
  const footer = FlatTable.open(new DataView(bytes.buffer, bytes.byteOffset + end - length, length));
  const schema = footer.table(1);
  if (!schema) throw new Error("its footer has no schema");
  yield parseMessage(SCHEMA, schema, bytes, footer.short(0));
  for (const [at] of [...footer.longs(2, BLOCK_BYTES, 1), ...footer.longs(3, BLOCK_BYTES, 1)]) {
    const { message } = readMessage(bytes, at);
    if (!message) throw new Error(`it has no batch at byte ${at}`);
    yield message;
  }
}

/** Reads the message at a byte: none where the stream ends there. */
function readMessage(bytes: Uint8Array, start: number): { message?: ArrowMessage; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  let length = view.getInt32(at, true);
  at += 4;
  if (length === -1) {
    length = view.getInt32(at, true);
    at += 4;
  }
  if (length === 0) return { end: at };
  if (length < 0 || at + length > bytes.length) {
    throw new Error(`a header has ${length} bytes, and the file ends after ${bytes.length - at}`);
  }
  const message = FlatTable.open(new DataView(bytes.buffer, bytes.byteOffset + at, length));
  at += length;
  const size = message.long(3);
  if (size < 0 || at + size > bytes.length) {
    throw new Error(`a batch has ${size} bytes, and the file ends after ${bytes.length - at}`);
  }
  const end = at + size;
  const header = message.table(2);
  if (!header) throw new Error("a message has no header");
  return { message: parseMessage(message.byte(1), header, bytes.subarray(at, end), message.short(0)), end };
}

function parseMessage(kind: number, header: FlatTable, body: Uint8Array, version: number): ArrowMessage {
  if (version < 3) throw new Error(`it is of format version ${version + 1}, and 4 and 5 are read`);
  if (kind === SCHEMA) {
    if (header.short(0) !== 0) throw new Error("its numbers are big-endian, and little-endian ones are read");
    return { kind: "schema", fields: header.tables(1).map((field) => parseField(field, 0)) };
  }
  if (kind === 3) return { kind: "rows", batch: parseBatch(header, body) };
  const data = header.table(1);
  if (kind !== 2 || !data) throw new Error(`it has a message of kind ${kind}, which is not read`);
  return {
    kind: "dictionary",
    id: header.long(0),
    delta: header.byte(2) !== 0,
    batch: parseBatch(data, body),
  };
}

function parseField(field: FlatTable, depth: number): ArrowField {
  if (depth > DEEPEST) throw new Error(`its fields are nested more than ${DEEPEST} deep`);
  const type = ARROW_TYPES[field.byte(2)] ?? "none";
  const details = field.table(3);
  const encoding = field.table(4);
  const index = encoding?.table(1);
  return {
    name: field.text(0),
    type,
    ...parseType(type, details),
    children: field.tables(5).map((child) => parseField(child, depth + 1)),
    ...(encoding && {
      dictionary: {
        id: encoding.long(0),
        width: index?.int(0) ?? 32,
        signed: index ? index.byte(1) !== 0 : true,
      },
    }),
  };
}

type Details = Pick<ArrowField, "width" | "signed" | "unit" | "scale">;

function parseType(type: ArrowType, details: FlatTable | undefined): Details {
  const none = { width: 0, signed: false, unit: 0, scale: 0 };
  switch (type) {
    case "int":
      return { ...none, width: details?.int(0) ?? 0, signed: details?.byte(1) !== 0 };
    case "float":
      return { ...none, width: 16 * 2 ** (details?.short(0) ?? 0) };
    case "decimal":
      return { ...none, width: details?.int(2, 128) ?? 128, scale: details?.int(1) ?? 0 };
    case "date":
      return { ...none, unit: details?.short(0, 1) ?? 1 };
    case "time":
      return { ...none, unit: details?.short(0, 1) ?? 1, width: details?.int(1, 32) ?? 32 };
    case "timestamp":
      return { ...none, unit: details?.short(0) ?? 0, width: 64 };
    case "union":
      return { ...none, unit: details?.short(0) ?? 0 };
    case "fixed-size list":
      return { ...none, width: details?.int(0) ?? 0 };
    default:
      return none;
  }
}

function parseBatch(header: FlatTable, body: Uint8Array): ArrowBatch {
  const compression = header.table(3);
  return {
    rows: header.long(0),
    nodes: header.longs(1, 16, 2),
    buffers: header.longs(2, 16, 2),
    variadic: header.longs(4, 8, 1),
    codec: compression ? (compression.byte(0) === 0 ? "lz4" : "zstd") : "none",
    body,
  };
}
