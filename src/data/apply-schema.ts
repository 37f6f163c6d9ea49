/** Turns the columns of a table into rows of features, labels and weights, as a schema says. */
import { DataError } from "../core/errors.js";
import { range } from "../core/random.js";
import { show } from "../core/show.js";
import { allocate } from "./numbers.js";
import type { CategoryFeature, FeatureColumn, Schema } from "./schema.js";
import type { Column, ColumnValues, Table } from "./data-table.js";

/** Rows of a table. */
export interface TableRows {
  readonly x: Float32Array | Float64Array | Uint8Array;
  /** Features in a row. */
  readonly features: number;
  /** (rows) Absent where the table lacks the column of the labels. */
  readonly y?: readonly (string | number | boolean)[];
  /** (rows) */
  readonly weights?: readonly number[];
  /** Numbers of the rows that were kept. Absent where none was left out. */
  readonly kept?: Uint32Array;
}

/** A column of the table, and the features that it becomes. */
interface Plan {
  readonly feature: FeatureColumn;
  readonly column: Column;
  readonly width: number;
}

/**
 * Makes rows of the table. Columns are matched by name, but the only column of vectors matches whatever its
 * name. Throws a DataError that names the columns that are missing and those that the schema does not know,
 * or the row and column of a value that cannot be used.
 */
export function applySchema(table: Table, schema: Schema, name: string): TableRows {
  const plans = match(table, schema, name);
  const find = (wanted: string | undefined) => table.columns.find((one) => one.name === wanted);
  const [label, weights] = [find(schema.label), find(schema.weights)];
  const used = [
    ...plans.map(({ column }) => column),
    ...(label ? [label] : []),
    ...(weights ? [weights] : []),
  ];
  const kept = schema.missing === "drop" ? completeRows(used, table.rows) : undefined;
  const rows = kept ?? range(table.rows);
  if (rows.length === 0) throw new DataError(`${name}: all ${table.rows} rows have missing values.`);
  const features = plans.reduce((sum, { width }) => sum + width, 0);
  const x = createRows(plans, rows.length, features, name);
  let first = 0;
  for (const plan of plans) {
    write(plan, x, first, features, rows, schema, name);
    first += plan.width;
  }
  return {
    x,
    features,
    ...(label && { y: labelsOf(label, rows, name) }),
    ...(weights && { weights: weightsOf(weights, rows, name) }),
    ...(kept && kept.length < table.rows && { kept }),
  };
}

function match({ columns }: Table, schema: Schema, name: string): Plan[] {
  const vectors = columns.filter(({ kind }) => kind === "vectors");
  const byName = new Map(columns.map((one) => [one.name, one]));
  const alone = schema.columns.length === 1 && vectors.length === 1 ? vectors[0] : undefined;
  const found = schema.columns.map((feature) => ({
    feature,
    column: byName.get(feature.name) ?? (feature.kind === "vector" ? alone : undefined),
  }));
  const missing = found.filter(({ column }) => !column).map(({ feature }) => feature.name);
  if (missing.length > 0) {
    const known = new Set([...schema.columns.map((one) => one.name), schema.label, schema.weights]);
    const unknown = columns.map((one) => one.name).filter((one) => !known.has(one));
    const extra = unknown.length > 0 ? `, and has ${list(unknown)}, which the model does not know` : "";
    throw new DataError(
      `${name}: lacks the column${missing.length > 1 ? "s" : ""} ${list(missing)}${extra}.`,
    );
  }
  return found.flatMap(({ feature, column }) => (column ? [planOf(feature, column, name)] : []));
}

function planOf(feature: FeatureColumn, column: Column, name: string): Plan {
  const wrong = (found: string, wanted: string) =>
    new DataError(
      `${name}: column ${show(column.name)} is ${found}, and must be ${wanted}, as in the training.`,
    );
  if (feature.kind === "vector") {
    if (column.kind !== "vectors") throw wrong(kindOf(column), "vectors");
    if (column.width !== feature.width) {
      throw new DataError(
        `${name}: column ${show(column.name)} has ${column.width} features, but the model was trained on ${feature.width}.`,
      );
    }
    return { feature, column, width: feature.width };
  }
  if (column.kind === "vectors") throw wrong("vectors", feature.kind === "number" ? "numbers" : "categories");
  if (feature.kind === "category") return { feature, column, width: feature.categories.length };
  if (column.kind === "text") throw wrong(kindOf(column), "numbers");
  return { feature, column, width: 1 };
}

function kindOf(column: Column): string {
  if (column.kind !== "text") return column.kind;
  const { firstText, texts } = column;
  return firstText ? `${show(firstText.text)} in row ${firstText.row}` : `text, such as ${show(texts[0])}`;
}

/** Returns the rows without a missing value. */
function completeRows(columns: readonly Column[], rows: number): Uint32Array {
  const isMissing = (column: Column, row: number): boolean => {
    if (column.kind === "text") return column.codes[row] < 0;
    if (column.kind === "numbers") return Number.isNaN(column.values[row]);
    return column.values.subarray(row * column.width, (row + 1) * column.width).some(Number.isNaN);
  };
  return range(rows).filter((row) => !columns.some((column) => isMissing(column, row)));
}

