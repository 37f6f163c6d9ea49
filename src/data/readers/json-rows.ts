/** Reads JSON and JSON lines: records, lists, or columns of values. */
import { DataError } from "../../core/errors.js";
import { show } from "../../core/show.js";
import type { Table } from "../data-table.js";
import type { DataFile } from "./data-file.js";
import { JsonColumns, shown } from "./json-columns.js";
import { type Lines, splitLines } from "./text-lines.js";
import { decodeText } from "./text-stream.js";

/** Characters of the longest document that is no JSON lines; the longest string of V8 has 2^29. */
const LONGEST = 2 ** 28;

/** Reads line by line where the first line is a whole value and others follow; else one document. */
export async function readJson({ name, open }: DataFile): Promise<Table> {
  const blocks = splitLines(decodeText(open(), name), name);
  try {
    const { first, from, rest } = await readFirst(blocks);
    const value = tryParse(first);
    const next = value === undefined ? rest : await skipEmpty(blocks, rest);
    if (value !== undefined && next.lines.length > 0) {
      const columns = new JsonColumns(name);
      columns.addRow(value.value, `line ${from}`);
      for await (const block of resume(next, blocks)) addLines(block, columns, name);
      return columns.build();
    }
    if (value !== undefined) return toTable(value.value, name);
    return toTable(parse(await readWhole(first, next, blocks, name), from, name), name);
  } finally {
    await blocks.return();
  }
}

type Blocks = AsyncGenerator<Lines, void, undefined>;

/** Reads the first line that is not empty, and what came with it. */
async function readFirst(blocks: Blocks): Promise<{ first: string; from: number; rest: Lines }> {
  for await (const { lines, from } of keepOpen(blocks)) {
    const n = lines.findIndex((line) => line.trim() !== "");
    if (n >= 0) {
      return { first: lines[n], from: from + n, rest: { lines: lines.slice(n + 1), from: from + n + 1 } };
    }
  }
  return { first: "", from: 1, rest: { lines: [], from: 1 } };
}

/** Returns the next lines of which one is not empty; none where there are no more. */
async function skipEmpty(blocks: Blocks, rest: Lines): Promise<Lines> {
  for await (const block of resume(rest, keepOpen(blocks))) {
    if (block.lines.some((line) => line.trim() !== "")) return block;
  }
  return { lines: [], from: rest.from };
}

/** Iterates without ending the blocks when the loop ends. */
async function* keepOpen(blocks: Blocks): Blocks {
  for (;;) {
    const { done, value } = await blocks.next();
    if (done) return;
    yield value;
  }
}

async function* resume(first: Lines, rest: Blocks): Blocks {
  yield first;
  yield* rest;
}

function addLines({ lines, from }: Lines, columns: JsonColumns, name: string): void {
  for (const [n, line] of lines.entries()) {
    if (line.trim() !== "") columns.addRow(parse(line, from + n, name), `line ${from + n}`);
  }
}

async function readWhole(first: string, next: Lines, blocks: Blocks, name: string): Promise<string> {
  const parts = [first];
  let length = first.length;
  for await (const { lines } of resume(next, blocks)) {
    for (const line of lines) {
      parts.push(line);
      length += line.length + 1;
    }
    if (length > LONGEST) {
      throw new DataError(
        `${name}: is one JSON document of more than ${LONGEST} characters: save it as JSON lines, a row on each.`,
      );
    }
  }
  return parts.join("\n");
}

function tryParse(text: string): { readonly value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch {
    return undefined;
  }
}

/** Parses a text that begins in line `line` of the file. */
function parse(text: string, line: number, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? `: ${cause.message}` : "";
    const advice = /\b(NaN|Infinity)\b/.test(text) ? " JSON has no NaN and no Infinity: write null." : "";
    throw new DataError(`${name}: is no JSON from line ${line} on${why}.${advice}`, { cause });
  }
}

/** Makes a table of a document: a list of records, of lists or of single values, one record, or columns. */
function toTable(parsed: unknown, name: string): Table {
  const columns = new JsonColumns(name);
  if (Array.isArray(parsed)) {
    const single = parsed.every((row) => typeof row !== "object" || row === null);
    if (single) columns.addColumn("0", parsed);
    else for (const [row, value] of parsed.entries()) columns.addRow(value, `row ${row}`);
    return columns.build();
  }
  if (typeof parsed !== "object" || parsed === null) {
    throw new DataError(
      `${name}: is ${shown(parsed)}, and must be a list of records or an object of columns.`,
    );
  }
  const fields = Object.entries(parsed);
  if (!fields.some(([, value]) => Array.isArray(value))) {
    columns.addRow(parsed, "the record");
    return columns.build();
  }
  const [[firstName, first]] = fields;
  for (const [key, value] of fields) {
    if (!Array.isArray(value)) {
      throw new DataError(
        `${name}: ${show(key)} is ${shown(value)}, but others are columns: leave it out, or put records into a list.`,
      );
    }
    if (Array.isArray(first) && value.length !== first.length) {
      throw new DataError(
        `${name}: column ${show(key)} has ${value.length} values, but ${show(firstName)} has ${first.length}: ` +
          "all need as many.",
      );
    }
    columns.addColumn(key, value);
  }
  return columns.build();
}
