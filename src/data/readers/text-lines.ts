/** Splits text that comes in pieces into lines. */
import { DataError } from "../../core/errors.js";

/** Characters of the longest line; the longest string of V8 has 2^29. */
const LONGEST_LINE = 2 ** 28;

/** Lines that were read together, without their ends. */
export interface Lines {
  readonly lines: readonly string[];
  /** Number of the first of them, from 1. */
  readonly from: number;
}

/** Yields the lines of a text. Those that end in CR LF lose both. */
export async function* splitLines(
  texts: AsyncIterable<string>,
  name: string,
): AsyncGenerator<Lines, void, undefined> {
  let parts: string[] = [];
  let length = 0;
  let from = 1;
  for await (const text of texts) {
    parts.push(text);
    length += text.length;
    if (text.includes("\n")) {
      const lines = parts.join("").split("\n");
      const rest = lines.pop() ?? "";
      yield { lines: lines.map(withoutReturn), from };
      from += lines.length;
      parts = [rest];
      length = rest.length;
    }
    if (length > LONGEST_LINE) {
      throw new DataError(
        `${name}: line ${from} has more than ${LONGEST_LINE} characters: write each row on a line of its own.`,
      );
    }
  }
  const last = parts.join("");
  if (last !== "") yield { lines: [withoutReturn(last)], from };
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
