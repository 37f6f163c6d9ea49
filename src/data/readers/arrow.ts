/** Reads Arrow files (also called Feather, version 2) and streams. */
import { DataError } from "../../core/errors.js";
import { show } from "../../core/show.js";
import type { Table } from "../data-table.js";
import type { ArrowBatch, ArrowField, ArrowMessage } from "./arrow-messages.js";
import { join } from "./byte-ranges.js";
import {
  type ColumnParts,
  type Content,
  NumberParts,
  TextParts,
  VectorParts,
  toNumbers,
} from "./column-parts.js";
import { type Budget, createBudget, tryTo } from "./damage.js";
import type { DataFile } from "./data-file.js";
import { unpackLz4Frame } from "./lz4-frame.js";
import type { FormatOptions } from "./reader.js";

const MAGIC = "ARROW1";

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

/** Unpacks a buffer into as many bytes as it says. */
type Unpack = (packed: Uint8Array, length: number) => Uint8Array;

/** Reads an Arrow file or stream. Throws a DataError that names the column. */
export async function readArrow(file: DataFile, { columns: names }: FormatOptions = {}): Promise<Table> {
  const { name } = file;
  const bytes = await join(file.open(), name);
  if (textOf(bytes, 0, 4) === "FEA1") {
    throw new DataError(`${name}: is of Feather version 1, which is not read: write it in version 2.`);
  }
  const isFile = textOf(bytes, 0, 6) === MAGIC;
  if (isFile && textOf(bytes, bytes.length - 6, bytes.length) !== MAGIC) {
    throw new DataError(
      `${name}: has ${bytes.length} bytes, and does not end with ${MAGIC}: it is truncated.`,
    );
  }
  const { readFile, readStream } = await import("./arrow-messages.js");
  const messages = tryTo(`${name}: a part of it`, () => [...(isFile ? readFile(bytes) : readStream(bytes))]);
  const [schema] = messages;
  if (schema?.kind !== "schema")
    throw new DataError(`${name}: has no schema, and an Arrow file begins with it.`);
  const unpackZstd = messages.some((one) => one.kind !== "schema" && one.batch.codec === "zstd")
    ? (await import("./zstd.js")).unpackZstd
    : undefined;
  const table = new ArrowTable(name, schema.fields, names, createBudget(bytes.length), unpackZstd);
  for (const message of messages) tryTo(`${name}: a batch of it`, () => table.add(message));
  return table.build();
}

/** Values of a field in a batch. */
interface Vector {
  readonly length: number;
  readonly missing: number;
  /** The first says which values are there; what others are depends on the type. */
  readonly buffers: readonly (() => Uint8Array<ArrayBuffer>)[];
  readonly children: readonly Vector[];
}

interface ArrowColumn {
  readonly field: ArrowField;
  readonly parts: ColumnParts;
  add(vector: Vector): void;
}

/** The values of a dictionary, or of some rows. */
type Values = ArrayLike<unknown>;

/** Collects the batches of a file. */
class ArrowTable {
  readonly #file: string;
  readonly #fields: readonly ArrowField[];
  readonly #columns = new Map<ArrowField, ArrowColumn>();
  /** Values of dictionaries, and a column that has each, by their number. */
  readonly #dictionaries = new Map<number, Values>();
  readonly #dictionaryFields = new Map<number, ArrowField>();
  readonly #budget: Budget;
  readonly #unpackZstd: Unpack | undefined;
  #rows = 0;

  constructor(
    file: string,
    fields: readonly ArrowField[],
    names: readonly string[] | undefined,
    budget: Budget,
    unpackZstd: Unpack | undefined,
  ) {
    this.#file = file;
    this.#fields = fields;
    this.#budget = budget;
    this.#unpackZstd = unpackZstd;
    const seen = new Set<string>();
    for (const field of fields) {
      if (names && !names.includes(field.name)) continue;
      if (seen.has(field.name)) {
        throw new DataError(`${file}: has two columns called ${show(field.name)}. Rename one.`);
      }
      seen.add(field.name);
      this.#columns.set(field, this.#createColumn(field));
      if (field.dictionary) this.#dictionaryFields.set(field.dictionary.id, field);
    }
  }

