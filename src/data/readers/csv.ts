/** Reads tables of text (RFC 4180), separated by commas, tabs, semicolons or bars. papaparse splits them. */
import { DataError } from "../../core/errors.js";
import { show } from "../../core/show.js";
import type { FirstText, Table } from "../data-table.js";
import { ColumnBuilder } from "./column-builder.js";
import type { DataFile } from "./data-file.js";
import { parseNumber } from "./parse-number.js";
import { decodeText } from "./text-stream.js";

/** How a table of text is written. What is left out is found out from its first lines. */
export interface CsvOptions {
  /** What separates values. */
  readonly delimiter?: string | undefined;
  /** Whether the first line has the names of the columns. */
  readonly header?: boolean | undefined;
  /** Lines to leave out before the first, such as a title. Default 0. */
  readonly skip?: number | undefined;
  /** What separates the decimals of a number: "." or ",". Default ".". */
  readonly decimal?: "." | "," | undefined;
}

/** Characters that are split at a time. */
const BLOCK = 2 ** 17;
/** Characters of the head that tell the delimiter and the ends of lines. */
const HEAD = 2 ** 14;
/** The longest line: one that is longer has a quote that is never closed. */
const LONGEST_LINE = 2 ** 23;
const MOST_COLUMNS = 100_000;
/** Lines that tell the delimiter. */
const SNIFFED = 20;
const DELIMITERS = [",", "\t", ";", "|"];

/** Lines that were split into values. */
interface Block {
  readonly lines: readonly (readonly string[])[];
  /** Number of the first of them, from 1. */
  readonly from: number;
}

/** Reads a table of text. Throws a DataError that names the line. */
export async function readCsv(file: DataFile, options: CsvOptions = {}): Promise<Table> {
  const { table, late } = await readColumns(file, options, new Map());
  // The texts of numbers are not kept, so where other text comes below them the file is read again.
  return late.size === 0 ? table : (await readColumns(file, options, late)).table;
}

interface Columns {
  readonly table: Table;
  /** The columns that began as numbers, and their first text. */
  readonly late: ReadonlyMap<number, FirstText>;
}

async function readColumns(file: DataFile, options: CsvOptions, late: Columns["late"]): Promise<Columns> {
  const { name } = file;
  const { skip = 0 } = options;
  let columns: readonly ColumnBuilder[] = [];
  let rows = 0;
  for await (const { lines, from } of blocksOf(file, options)) {
    for (const [n, cells] of lines.entries()) {
      if (isEmpty(cells) || from + n <= skip) continue;
      if (columns.length === 0) {
        const header = options.header ?? isHeader(cells);
        columns = namesOf(cells, header, name).map((one, c) => new ColumnBuilder(one, late.get(c)));
        if (header) continue;
      }
      if (cells.length !== columns.length) {
        throw new DataError(
          `${name}: line ${from + n} has ${cells.length} values, and those before it have ${columns.length}: ` +
            "all lines must have as many.",
        );
      }
      for (let c = 0; c < cells.length; c++) columns[c].set(rows, cells[c]);
      rows++;
    }
  }
  if (rows === 0) throw new DataError(`${name}: has no rows of values.`);
  const found = columns.flatMap(({ firstText }, c) => (firstText ? [[c, firstText] as const] : []));
  return { table: { rows, columns: columns.map((one) => one.build(rows)) }, late: new Map(found) };
}

/** Splits the text, block by block. */
async function* blocksOf(file: DataFile, options: CsvOptions): AsyncGenerator<Block> {
  const texts = decodeText(file.open(), file.name);
  let rest = "";
  let from = 1;
  let split: Splitter | undefined;
  let ended = false;
  while (!ended) {
    const wanted = split ? BLOCK : HEAD;
    const parts = [rest];
    for (let length = rest.length; length < wanted + rest.length;) {
      const { done, value } = await texts.next();
      ended = done ?? false;
      if (ended) break;
      parts.push(String(value));
      length += String(value).length;
    }
    const text = parts.join("");
    split ??= await createSplitter(text, options);
    const { lines, length } = split(text, !ended, file.name, from);
    rest = text.slice(length);
    yield { lines, from };
    from += lines.length;
    if (rest.length > LONGEST_LINE) {
      throw new DataError(
        `${file.name}: line ${from} has more than ${LONGEST_LINE} characters. Is a quotation mark not closed?`,
      );
    }
  }
}

