/** Builds the columns of text files row by row: numbers, or text where a value is no number. */
import type { Column, FirstText } from "../data-table.js";
import { parseNumber } from "./parse-number.js";
import { TextCodes } from "./text-codes.js";

/** Rows that a column has room for at first. */
const FIRST_ROWS = 64;

/** A column that grows. Its numbers are given up at the first text. */
export class ColumnBuilder {
  readonly name: string;
  #numbers: Float64Array | undefined = new Float64Array(FIRST_ROWS);
  #codes = new Int32Array(0);
  readonly #texts = new TextCodes();
  #firstText: FirstText | undefined;

  /** @param late the first text of a column of numbers, whose rows are now set again, as text */
  constructor(name: string, late?: FirstText) {
    this.name = name;
    this.#firstText = late;
    if (late) this.#becomeText();
  }

  /** The first text below numbers. The texts of the numbers are lost. */
  get firstText(): FirstText | undefined {
    return this.#firstText;
  }

  /** Sets the value of a row. Rows are set in order. */
  set(row: number, text: string): void {
    if (this.#numbers) {
      const value = parseNumber(text);
      if (value !== undefined) {
        if (row >= this.#numbers.length) this.#numbers = longer(this.#numbers, row);
        this.#numbers[row] = value;
        return;
      }
      if (row > 0) this.#firstText = { row, text };
      this.#becomeText();
    }
    if (row >= this.#codes.length) this.#codes = longer(this.#codes, row);
    this.#codes[row] = this.#texts.codeUnlessEmpty(text);
  }

  #becomeText(): void {
    this.#numbers = undefined;
    this.#codes = new Int32Array(FIRST_ROWS);
  }

  /** Returns the column of the first `rows` rows. */
  build(rows: number): Column {
    const { name } = this;
    if (this.#numbers) return { kind: "numbers", name, values: this.#numbers.slice(0, rows) };
    const late = this.#firstText;
    const { texts } = this.#texts;
    return { kind: "text", name, codes: this.#codes.slice(0, rows), texts, ...(late && { firstText: late }) };
  }
}

function longer<T extends Float64Array | Int32Array>(values: T, row: number): T;
function longer(values: Float64Array | Int32Array, row: number): Float64Array | Int32Array {
  const length = 2 * Math.max(row, FIRST_ROWS);
  const copy = values instanceof Float64Array ? new Float64Array(length) : new Int32Array(length);
  copy.set(values);
  return copy;
}
