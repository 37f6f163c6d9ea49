/** Reads Parquet files, by hyparquet: the footer, and the pages of the columns that are asked for. */
import type {
  Compressors,
  FileMetaData,
  ParquetParsers,
  SchemaElement,
  SchemaTree,
} from "hyparquet/src/types.js";
import { DataError } from "../../core/errors.js";
import { show } from "../../core/show.js";
import type { Table } from "../data-table.js";
import { type ByteRanges, openRanges } from "./byte-ranges.js";
import {
  type ColumnParts,
  type Content,
  NumberParts,
  TextParts,
  VectorParts,
  toNumbers,
} from "./column-parts.js";
import { createBudget, tryTo } from "./damage.js";
import type { DataFile } from "./data-file.js";
import type { Leaf, Page } from "./parquet-pages.js";
import type { FormatOptions } from "./reader.js";
import { isParquet } from "./signatures.js";

/** Bytes from the end of a file that are read first: most footers are shorter. */
const FOOTER_BYTES = 2 ** 16;
/** Most bytes between columns that are read at once. */
const GAP_BYTES = 2 ** 13;
/** Most bytes that are read at once. */
const READ_BYTES = 2 ** 25;

type Library = Awaited<ReturnType<typeof loadLibrary>>;

async function loadLibrary() {
  const [{ parquetMetadata, parquetSchema }, { DEFAULT_PARSERS }, { readPages }, { endOfStruct }] =
    await Promise.all([
      import("hyparquet/src/metadata.js"),
      import("hyparquet/src/convert.js"),
      import("./parquet-pages.js"),
      import("./thrift.js"),
    ]);
  return { parquetMetadata, parquetSchema, DEFAULT_PARSERS, readPages, endOfStruct };
}

/** A column that is read. */
interface WantedColumn {
  readonly name: string;
  /** Its place among the chunks of a group of rows. */
  readonly chunk: number;
  readonly path: readonly SchemaTree[];
  readonly element: SchemaElement;
  readonly parts: ColumnParts;
  add(page: Page): void;
  /** Counts the last row of a group. */
  finish(): void;
}

/** Reads a Parquet file. Throws a DataError that names the column. */
export async function readParquet(file: DataFile, { columns }: FormatOptions = {}): Promise<Table> {
  const { name } = file;
  const ranges = await openRanges(file);
  const library = await loadLibrary();
  const metadata = await readFooter(ranges, library, name);
  const wanted = tryTo(`${name}: its schema`, () =>
    chooseColumns(library.parquetSchema(metadata), columns, name),
  );
  const budget = createBudget(ranges.size);
  let rows = 0;
  for (const [g, group] of metadata.row_groups.entries()) {
    if (group.num_rows === 0n) continue; // chunks of none have no pages
    rows += Number(group.num_rows);
    for await (const { column, bytes, chunk } of readChunks(ranges, group, wanted, g, name)) {
      const what = `${name}: column ${show(column.name)}`;
      const { codec, type } = chunk;
      const compressors = codec === "UNCOMPRESSED" ? undefined : await loadCompressors();
      tryTo(what, () => {
        if (type !== column.element.type) throw new Error(`it has ${type} and ${column.element.type} values`);
        const { path, element } = column;
        const decoder = {
          pathInSchema: [],
          element,
          type,
          codec,
          schemaPath: [...path],
          parsers: parsersOf(library),
          ...(compressors && { compressors }),
        };
        const leaf: Leaf = {
          decoder,
          definitions: path.filter((one) => one.element.repetition_type !== "REQUIRED").length,
          repetitions: path.filter((one) => one.element.repetition_type === "REPEATED").length,
        };
        for (const page of library.readPages(bytes, leaf, Number(chunk.num_values), budget)) column.add(page);
        column.finish();
        if (column.parts.rows !== rows) {
          throw new Error(`it has ${column.parts.rows} values up to group ${g}, and the file ${rows} rows`);
        }
      });
    }
  }
  if (rows === 0) throw new DataError(`${name}: has no rows of values.`);
  return {
    rows,
    columns: wanted.map(({ name: one, parts }) => tryTo(`${name}: column ${show(one)}`, () => parts.build())),
  };
}

