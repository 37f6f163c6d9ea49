/** Reads files into data to train on or to predict for. */
import { parseNamed, oneOf, ofType, fail, isList, wholeNumber, type Check } from "../core/checks.js";
import { DataError } from "../core/errors.js";
import { range } from "../core/random.js";
import { show } from "../core/show.js";
import { applySchema } from "./apply-schema.js";
import { type ColumnOptions, chooseColumns } from "./choose-columns.js";
import { joinTables } from "./join-tables.js";
import { type DataSource, openSource } from "./readers/sources.js";
import { type DataFormat, readTable } from "./readers/reader-table.js";
import type { FormatOptions } from "./readers/reader.js";
import { type Schema, featureNamesOf } from "./schema.js";
import type { Table } from "./data-table.js";

/** Options of `read`. */
export interface ReadOptions extends ColumnOptions, Omit<FormatOptions, "columns"> {
  /** The format. Default: what the content says, or else the name. */
  readonly format?: DataFormat | undefined;
  /** A file with the label of each row, where the data have no column of them. */
  readonly labels?: DataSource | undefined;
  /** The schema of a model, `model.schema`: columns are matched by name, and other options are not needed. */
  readonly schema?: Schema | undefined;
}

/** Rows of features that were read, with labels where there are some. */
export interface ReadRows {
  /** (rows, features) */
  readonly x: Float32Array | Float64Array | Uint8Array;
  /** Features in a row. */
  readonly features: number;
  /** (rows) The labels. Absent where the file has none. */
  readonly y?: readonly (string | number | boolean)[];
  /** (rows) The weights. */
  readonly weights?: readonly number[];
  /** (features) The name of each feature: of a column, `column=category`, or `column[element]`. */
  readonly featureNames: readonly string[];
  /** How columns became features. A model that is trained on the data has it. */
  readonly schema: Schema;
  /** Sentences that say what was read and guessed. */
  readonly notes: readonly string[];
  /** Numbers of the rows that were kept, from 0. Absent where none was left out. */
  readonly kept?: Uint32Array;
}

/** Rows and their labels, to train on. */
export interface ReadData extends ReadRows {
  /** (rows) The labels. */
  readonly y: readonly (string | number | boolean)[];
}

const LIST: Check = (name, value) => {
  if (!isList(value)) fail(name, value, "a list of columns, by name or number");
};
const ANY: Check = () => {};

const CHECKS = {
  label: ANY,
  labels: ANY,
  features: LIST,
  exclude: LIST,
  weights: ANY,
  missing: oneOf("error", "drop", "mean"),
  categories: LIST,
  unknown: oneOf("error", "zeros"),
  format: ofType("string", "the name of a format"),
  delimiter: ofType("string", "a character"),
  header: ofType("boolean", "true or false"),
  skip: wholeNumber(0),
  decimal: oneOf(".", ","),
  schema: ANY,
} as const;

/**
 * Reads rows of features and their labels, from one file or several with the same columns.
 *
 * @param source a path or a pattern such as "data/*.csv" (in Node), a URL, a `File` or `Blob`, bytes, a
 * `Response`, a stream of bytes, or an array of these
 * @param options which columns are what, and how the file is written
 * @returns data for `train` and `evaluate`, with the names of the features and the schema
 * @throws {DataError | OptionError} as a rejection: a DataError that names the file, and the row and column
 * of what cannot be used
 * @example
 * ```ts
 * const file = new File(["size,kind\n1,a\n2,b\n3,a\n"], "a.csv"); // or a path, such as "data/*.csv"
 * const model = await train(await read(file, { label: "kind" }));
 * const other = new File(["kind,size\nb,2\n"], "b.csv");
 * await model.evaluate(await read(other, { schema: model.schema })); // columns in any order
 * ```
 */
export async function read(
  source: DataSource | readonly DataSource[],
  options: ReadOptions = {},
): Promise<ReadData> {
  const { name, rows } = await readFiles(source, options);
  const { y } = rows;
  if (y) return { ...rows, y };
  const wanted = options.schema ? options.schema.label : undefined;
  throw new DataError(
    wanted === undefined
      ? `${name}: no column is called label, class, target, y or species, nor is one the only text: name it by label.`
      : `${name}: has no column ${show(wanted)}, which has the labels: \`readRows\` reads rows without them.`,
  );
}

