/**
 * Checks that comments, prose in documents, and shaders end by column 110. Tables, links, code and headings
 * in documents may be wider.
 *
 *   npx tsx scripts/check-columns.ts
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const MOST = 110;

/** Returns the numbers of the lines, from 1, of comments that are too wide. */
export function wideComments(text: string): number[] {
  return numbersOf(text, (line) => /^\s*(?:\/\/|\/\*|\*)/.test(line));
}

/**
 * Returns the numbers of the lines, from 1, of a document's prose that are too wide. A link may end a line.
 */
export function wideProse(text: string): number[] {
  let code = false;
  return numbersOf(text, (line) => {
    if (line.trimStart().startsWith("```")) code = !code;
    return !code && !/^\s*(?:\||#|<!--)/.test(line) && line.replace(/\S*\]\([^)]*\)\S*$/, "").length > MOST;
  });
}

/** Returns the numbers of the lines, from 1, of a shader that are too wide. No formatter breaks them. */
export function wideLines(text: string): number[] {
  return numbersOf(text, () => true);
}

function numbersOf(text: string, counts: (line: string) => boolean): number[] {
  return text
    .split("\n")
    .flatMap((line, at) => (counts(line) && Array.from(line).length > MOST ? [at + 1] : []));
}

if (process.argv[1] === import.meta.filename) {
  const files = execFileSync("git", ["ls-files", "*.ts", "*.mjs", "*.md", "*.wgsl"], { encoding: "utf8" })
    .trim()
    .split("\n");
  const wide = files.flatMap((path) => {
    const text = readFileSync(path, "utf8");
    const wideIn = path.endsWith(".md") ? wideProse : path.endsWith(".wgsl") ? wideLines : wideComments;
    return wideIn(text).map((line) => `${path}:${line}`);
  });
  for (const place of wide) console.error(`${place} is wider than ${MOST} columns`);
  console.log(`columns: ${files.length} files, ${wide.length} lines too wide`);
  process.exitCode = wide.length > 0 ? 1 : 0;
}