async function readFooter(ranges: ByteRanges, library: Library, name: string): Promise<FileMetaData> {
  const { size } = ranges;
  const tail = await ranges.slice(Math.max(0, size - FOOTER_BYTES), size);
  const end = tail.subarray(-4);
  if (size < 12 || !isParquet(end)) {
    const encrypted = String.fromCharCode(...end) === "PARE";
    throw new DataError(
      encrypted
        ? `${name}: its footer is encrypted. Write it without encryption.`
        : `${name}: has ${size} bytes, and does not end with PAR1 as a Parquet file does; it is truncated.`,
    );
  }
  const length = new DataView(tail.buffer).getUint32(tail.length - 8, true);
  if (length > size - 12) {
    throw new DataError(`${name}: its footer should have ${length} bytes, and the file has ${size}.`);
  }
  const footer =
    length + 8 <= tail.length
      ? tail.subarray(tail.length - length - 8)
      : await ranges.slice(size - length - 8, size);
  return tryTo(`${name}: its footer`, () => {
    const last = library.endOfStruct(new DataView(footer.buffer, footer.byteOffset, length), 0);
    if (last > length) throw new Error(`it has ${last} bytes of ${length}`);
    const metadata = library.parquetMetadata(footer, { geoparquet: false });
    for (const [g, { num_rows: count }] of metadata.row_groups.entries()) {
      if (!(count >= 0 && count <= 2 ** 32)) throw new Error(`group ${g} has ${count} rows`);
    }
    return metadata;
  });
}

let compressors: Promise<Compressors> | undefined;

function loadCompressors(): Promise<Compressors> {
  compressors ??= Promise.all([import("hyparquet-compressors"), import("./zstd.js")]).then(
    ([library, { unpackZstd }]) => ({ ...library.compressors, ZSTD: unpackZstd }),
  );
  return compressors;
}

/** Makes texts of dates, and of bytes that are text. */
function parsersOf({ DEFAULT_PARSERS }: Library): ParquetParsers {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (bytes: Uint8Array) => decoder.decode(bytes);
  const dateOf = (milliseconds: number) => new Date(milliseconds).toISOString();
  return {
    ...DEFAULT_PARSERS,
    stringFromBytes: decode,
    jsonFromBytes: decode,
    dateFromDays: (days) => dateOf(days * 86_400_000).slice(0, 10),
    timestampFromMilliseconds: (one) => dateOf(Number(one)),
    timestampFromMicroseconds: (one) => dateOf(Number(one / 1000n)),
    timestampFromNanoseconds: (one) => dateOf(Number(one / 1_000_000n)),
  };
}

/** Returns the columns that are asked for, or all. */
function chooseColumns(root: SchemaTree, names: readonly string[] | undefined, file: string): WantedColumn[] {
  const wanted: WantedColumn[] = [];
  const seen = new Set<string>();
  let chunk = 0;
  for (const column of root.children) {
    const { name } = column.element;
    const first = chunk;
    chunk += countLeaves(column);
    if (names && !names.includes(name)) continue;
    if (seen.has(name)) throw new DataError(`${file}: has two columns called ${show(name)}. Rename one.`);
    seen.add(name);
    wanted.push(createColumn(column, first, file));
  }
  return wanted;
}

function countLeaves({ children }: SchemaTree): number {
  if (children.length === 0) return 1;
  return children.reduce((sum, child) => sum + countLeaves(child), 0);
}

function createColumn(column: SchemaTree, chunk: number, file: string): WantedColumn {
  const { name } = column.element;
  const refuse = (what: string) =>
    new DataError(
      `${file}: column ${show(name)} is of ${what}, which is not read: leave it out of the file, or name the ` +
        "features and the label.",
    );
  const path = [column];
  while (path.at(-1)?.children.length === 1) path.push(...(path.at(-1)?.children ?? []));
  const leaf = path[path.length - 1];
  const repeated = path.findIndex(({ element }) => element.repetition_type === "REPEATED");
  const lists = path.filter(({ element }) => element.repetition_type === "REPEATED").length;
  if (column.element.converted_type === "MAP" || column.element.converted_type === "MAP_KEY_VALUE") {
    throw refuse("maps");
  }
  if (leaf.children.length > 0) throw refuse(repeated < 0 ? "structs" : "maps, or lists of structs");
  if (lists > 1) throw refuse("lists of lists");
  if (path.length > (lists === 0 ? 1 : 3)) throw refuse("structs");
  const element = annotate(leaf.element);
  const content = contentOf(element);
  if (!content) throw refuse(describe(element));
  if (lists > 0 && content === "text") throw refuse("lists of text");
  const common = { name, chunk, path, element };
  if (content === "text") return textColumn(common, element);
  if (lists === 0) return numberColumn(common, content, file);
  const levels = path.slice(0, repeated + 1).filter((one) => one.element.repetition_type !== "REQUIRED");
  return vectorColumn(common, content, levels.length, file);
}

