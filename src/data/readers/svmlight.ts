/** Reads sparse rows of text: `label index:value …`, as svmlight, libsvm and scikit-learn write them. */
import { DataError } from "../../core/errors.js";
import { show } from "../../core/show.js";
import type { Table } from "../data-table.js";
import type { DataFile } from "./data-file.js";
import { allocateDense } from "./densify.js";
import { NumberList } from "./number-list.js";
import { parseNumber } from "./parse-number.js";
import { withoutComment } from "./signatures.js";
import { splitLines } from "./text-lines.js";
import { decodeText } from "./text-stream.js";

const MOST_FEATURES = 2 ** 31;
const [SPACE, ZERO, NINE, COLON, LARGE_E, SMALL_E] = [32, 48, 57, 58, 69, 101];

/** The values of all rows. */
class SparseRows {
  readonly labels: NumberList;
  readonly indices: NumberList;
  readonly values: NumberList;
  /** Where each row ends in `values`. */
  readonly ends: NumberList;
  smallest = Infinity;
  largest = -1;
  /** Whether f32 holds all values. */
  single = true;

  constructor(name: string) {
    this.labels = new NumberList(`${name}: its labels`);
    this.indices = new NumberList(`${name}: its indices`);
    this.values = new NumberList(`${name}: its values`);
    this.ends = new NumberList(`${name}: its rows`);
  }

  /** Adds a line without its comment. Calls `fail` with what is wrong. */
  add(line: string, fail: (what: string) => DataError): void {
    let end = endOfWord(line, 0);
    this.labels.push(parseLabel(line.slice(0, end), fail));
    let before = -1;
    while (end < line.length) {
      const start = startOfWord(line, end);
      end = endOfWord(line, start);
      if (before < 0 && line.startsWith("qid:", start)) continue;
      let colon = start;
      let index = 0;
      for (; isDigit(line.charCodeAt(colon)); colon++) index = 10 * index + line.charCodeAt(colon) - ZERO;
      const isPair = colon > start && line.charCodeAt(colon) === COLON && index < MOST_FEATURES;
      const value = isPair ? parseValue(line.slice(colon + 1, end)) : undefined;
      if (value === undefined) throw fail(`has ${show(line.slice(start, end))}, where index:value belongs`);
      if (index <= before) {
        throw fail(`has index ${index} after ${before}: sort the indices of a line, and name each once`);
      }
      before = index;
      this.indices.push(index);
      this.values.push(value);
      if (index < this.smallest) this.smallest = index;
      if (index > this.largest) this.largest = index;
      if (this.single && Math.fround(value) !== value) this.single = Number.isNaN(value);
    }
    this.ends.push(this.values.length);
  }
}

function startOfWord(line: string, from: number): number {
  let at = from;
  while (at < line.length && line.charCodeAt(at) <= SPACE) at++;
  return at;
}

function endOfWord(line: string, from: number): number {
  let at = from;
  while (at < line.length && line.charCodeAt(at) > SPACE) at++;
  return at;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

/** Number is fast, but reads nothing as 0, and other bases, such as 0x1f: those are left to parseNumber. */
function parseValue(text: string): number | undefined {
  if (text === "") return undefined;
  const second = text.charCodeAt(1);
  const isDecimal = !(second > NINE) || second === SMALL_E || second === LARGE_E;
  const value = isDecimal ? Number(text) : Number.NaN;
  return Number.isNaN(value) ? parseNumber(text) : value;
}

function parseLabel(text: string, fail: (what: string) => DataError): number {
  const label = parseNumber(text);
  if (label !== undefined && !Number.isNaN(label)) return label;
  throw fail(
    /^[\d.+-]+,/.test(text)
      ? `has the labels ${show(text)}, and each row has one here`
      : `begins with ${show(text)}, where a number, the label, belongs`,
  );
}

export async function readSvmlight({ name, open }: DataFile): Promise<Table> {
  const sparse = new SparseRows(name);
  for await (const { lines, from } of splitLines(decodeText(open(), name), name)) {
    for (const [n, line] of lines.entries()) {
      const bare = withoutComment(line);
      if (bare !== "") sparse.add(bare, (what) => new DataError(`${name}: line ${from + n} ${what}.`));
    }
  }
  return toTable(sparse, name);
}

/** Returns dense rows. Indices begin with 1, unless one is 0. */
function toTable(
  { labels, indices, values, ends, smallest, largest, single }: SparseRows,
  name: string,
): Table {
  const rows = labels.length;
  if (rows === 0) throw new DataError(`${name}: has no rows.`);
  if (largest < 0) throw new DataError(`${name}: has no features: no line has an index:value.`);
  const first = smallest === 0 ? 0 : 1;
  const width = largest - first + 1;
  const x = allocateDense(rows, width, single, name);
  const [places, numbers, stops] = [indices.values, values.values, ends.values];
  let i = 0;
  for (let row = 0; row < rows; row++) {
    for (; i < stops[row]; i++) x[row * width + places[i] - first] = numbers[i];
  }
  return {
    rows,
    columns: [
      { kind: "numbers", name: "label", values: labels.values.slice() },
      { kind: "vectors", name: "x", width, values: x },
    ],
  };
}