/**
 * Reads rows of features to predict for, as `read` does. Labels may be missing.
 *
 * @param source what to read, as for `read`
 * @param options how the file is written; with `schema` columns are matched by name, in any order
 * @returns rows for `predict`, and the labels where the file has them
 * @throws {DataError | OptionError} as a rejection, as by `read`
 * @example
 * ```ts
 * const file = new File(["size,kind\n1,a\n2,b\n3,a\n"], "a.csv");
 * const model = await train(await read(file, { label: "kind" }));
 * model.predict(await readRows(new File(["size\n2\n"], "b.csv"), { schema: model.schema }));
 * ```
 */
export async function readRows(
  source: DataSource | readonly DataSource[],
  options: ReadOptions = {},
): Promise<ReadRows> {
  return (await readFiles(source, options)).rows;
}

async function readFiles(
  source: DataSource | readonly DataSource[],
  given: ReadOptions,
): Promise<{ name: string; rows: ReadRows }> {
  const options = parseNamed(given, CHECKS);
  const { format, labels, schema: known } = options;
  const columns = known ? columnsOf(known) : neededColumns(options);
  const { name, table } = await readAll(source, format, { ...options, columns });
  const { schema, guesses } = known
    ? { schema: known, guesses: [] }
    : chooseColumns(
        table,
        labels === undefined ? options : { ...options, label: options.label ?? null },
        name,
      );
  const found = applySchema(table, schema, name);
  const { kept } = found;
  const y = labels === undefined ? found.y : await readLabels(labels, table.rows, kept, name);
  const count = kept?.length ?? table.rows;
  const notes = [
    `${name}: ${count} rows of ${found.features} features`,
    ...(kept ? [leftOut(kept, table.rows)] : []),
    ...guesses,
  ];
  const rows = { ...found, ...(y && { y }), featureNames: featureNamesOf(schema), schema, notes };
  return { name, rows };
}

/** Says which rows were left out. */
function leftOut(kept: Uint32Array, rows: number): string {
  const some = new Set(kept);
  const out = range(rows).filter((row) => !some.has(row));
  const shown = out.subarray(0, 8).join(", ");
  return `left out for missing values, ${out.length} of ${rows}: row${out.length > 1 ? "s" : ""} ${shown}${out.length > 8 ? ", …" : ""}`;
}

/** The columns that a schema names. */
function columnsOf({ label, weights, columns }: Schema): string[] {
  return [label, weights, ...columns.map((one) => one.name)].filter((one) => one !== undefined);
}

/** The columns that options name, where these are all that are needed; undefined where they may be others. */
function neededColumns(options: ReadOptions): readonly string[] | undefined {
  const { features, exclude = [], categories = [], weights, labels } = options;
  const label = options.label ?? (labels === undefined && options.label !== null ? undefined : []);
  if (!features || label === undefined) return undefined;
  const named = [features, exclude, categories, weights ?? [], label].flat();
  // A text of digits may be a number of a column, which counts all of them.
  return named.every((one) => typeof one === "string" && !/^-?\d+$/.test(one))
    ? named.map(String)
    : undefined;
}

async function readAll(
  source: DataSource | readonly DataSource[],
  format: DataFormat | undefined,
  options: FormatOptions,
): Promise<{ name: string; table: Table }> {
  const sources = Array.isArray(source) ? source : [source];
  const files = (await Promise.all(sources.map(openSource))).flat();
  if (files.length === 0) throw new DataError("There is nothing to read: the list of sources is empty.");
  const tables = [];
  for (const file of files) tables.push({ name: file.name, table: await readTable(file, format, options) });
  const [{ name }] = files;
  return {
    name: files.length === 1 ? name : `${name} and ${files.length - 1} more`,
    table: joinTables(tables),
  };
}

/** Reads a file of one column, the labels. */
async function readLabels(
  source: DataSource,
  rows: number,
  kept: Uint32Array | undefined,
  name: string,
): Promise<readonly (string | number | boolean)[]> {
  const found = await readAll(source, undefined, {});
  // Where all labels are text, the first may have been taken for the name of the column.
  const { name: file, table } =
    found.table.rows === rows - 1 ? await readAll(source, undefined, { header: false }) : found;
  const [column] = table.columns;
  if (table.columns.length !== 1 || column.kind === "vectors") {
    const what =
      column.kind === "vectors"
        ? `column ${show(column.name)} has vectors`
        : `has ${table.columns.length} columns`;
    throw new DataError(`${file}: ${what}, and a file of labels has one column of values.`);
  }
  if (table.rows !== rows) {
    throw new DataError(`${file}: has ${table.rows} labels, but ${name} has ${rows} rows.`);
  }
  const schema = { label: column.name, columns: [], missing: "error", unknown: "error" } as const;
  const { y = [] } = applySchema(table, schema, file);
  return kept ? Array.from(kept, (row) => y[row]) : y;
}