type Common = Pick<WantedColumn, "name" | "chunk" | "path" | "element">;

function textColumn(common: Common, element: SchemaElement): WantedColumn {
  const parts = new TextParts(common.name);
  const toText = remember((values: Page["values"]) => timesOf(values, element));
  return {
    ...common,
    parts,
    add: (page) => parts.add(toText(page.values), indicesOf(page, common.path)),
    finish: () => {},
  };
}

function numberColumn(common: Common, content: Exclude<Content, "text">, file: string): WantedColumn {
  const parts = new NumberParts(file, common.name, content);
  const numbersOf = remember((values: Page["values"]) => toNumbers(values, content.Type));
  return {
    ...common,
    parts,
    add: (page) => parts.add(numbersOf(page.values), indicesOf(page, common.path)),
    finish: () => {},
  };
}

/** @param level definition level from which on a list has an element, which may be missing */
function vectorColumn(
  common: Common,
  content: Exclude<Content, "text">,
  level: number,
  file: string,
): WantedColumn {
  const parts = new VectorParts(file, common.name, content);
  const numbersOf = remember((values: Page["values"]) => toNumbers(values, content.Type));
  const optional = common.path.filter((one) => one.element.repetition_type !== "REQUIRED").length;
  const nullable = common.path[0].element.repetition_type === "OPTIONAL";
  let length: number | undefined;
  let open = false;
  const finish = () => {
    if (open) parts.addRow(length);
    open = false;
  };
  const add = (page: Page) => {
    const { count, definitions, repetitions, indices } = page;
    const order = new Int32Array(count);
    let elements = 0;
    let present = 0;
    for (let n = 0; n < count; n++) {
      const definition = definitions ? definitions[n] : optional;
      if (!repetitions || repetitions[n] === 0) {
        finish();
        open = true;
        length = definition === 0 && nullable ? undefined : 0;
      } else if (!open) throw new Error("a list begins within a row");
      if (definition < level) continue;
      length = (length ?? 0) + 1;
      if (definition < optional) order[elements++] = -1;
      else {
        order[elements++] = indices ? indices[present] : present;
        present++;
      }
    }
    const all = !indices && elements === count && present === count;
    parts.add(numbersOf(page.values), all ? undefined : order.subarray(0, elements));
  };
  return { ...common, parts, add, finish };
}

/** Returns what a function returned for the same argument before: pages share a dictionary. */
function remember<A, B>(convert: (argument: A) => B): (argument: A) => B {
  let last: { argument: A; result: B } | undefined;
  return (argument) => {
    if (last?.argument !== argument) last = { argument, result: convert(argument) };
    return last.result;
  };
}

/** Returns the index of each row's value, −1 where it is missing. Undefined: values are in order. */
function indicesOf({ count, definitions, indices }: Page, path: Common["path"]): Int32Array | undefined {
  if (!definitions) return indices instanceof Uint8Array ? new Int32Array(indices) : indices;
  const most = path.filter((one) => one.element.repetition_type !== "REQUIRED").length;
  const order = new Int32Array(count);
  let present = 0;
  for (let n = 0; n < count; n++) {
    if (definitions[n] < most) order[n] = -1;
    else {
      order[n] = indices ? indices[present] : present;
      present++;
    }
  }
  return order;
}

/** Adds the older annotation of a type, which the library reads, where there is only the newer one. */
function annotate(element: SchemaElement): SchemaElement {
  const { logical_type: logical, converted_type: converted } = element;
  if (converted !== undefined || !logical) return element;
  if (logical.type === "DECIMAL") return { ...element, converted_type: "DECIMAL", scale: logical.scale };
  return logical.type === "DATE" ? { ...element, converted_type: "DATE" } : element;
}

const INTEGERS = {
  INT_8: Int8Array,
  INT_16: Int16Array,
  INT_32: Int32Array,
  INT_64: Float64Array,
  UINT_8: Uint8Array,
  UINT_16: Uint16Array,
  UINT_32: Uint32Array,
  UINT_64: Float64Array,
} as const;

