/**
 * Writes docs/reference/options.md, the table of all options of a training, from the option table, the solver
 * table and the documentation of TrainOptions.
 *
 *   npx tsx scripts/options-reference.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SOLVERS, SOLVER_NAMES, solversThatRead } from "../src/solvers/solver-table.js";
import { OPTION_TABLE, type OptionRow } from "../src/train/options.js";

const root = join(import.meta.dirname, "..");

/** Returns the document. Throws where an option has no documentation. */
export function optionsReference(): string {
  const documented = documentation(readFileSync(join(root, "src/train/options.ts"), "utf8"));
  const rows = Object.entries<OptionRow>(OPTION_TABLE).map(([name, row]) => {
    const text = documented.get(name);
    if (!text) throw new Error(`TrainOptions has no documentation of ${name}.`);
    return `| \`${name}\` | ${defaultOf(name, row)} | ${readersOf(name)} | ${text.replaceAll("|", "\\|")} |`;
  });
  return [
    "# Options of a training\n",
    "Written by `npx tsx scripts/options-reference.ts` from the code. On the command line an option is a flag in",
    "kebab-case, such as `--max-iterations 200`; those that are true or false stand alone, such as `--parity` and",
    "`--no-shuffle`.\n",
    "| option | default | solvers | |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

/** Reads the comment of each field of TrainOptions, without line breaks. */
function documentation(source: string): Map<string, string> {
  const start = source.indexOf("export interface TrainOptions");
  const fields = source.slice(start, source.indexOf("\n}\n", start));
  const found = fields.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*readonly (\w+)\?:/g);
  return new Map(
    Array.from(found, ([, comment, name]) => [
      name,
      comment
        .replaceAll(/\s*\n\s*\*? ?/g, " ")
        .trim()
        .replaceAll(/ {2,}/g, " "),
    ]),
  );
}

function defaultOf(name: string, row: OptionRow): string {
  const own = SOLVER_NAMES.flatMap((solver) => {
    const value: unknown = Reflect.get(SOLVERS[solver].defaults ?? {}, name);
    return value === undefined ? [] : [`${solver} ${String(value)}`];
  });
  if (!("default" in row)) return "";
  const value = typeof row.default === "string" ? `\`"${row.default}"\`` : String(row.default);
  return [value, ...own].join("; ");
}

function readersOf(name: string): string {
  const readers = solversThatRead(name);
  return readers.length === SOLVER_NAMES.length ? "all" : readers.join(", ");
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(join(root, "docs/reference/options.md"), optionsReference());
}
