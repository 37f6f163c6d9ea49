/** Joins the tables of several files, which have the same columns. */
import { DataError } from "../core/errors.js";
import { show } from "../core/show.js";
import { joinArrays } from "./arrays.js";
import { TextCodes } from "./readers/text-codes.js";
import type { Column, ColumnValues, NumberColumn, Table, TextColumn, VectorColumn } from "./data-table.js";

/** A table, and the file that it is of. */
export interface NamedTable {
  readonly name: string;
  readonly table: Table;
}

/**
 * Puts the rows of tables one after another. Columns are matched by name, in the order of the first table.
 * Throws a DataError that names the files where one lacks a column or has another kind of it.
 */
export function joinTables(all: readonly NamedTable[]): Table {
  const [first, ...others] = all;
  if (others.length === 0) return first.table;
  const rows = all.reduce((sum, { table }) => sum + table.rows, 0);
  const columns = first.table.columns.map((column) => {
    const parts = all.map(({ name, table }) => {
      const found = table.columns.find((one) => one.name === column.name);
      if (found && table.columns.length === first.table.columns.length) return { name, column: found };
      throw new DataError(
        `${name}: has ${table.columns.length} columns${found ? "" : `, and none is ${show(column.name)}`}, ` +
          `but ${first.name} has ${first.table.columns.length}: files that are read together have the same.`,
      );
    });
    return join(parts, rows);
  });
  return { rows, columns };
}

interface Part {
  readonly name: string;
  readonly column: Column;
}

function join(parts: readonly Part[], rows: number): Column {
  const [first] = parts;
  const numbers = parts.flatMap(({ column }) => (column.kind === "numbers" ? [column] : []));
  if (numbers.length === parts.length) return joinNumbers(numbers, rows);
  const texts = parts.flatMap(({ column }) => (column.kind === "text" ? [column] : []));
  if (texts.length === parts.length) return joinTexts(texts, rows);
  const vectors = parts.flatMap(({ column }) => (column.kind === "vectors" ? [column] : []));
  const [{ width } = { width: 0 }] = vectors;
  const other = parts.find(
    ({ column }) =>
      column.kind !== first.column.kind || (column.kind === "vectors" && column.width !== width),
  );
  if (!other) return joinVectors(vectors, rows);
  throw new DataError(
    `${other.name}: column ${show(other.column.name)} is ${kindOf(other.column)}, but ${kindOf(first.column)} in ${first.name}.`,
  );
}

function kindOf(column: Column): string {
  return column.kind === "vectors" ? `vectors of ${column.width} numbers` : column.kind;
}

function joinNumbers(columns: readonly NumberColumn[], rows: number): NumberColumn {
  const [{ name, boolean }] = columns;
  return { kind: "numbers", name, values: concatenate(columns, rows), ...(boolean && { boolean }) };
}

function joinVectors(columns: readonly VectorColumn[], rows: number): VectorColumn {
  const [{ name, width }] = columns;
  return { kind: "vectors", name, width, values: concatenate(columns, rows * width) };
}

/** Joins values of one type as that type, and others as f64. */
function concatenate(columns: readonly { readonly values: ColumnValues }[], length: number): ColumnValues {
  const [{ values: first }] = columns;
  const alike = columns.every(({ values }) => values.constructor === first.constructor);
  const all = alike
    ? new (first.constructor as new (length: number) => ColumnValues)(length)
    : new Float64Array(length);
  return joinArrays<ColumnValues>(
    columns.map(({ values }) => values),
    all,
  );
}

function joinTexts(columns: readonly TextColumn[], rows: number): TextColumn {
  const known = new TextCodes();
  const codes = new Int32Array(rows);
  let filled = 0;
  for (const column of columns) {
    const translated = column.texts.map((text) => known.codeOf(text));
    for (const code of column.codes) codes[filled++] = code < 0 ? -1 : translated[code];
  }
  return { kind: "text", name: columns[0].name, codes, texts: known.texts };
}