function isInteger(type: string): type is keyof typeof INTEGERS {
  return Object.hasOwn(INTEGERS, type);
}

/** Returns what a column of a type holds, or undefined where that is not read. */
function contentOf({
  type,
  converted_type: converted,
  logical_type: logical,
}: SchemaElement): Content | undefined {
  const annotation = converted ?? logical?.type ?? "none";
  switch (type) {
    case "BOOLEAN":
      return { Type: Uint8Array, boolean: true };
    case "FLOAT":
      return { Type: Float32Array };
    case "DOUBLE":
      return { Type: Float64Array };
    case "INT32":
    case "INT64": {
      if (annotation === "DECIMAL") return { Type: Float64Array };
      if (/^(DATE|TIME)/.test(annotation)) return "text";
      if (annotation === "none") return { Type: type === "INT32" ? Int32Array : Float64Array };
      const integer =
        logical?.type === "INTEGER" ? `${logical.isSigned ? "" : "U"}INT_${logical.bitWidth}` : annotation;
      return isInteger(integer) ? { Type: INTEGERS[integer] } : undefined;
    }
    case "INT96":
      return annotation === "none" ? "text" : undefined;
    case "BYTE_ARRAY":
      if (annotation === "DECIMAL") return { Type: Float64Array };
      return ["none", "UTF8", "STRING", "ENUM", "JSON"].includes(annotation) ? "text" : undefined;
    case "FIXED_LEN_BYTE_ARRAY":
      if (annotation === "DECIMAL") return { Type: Float64Array };
      if (annotation === "FLOAT16") return { Type: Float32Array };
      return annotation === "UUID" ? "text" : undefined;
    default:
      return undefined;
  }
}

function describe({ type, converted_type: converted, logical_type: logical }: SchemaElement): string {
  return [type, converted ?? logical?.type].filter(Boolean).join(" of type ");
}

/** Makes texts of times of day, which the library leaves numbers. Returns other values as they are. */
function timesOf(values: Page["values"], element: SchemaElement): ArrayLike<unknown> {
  const { converted_type: converted, logical_type: logical } = element;
  const time = logical?.type === "TIME" ? logical.unit : converted?.replace(/^TIME_/, "");
  const scale = { MILLIS: 1, MICROS: 1000, NANOS: 1_000_000 }[time ?? ""];
  if (scale === undefined) return values;
  return Array.from(values, (one) => new Date(Number(one) / scale).toISOString().slice(11, -1));
}

type Group = FileMetaData["row_groups"][number];
type Chunk = NonNullable<Group["columns"][number]["meta_data"]>;

/** Reads the chunks of the columns in a group of rows: those that lie close together at once. */
async function* readChunks(
  ranges: ByteRanges,
  group: Group,
  wanted: readonly WantedColumn[],
  number: number,
  name: string,
): AsyncGenerator<{ column: WantedColumn; bytes: Uint8Array; chunk: Chunk }> {
  const places = wanted
    .map((column) => {
      const chunk = group.columns[column.chunk]?.meta_data;
      if (!chunk) {
        throw new DataError(
          `${name}: column ${show(column.name)} has no values in group ${number} of its rows.`,
        );
      }
      const { data_page_offset: data, dictionary_page_offset: dictionary } = chunk;
      const start = Number(dictionary && dictionary < data ? dictionary : data);
      const end = start + Number(chunk.total_compressed_size);
      if (!(start >= 4 && end >= start && end <= ranges.size)) {
        throw new DataError(
          `${name}: column ${show(column.name)} should be in bytes ${start} to ${end}, and the file has ` +
            `${ranges.size}: it is truncated or damaged.`,
        );
      }
      return { column, chunk, start, end };
    })
    .toSorted((a, b) => a.start - b.start);
  for (let first = 0; first < places.length;) {
    const { start } = places[first];
    let { end } = places[first];
    let last = first + 1;
    while (
      last < places.length &&
      places[last].start <= end + GAP_BYTES &&
      places[last].end <= start + READ_BYTES
    ) {
      end = Math.max(end, places[last].end);
      last++;
    }
    const bytes = await ranges.slice(start, end);
    for (const place of places.slice(first, last)) {
      yield { ...place, bytes: bytes.subarray(place.start - start, place.end - start) };
    }
    first = last;
  }
}