  add(message: ArrowMessage): void {
    if (message.kind === "dictionary") {
      const { id, delta, batch } = message;
      const field = this.#dictionaryFields.get(id);
      if (field) tryTo(this.#nameOf(field), () => this.#addDictionary(field, id, delta, batch));
    } else if (message.kind === "rows") {
      const { batch } = message;
      const cursor = new BatchCursor(batch, this.#budget, this.#unpackZstd);
      this.#rows += batch.rows;
      for (const field of this.#fields) {
        tryTo(this.#nameOf(field), () => {
          const vector = cursor.take(field);
          const column = this.#columns.get(field);
          if (!column) return;
          if (vector.length !== batch.rows) {
            throw new Error(`it has ${vector.length} values in a batch of ${batch.rows} rows`);
          }
          this.#budget.spend(16 * batch.rows); // texts and indices take more memory than their bytes
          column.add(vector);
        });
      }
    }
  }

  build(): Table {
    if (this.#rows === 0) throw new DataError(`${this.#file}: has no rows of values.`);
    const columns = [...this.#columns.values()].map(({ field, parts }) =>
      tryTo(this.#nameOf(field), () => parts.build()),
    );
    return { rows: this.#rows, columns };
  }

  #nameOf(field: ArrowField): string {
    return `${this.#file}: column ${show(field.name)}`;
  }

  #addDictionary(field: ArrowField, id: number, delta: boolean, batch: ArrowBatch): void {
    const { dictionary: _, ...values } = field;
    const vector = new BatchCursor(batch, this.#budget, this.#unpackZstd).take(values);
    if (vector.missing > 0) throw new Error("a dictionary has missing values");
    const added = readValues(values, vector);
    const known = delta ? (this.#dictionaries.get(id) ?? []) : [];
    this.#budget.spend(8 * known.length);
    this.#dictionaries.set(id, known.length > 0 ? [...Array.from(known), ...Array.from(added)] : added);
  }

  #createColumn(field: ArrowField): ArrowColumn {
    const { name } = field;
    const refuse = (what: string) =>
      new DataError(
        `${this.#nameOf(field)} is of ${what}, which is not read: leave it out of the file, or name the ` +
          "features and the label.",
      );
    const content = contentOf(field);
    if (content === "text") {
      const parts = new TextParts(name);
      return { field, parts, add: (vector) => parts.add(...this.#valuesOf(field, vector)) };
    }
    if (content) {
      const parts = new NumberParts(this.#file, name, content);
      const add = (vector: Vector) => {
        const [values, indices] = this.#valuesOf(field, vector);
        parts.add(toNumbers(values, content.Type), indices);
      };
      return { field, parts, add };
    }
    const [child] = field.children;
    if (!isList(field) || !child) {
      throw refuse(field.type === "struct" || field.type === "map" ? `${field.type}s` : `type ${field.type}`);
    }
    const elements = contentOf(child);
    if (elements === "text") throw refuse("lists of text");
    if (!elements || child.dictionary || field.dictionary) {
      throw refuse(isList(child) ? "lists of lists" : `lists of type ${child.type}`);
    }
    return this.#vectorColumn(field, child, elements);
  }

  #vectorColumn(field: ArrowField, child: ArrowField, content: Exclude<Content, "text">): ArrowColumn {
    const parts = new VectorParts(this.#file, field.name, content);
    const add = (vector: Vector) => {
      const [inner] = vector.children;
      const present = presenceOf(vector);
      const starts =
        field.type === "fixed-size list" ? undefined : offsetsOf(vector, field.type === "large list");
      const startOf = (row: number) => (starts ? Number(starts[row]) : row * field.width);
      if (field.width < 0) throw new Error(`it has lists of length ${field.width}`);
      for (let row = 0; row < vector.length; row++) {
        const [from, to] = [startOf(row), startOf(row + 1)];
        if (!(from >= 0 && to >= from && to <= inner.length)) {
          throw new Error(`it has a list from element ${from} to ${to} of ${inner.length}`);
        }
        parts.addRow(present && !present(row) ? undefined : to - from);
      }
      const [first, last] = vector.length > 0 ? [startOf(0), startOf(vector.length)] : [0, 0];
      const elements = presenceOf(inner);
      const order = Int32Array.from(
        { length: elements || first > 0 || last < inner.length ? last - first : 0 },
        (_, n) => (elements && !elements(first + n) ? -1 : first + n),
      );
      parts.add(
        toNumbers(readValues(child, inner), content.Type),
        elements || first > 0 || last < inner.length ? order : undefined,
      );
    };
    return { field, parts, add };
  }

  /** Returns values, and the index of each row's, −1 where it is missing; no indices if they are in order. */
  #valuesOf(field: ArrowField, vector: Vector): [Values, Int32Array | undefined] {
    const present = presenceOf(vector);
    if (!field.dictionary) {
      const order =
        present && Int32Array.from({ length: vector.length }, (_, row) => (present(row) ? row : -1));
      return [readValues(field, vector), order];
    }
    const values = this.#dictionaries.get(field.dictionary.id);
    if (!values && vector.missing < vector.length) throw new Error("it has no dictionary");
    const count = values?.length ?? 0;
    const { width, signed } = field.dictionary;
    const indices = integersOf(vector, width, signed);
    const order = new Int32Array(vector.length);
    for (let row = 0; row < order.length; row++) {
      const index = present && !present(row) ? -1 : Number(indices[row]);
      if (index >= count || (index < 0 && !(present && !present(row)))) {
        throw new Error(`it has index ${index} in row ${row} of a batch, and the dictionary ${count} values`);
      }
      order[row] = index;
    }
    return [values ?? [], order];
  }
}

function isList({ type }: ArrowField): boolean {
  return type === "list" || type === "large list" || type === "fixed-size list";
}

/** Takes the nodes and buffers of a batch one by one. */
class BatchCursor {
  readonly #batch: ArrowBatch;
  readonly #budget: Budget;
  readonly #unpackZstd: Unpack | undefined;
  #node = 0;
  #buffer = 0;
  #variadic = 0;

  constructor(batch: ArrowBatch, budget: Budget, unpackZstd: Unpack | undefined) {
    if (!(batch.rows >= 0 && batch.rows <= 2 ** 32)) throw new Error(`a batch has ${batch.rows} rows`);
    this.#batch = batch;
    this.#budget = budget;
    this.#unpackZstd = unpackZstd;
  }

  /** Takes the values of a field and its children. */
  take(field: ArrowField): Vector {
    const node = this.#batch.nodes[this.#node++];
    if (!node) throw new Error("a batch ends before it");
    const [length, missing] = node;
    if (!(length >= 0 && missing >= 0 && missing <= length)) {
      throw new Error(`it has ${missing} missing values of ${length}`);
    }
    let count = field.dictionary ? 2 : BUFFERS[field.type];
    if (count === undefined) throw new Error(`it is of type ${field.type}`);
    if (field.type === "union" && field.unit === 1) count++;
    if (!field.dictionary && field.type.endsWith("view") && !field.type.includes("list")) {
      const more = this.#batch.variadic[this.#variadic++]?.[0] ?? -1;
      if (!(more >= 0 && more <= this.#batch.buffers.length))
        throw new Error(`it has ${more} buffers of views`);
      count += more;
    }
    const buffers = Array.from({ length: count }, () => this.#takeBuffer());
    return {
      length,
      missing,
      buffers,
      children: field.dictionary ? [] : field.children.map((child) => this.take(child)),
    };
  }

  /** Returns what unpacks the next buffer, when it is needed. */
  #takeBuffer(): () => Uint8Array<ArrayBuffer> {
    const region = this.#batch.buffers[this.#buffer++];
    const { body, codec } = this.#batch;
    if (!region) throw new Error("a batch ends before its values");
    const [start, length] = region;
    if (!(start >= 0 && length >= 0 && start + length <= body.length)) {
      throw new Error(`it has ${length} bytes from byte ${start} of a batch of ${body.length}`);
    }
    const packed = body.subarray(start, start + length);
    return () => {
      if (codec === "none" || length === 0) return this.#copy(packed);
      const size = Number(new DataView(packed.buffer, packed.byteOffset, length).getBigInt64(0, true));
      const rest = packed.subarray(8);
      if (size === -1) return this.#copy(rest);
      if (!(size >= 0)) throw new Error(`a buffer unpacks into ${size} bytes`);
      this.#budget.spend(size);
      const unpack = codec === "lz4" ? unpackLz4Frame : this.#unpackZstd;
      const bytes = unpack?.(rest, size);
      if (bytes?.length !== size) throw new Error(`a buffer has ${bytes?.length} bytes, and says ${size}`);
      return this.#copy(bytes);
    };
  }

  /** Copies bytes: numbers must lie at multiples of their size. */
  #copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    this.#budget.spend(bytes.length);
    return new Uint8Array(bytes);
  }
}

/** Buffers of each type, without those of its children. */
const BUFFERS: Readonly<Partial<Record<ArrowField["type"], number>>> = {
  null: 0,
  int: 2,
  float: 2,
  binary: 3,
  utf8: 3,
  bool: 2,
  decimal: 2,
  date: 2,
  time: 2,
  timestamp: 2,
  interval: 2,
  list: 2,
  struct: 1,
  union: 1,
  "fixed-size binary": 2,
  "fixed-size list": 1,
  map: 2,
  duration: 2,
  "large binary": 3,
  "large utf8": 3,
  "large list": 2,
  "run-end encoded": 0,
  "binary view": 2,
  "utf8 view": 2,
  "list view": 3,
  "large list view": 3,
};

/** Returns what tells whether a value is there, or undefined where all are. */
function presenceOf({ length, missing, buffers }: Vector): ((row: number) => boolean) | undefined {
  if (missing === 0) return undefined;
  const bits = buffers[0]();
  if (8 * bits.length < length)
    throw new Error(`it has ${bits.length} bytes that tell which of ${length} are there`);
  return (row) => ((bits[row >> 3] >> (row & 7)) & 1) === 1;
}

const INTEGERS = {
  "8": Uint8Array,
  "16": Uint16Array,
  "32": Uint32Array,
  "64": BigUint64Array,
  "-8": Int8Array,
  "-16": Int16Array,
  "-32": Int32Array,
  "-64": BigInt64Array,
} as const;

function isIntegerKey(key: string): key is keyof typeof INTEGERS {
  return Object.hasOwn(INTEGERS, key);
}

/** Returns what a field holds, or undefined where that is none of numbers and text. */
function contentOf({ type, width, signed }: ArrowField): Content | undefined {
  switch (type) {
    case "bool":
      return { Type: Uint8Array, boolean: true };
    case "int": {
      const key = `${signed ? "-" : ""}${width}`;
      if (!isIntegerKey(key)) return undefined;
      return { Type: key === "64" || key === "-64" ? Float64Array : INTEGERS[key] };
    }
    case "float":
      return { Type: width === 64 ? Float64Array : Float32Array };
    case "decimal":
      return { Type: Float64Array };
    case "utf8":
    case "large utf8":
    case "utf8 view":
    case "date":
    case "time":
    case "timestamp":
      return "text";
    default:
      return undefined;
  }
}

/** Returns the first `length` numbers of a buffer. */
function arrayOf<T>(
  Type: { new (buffer: ArrayBuffer, offset: number, length: number): T; readonly BYTES_PER_ELEMENT: number },
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
): T {
  const width = Type.BYTES_PER_ELEMENT;
  if (length * width > bytes.length) {
    throw new Error(`it has ${bytes.length} bytes for ${length} values of ${width}`);
  }
  return new Type(bytes.buffer, 0, length);
}

function integersOf({ buffers, length }: Vector, width: number, signed: boolean): ArrayLike<number | bigint> {
  const key = `${signed ? "-" : ""}${width}`;
  if (!isIntegerKey(key)) throw new Error(`it has integers of ${width} bits`);
  return arrayOf<ArrayLike<number | bigint>>(INTEGERS[key], buffers[1](), length);
}

/** Returns where each text or list begins, and the last ends. */
function offsetsOf({ buffers, length }: Vector, large: boolean): ArrayLike<number | bigint> {
  if (length === 0) return [0];
  return large
    ? arrayOf(BigInt64Array, buffers[1](), length + 1)
    : arrayOf(Int32Array, buffers[1](), length + 1);
}

/** Returns the values of a field, also those that are missing. */
function readValues(field: ArrowField, vector: Vector): Values {
  const { type, width, signed, unit, scale } = field;
  const { buffers, length } = vector;
  switch (type) {
    case "bool": {
      const bits = buffers[1]();
      if (8 * bits.length < length) throw new Error(`it has ${bits.length} bytes for ${length} booleans`);
      const values = new Uint8Array(length);
      for (let row = 0; row < length; row++) values[row] = (bits[row >> 3] >> (row & 7)) & 1;
      return values;
    }
    case "int":
      return integersOf(vector, width, signed);
    case "float":
      if (width === 32) return arrayOf(Float32Array, buffers[1](), length);
      if (width === 64) return arrayOf(Float64Array, buffers[1](), length);
      return Float32Array.from(arrayOf(Uint16Array, buffers[1](), length), halfOf);
    case "decimal":
      return decimalsOf(buffers[1](), length, width, scale);
    case "date":
      return Array.from(integersOf(vector, unit === 0 ? 32 : 64, true), (one) =>
        new Date(Number(one) * (unit === 0 ? 86_400_000 : 1)).toISOString().slice(0, 10),
      );
    case "time":
      return Array.from(integersOf(vector, width, true), (one) => timeOf(one, unit).slice(11, -1));
    case "timestamp":
      return Array.from(integersOf(vector, width, true), (one) => timeOf(one, unit));
    case "utf8":
    case "large utf8":
      return textsOf(vector, type === "large utf8");
    case "utf8 view":
      return viewsOf(vector);
    default:
      throw new Error(`it is of type ${type}`);
  }
}

/** Returns a time in seconds, or 1000, 10^6 or 10^9 parts of them, as text. */
function timeOf(value: number | bigint, unit: number): string {
  return new Date(Math.floor((Number(value) * 1000) / 1000 ** unit)).toISOString();
}

function halfOf(bits: number): number {
  const sign = bits >> 15 === 1 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * 2 ** -24 * fraction;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * 2 ** (exponent - 25) * (1024 + fraction);
}

/** Decimals are whole numbers of `width` bits, from the lowest byte on. */
function decimalsOf(
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
  width: number,
  scale: number,
): Float64Array {
  const values = new Float64Array(length);
  const words = width / 32;
  if (![1, 2, 4, 8].includes(words)) throw new Error(`it has decimals of ${width} bits`);
  const whole = arrayOf(Uint32Array, bytes, length * words);
  for (let row = 0; row < length; row++) {
    let value = 0n;
    for (let n = words - 1; n >= 0; n--) value = (value << 32n) | BigInt(whole[row * words + n]);
    values[row] = Number(BigInt.asIntN(width, value)) / 10 ** scale;
  }
  return values;
}

function textsOf(vector: Vector, large: boolean): string[] {
  const starts = offsetsOf(vector, large);
  const bytes = vector.length > 0 ? vector.buffers[2]() : new Uint8Array(0);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return Array.from({ length: vector.length }, (_, row) => {
    const [from, to] = [Number(starts[row]), Number(starts[row + 1])];
    if (!(from >= 0 && to >= from && to <= bytes.length)) {
      throw new Error(`it has a text from byte ${from} to ${to} of ${bytes.length}`);
    }
    return decoder.decode(bytes.subarray(from, to));
  });
}

/** Reads texts of which those up to 12 bytes are in the views, and others where the views say. */
function viewsOf({ buffers, length }: Vector): string[] {
  const views = buffers[1]();
  if (views.length < 16 * length) throw new Error(`it has ${views.length} bytes for ${length} views`);
  const view = new DataView(views.buffer);
  const others = buffers.slice(2).map((buffer) => buffer());
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return Array.from({ length }, (_, row) => {
    const size = view.getInt32(16 * row, true);
    const far = size > 12;
    const bytes = far ? others[view.getInt32(16 * row + 8, true)] : views;
    const from = far ? view.getInt32(16 * row + 12, true) : 16 * row + 4;
    if (!(size >= 0 && bytes && from >= 0 && from + size <= bytes.length)) {
      throw new Error(`it has a text of ${size} bytes from byte ${from}, beyond its buffer`);
    }
    return decoder.decode(bytes.subarray(from, from + size));
  });
}
