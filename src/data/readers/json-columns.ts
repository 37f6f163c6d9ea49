/** Builds the columns of JSON: numbers, booleans, texts or vectors. Null or nothing is a missing value. */
import { DataError } from "../../core/errors.js";
import { show } from "../../core/show.js";
import type { Column } from "../data-table.js";
import { NumberList } from "./number-list.js";
import { TextCodes } from "./text-codes.js";

type Kind = "numbers" | "booleans" | "texts" | "vectors";

/** The most columns of a file, and the most values in all of them. */
const MOST_COLUMNS = 100_000;
const MOST_VALUES = 2 ** 28;

/** Asks for room for values. Throws a DataError where a file has too many. */
type Take = (count: number) => void;

/** A column that grows. Its first value that is not missing tells its kind. */
class JsonColumn {
  readonly #name: string;
  readonly #take: Take;
  /** Values, or the numbers of texts. Values that are missing at the end are added when it is built. */
  readonly #values: NumberList;
  readonly #texts = new TextCodes();
  #kind: Kind | undefined;
  #width = 1;
  /** The row of its first value. */
  #first = 0;

  constructor(name: string, file: string, take: Take) {
    this.#name = name;
    this.#take = take;
    this.#values = new NumberList(`${file}: values of ${show(name)}`);
  }

  /** Sets the value of a row; earlier ones that were not set are missing. */
  set(row: number, value: unknown, fail: (what: string) => DataError): void {
    if (value === null) return;
    const kind = kindOf(value);
    if (!kind) throw fail(`is ${shown(value)}, and must be a number, a text, a boolean or a list of numbers`);
    if (!this.#kind) {
      this.#kind = kind;
      this.#first = row;
      if (Array.isArray(value)) this.#width = value.length;
    }
    if (kind !== this.#kind) {
      throw fail(`is ${shown(value)}, but row ${this.#first} has ${this.#kind}: make all values alike`);
    }
    this.#fillTo(row);
    this.#take(this.#width);
    if (Array.isArray(value)) this.#addVector(value, fail);
    else this.#values.push(typeof value === "string" ? this.#texts.codeUnlessEmpty(value) : Number(value));
  }

  #addVector(vector: readonly unknown[], fail: (what: string) => DataError): void {
    if (vector.length !== this.#width || vector.length === 0) {
      throw fail(`has ${vector.length} numbers, but row ${this.#first} has ${this.#width}: all need as many`);
    }
    for (const [n, one] of vector.entries()) {
      if (one !== null && typeof one !== "number") {
        throw fail(`has ${shown(one)} at ${n}, where a number belongs: flatten nested lists`);
      }
      this.#values.push(one ?? Number.NaN);
    }
  }

  /** Adds missing values until there are `rows`. */
  #fillTo(rows: number): void {
    const length = rows * this.#width;
    this.#take(length - this.#values.length);
    this.#values.fillTo(length, this.#kind === "texts" ? -1 : Number.NaN);
  }

  build(rows: number): Column {
    this.#fillTo(rows);
    const name = this.#name;
    if (this.#kind === "texts") {
      return { kind: "text", name, codes: Int32Array.from(this.#values.values), texts: this.#texts.texts };
    }
    const values = this.#values.values.slice();
    if (this.#kind === "vectors") return { kind: "vectors", name, width: this.#width, values };
    return { kind: "numbers", name, values, ...(this.#kind === "booleans" && { boolean: true }) };
  }
}

function kindOf(value: unknown): Kind | undefined {
  if (Array.isArray(value)) return "vectors";
  const kinds = { number: "numbers", boolean: "booleans", string: "texts" } as const;
  const type = typeof value;
  return type === "number" || type === "boolean" || type === "string" ? kinds[type] : undefined;
}

/** Shows a value of JSON with its type. */
export function shown(value: unknown): string {
  if (typeof value === "string") return `the text ${show(value)}`;
  return typeof value === "boolean" ? `the boolean ${value}` : show(value);
}

/** The columns of rows that are added one by one, as records or lists. */
export class JsonColumns {
  readonly #file: string;
  readonly #columns = new Map<string, JsonColumn>();
  #rows = 0;
  /** Values of all columns. */
  #values = 0;
  /** The length of each row, where rows are lists. */
  #list: number | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Adds a row. `where` is its place in the file, such as "line 3". */
  addRow(row: unknown, where: string): void {
    const fail = (what: string) => new DataError(`${this.#file}: ${where} ${what}.`);
    const isList = Array.isArray(row);
    if (typeof row !== "object" || row === null) {
      throw fail(`is ${shown(row)}, where a record or a list belongs`);
    }
    if (isList) {
      if (this.#list === undefined && this.#rows > 0)
        throw fail("is a list, but those before it are records");
      this.#list ??= row.length;
      if (row.length !== this.#list) {
        throw fail(`has ${row.length} values, but those before it have ${this.#list}: all need as many`);
      }
    } else if (this.#list !== undefined) throw fail("is a record, but those before it are lists");
    for (const [name, value] of isList ? row.entries() : Object.entries(row)) {
      this.#columnOf(String(name)).set(this.#rows, value, (what) => fail(`is wrong: ${show(name)} ${what}`));
    }
    this.#rows++;
  }

  /** Adds a column of values. */
  addColumn(name: string, values: readonly unknown[]): void {
    const column = this.#columnOf(name);
    for (const [row, value] of values.entries()) {
      column.set(row, value, (what) => new DataError(`${this.#file}: row ${row} of ${show(name)} ${what}.`));
    }
    this.#rows = Math.max(this.#rows, values.length);
  }

  build(): { readonly rows: number; readonly columns: Column[] } {
    const columns = [...this.#columns.values()];
    const rows = this.#rows;
    if (rows === 0 || columns.length === 0) throw new DataError(`${this.#file}: has no rows of values.`);
    return { rows, columns: columns.map((column) => column.build(rows)) };
  }

  #columnOf(name: string): JsonColumn {
    const known = this.#columns.get(name);
    if (known) return known;
    if (this.#columns.size === MOST_COLUMNS) {
      throw new DataError(
        `${this.#file}: has more than ${MOST_COLUMNS} columns, which is the most that are read.`,
      );
    }
    const column = new JsonColumn(name, this.#file, (count) => this.#take(count));
    this.#columns.set(name, column);
    return column;
  }

  #take(count: number): void {
    this.#values += count;
    if (this.#values <= MOST_VALUES) return;
    throw new DataError(
      `${this.#file}: its ${this.#columns.size} columns have more than ${MOST_VALUES} values, missing ones ` +
        `among them, up to row ${this.#rows}, which is the most that are read: split the file.`,
    );
  }
}