/** Creates X: bytes where all of it are vectors of bytes, f32 where that holds every number, else f64. */
function createRows(plans: readonly Plan[], rows: number, features: number, name: string): TableRows["x"] {
  const what = `${name}: ${rows} rows × ${features} features`;
  const columns = plans.map(({ column }) => column);
  if (columns.every((one) => one.kind === "vectors" && one.values instanceof Uint8Array)) {
    return allocate(Uint8Array, rows * features, what);
  }
  const fits = columns.every((one) => one.kind === "text" || isSingle(one.values));
  const filled = plans.some(
    ({ feature }) => feature.kind === "number" && Math.fround(feature.mean ?? 0) !== (feature.mean ?? 0),
  );
  return fits && !filled
    ? allocate(Float32Array, rows * features, what)
    : allocate(Float64Array, rows * features, what);
}

function isSingle(values: ColumnValues): boolean {
  if (values.BYTES_PER_ELEMENT < 4 || values instanceof Float32Array) return true;
  for (const value of values) if (!Object.is(Math.fround(value), value)) return false;
  return true;
}

function write(
  { feature, column, width }: Plan,
  x: TableRows["x"],
  first: number,
  features: number,
  rows: Uint32Array,
  { missing, unknown }: Schema,
  name: string,
): void {
  if (column.kind === "vectors") {
    rows.forEach((row, n) =>
      x.set(column.values.subarray(row * width, (row + 1) * width), n * features + first),
    );
    return;
  }
  if (feature.kind === "category") {
    const placeOf = categoryPlaces(feature, column, name, unknown);
    rows.forEach((row, n) => {
      const place = placeOf(row);
      if (place >= 0) x[n * features + first + place] = 1;
    });
    return;
  }
  if (column.kind === "numbers") {
    const mean = missing === "mean" && feature.kind === "number" ? (feature.mean ?? 0) : undefined;
    for (let n = 0; n < rows.length; n++) {
      const value = column.values[rows[n]];
      if (Number.isNaN(value) && mean === undefined) throw missingAt(column.name, rows[n], name);
      x[n * features + first] = Number.isNaN(value) ? (mean ?? 0) : value;
    }
  }
}

function missingAt(column: string, row: number, name: string): DataError {
  return new DataError(
    `${name}: column ${show(column)} has no value in row ${row}. Fill it in, or set missing to "drop" or "mean".`,
  );
}

/** Returns what tells the place of a row's category, or −1 for one that counts as zeros. */
function categoryPlaces(
  { categories, name: columnName }: CategoryFeature,
  column: Exclude<Column, { kind: "vectors" }>,
  name: string,
  unknown: Schema["unknown"],
): (row: number) => number {
  const places = new Map(categories.map((one, place) => [one, place]));
  const valueAt = (row: number): string | null => {
    if (column.kind === "text") return column.codes[row] < 0 ? null : column.texts[column.codes[row]];
    return Number.isNaN(column.values[row]) ? null : String(column.values[row]);
  };
  return (row) => {
    const value = valueAt(row);
    const place = places.get(value);
    if (place !== undefined) return place;
    if (value === null) throw missingAt(columnName, row, name);
    if (unknown === "zeros") return -1;
    throw new DataError(
      `${name}: column ${show(columnName)} is ${show(value)} in row ${row}, which is not among its ` +
        `${categories.length} categories in the training (${list(categories)}). Set unknown to "zeros" to have it count as none.`,
    );
  };
}

function labelsOf(column: Column, rows: Uint32Array, name: string): (string | number | boolean)[] {
  if (column.kind === "vectors") {
    throw new DataError(`${name}: column ${show(column.name)} has vectors, and labels are one value a row.`);
  }
  return Array.from(rows, (row) => {
    if (column.kind === "text") {
      const code = column.codes[row];
      if (code < 0) throw missingLabel(column.name, row, name);
      return column.texts[code];
    }
    const value = column.values[row];
    if (Number.isNaN(value)) throw missingLabel(column.name, row, name);
    return column.boolean ? value !== 0 : value;
  });
}

function missingLabel(column: string, row: number, name: string): DataError {
  return new DataError(
    `${name}: row ${row} has no label in column ${show(column)}. Drop the row or label it.`,
  );
}

function weightsOf(column: Column, rows: Uint32Array, name: string): number[] {
  if (column.kind !== "numbers") {
    throw new DataError(
      `${name}: column ${show(column.name)} is ${kindOf(column)}, and weights are numbers.`,
    );
  }
  return Array.from(rows, (row) => {
    if (Number.isNaN(column.values[row])) throw missingAt(column.name, row, name);
    return column.values[row];
  });
}

function list(names: readonly (string | null)[]): string {
  const shown = names.slice(0, 8).map(show).join(", ");
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}