/** Splits a text into lines of values, but the last where there is more. Also returns how much it split. */
type Splitter = (
  text: string,
  more: boolean,
  name: string,
  from: number,
) => { readonly lines: readonly (readonly string[])[]; readonly length: number };

async function createSplitter(
  head: string,
  { delimiter: wanted, skip = 0, decimal = "." }: CsvOptions,
): Promise<Splitter> {
  const {
    default: { Parser },
  } = await import("papaparse");
  const newline = newlineOf(head);
  const lines = (delimiter: string) => {
    const { data } = new Parser({ delimiter, newline }).parse(head, 0, true);
    return data.slice(skip, skip + SNIFFED).filter((cells) => !isEmpty(cells));
  };
  const delimiter = wanted ?? likeliest(lines, decimal);
  const parser = new Parser({ delimiter, newline });
  return (text, more, name, from) => {
    const { data, errors, meta } = parser.parse(text, 0, more);
    if (errors.length > 0) {
      const [{ row = 0 }] = errors;
      throw new DataError(`${name}: line ${from + row} has a quotation mark in the wrong place.`);
    }
    return { lines: decimal === "," ? data.map(withPoints) : data, length: meta.cursor };
  };
}

/** Whether a line is empty. Such lines are no rows. */
function isEmpty(cells: readonly string[]): boolean {
  return cells.length === 1 && cells[0].trim() === "";
}

/** Writes numbers with a decimal comma with a point. */
function withPoints(cells: readonly string[]): string[] {
  return cells.map((cell) =>
    /^\s*[+-]?\d*,\d+(e[+-]?\d+)?\s*$/i.test(cell) ? cell.replace(",", ".") : cell,
  );
}

/** Returns how lines end, by the first end outside of quotes. */
function newlineOf(head: string): string {
  const bare = head.replace(/"[^"]*"/g, "");
  return /\r\n|\r|\n/.exec(bare)?.[0] ?? "\n";
}

/** Returns the delimiter that splits the first lines into most values, as many in each. */
function likeliest(lines: (delimiter: string) => readonly (readonly string[])[], decimal: "." | ","): string {
  const possible = DELIMITERS.filter((one) => one !== decimal);
  const widths = possible.map((delimiter) => {
    const counts = new Set(lines(delimiter).map(({ length }) => length));
    return counts.size === 1 ? Math.max(...counts) : 0;
  });
  const most = Math.max(...widths);
  return most > 1 ? possible[widths.indexOf(most)] : possible[0];
}

/** Whether a first line has names: text, and no number but its own place, as pandas writes them. */
function isHeader(cells: readonly string[]): boolean {
  const isText = (cell: string) => parseNumber(cell) === undefined;
  return cells.some(isText) && cells.every((cell, c) => isText(cell) || cell === "" || cell === String(c));
}

/** Returns the names of the columns: those of the header, or their numbers. */
function namesOf(cells: readonly string[], header: boolean, name: string): string[] {
  if (cells.length > MOST_COLUMNS) {
    throw new DataError(`${name}: has ${cells.length} columns, and at most ${MOST_COLUMNS} are read.`);
  }
  if (!header) return cells.map((_, c) => String(c));
  const names = cells.map((cell, c) => cell.trim() || String(c));
  const places = new Map<string, number>();
  for (const [c, one] of names.entries()) {
    const before = places.get(one);
    if (before !== undefined) {
      throw new DataError(
        `${name}: columns ${before} and ${c} are both named ${show(one)}: give each a name of its own.`,
      );
    }
    places.set(one, c);
  }
  return names;
}
