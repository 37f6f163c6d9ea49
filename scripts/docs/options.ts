/** Renders the option table as a Markdown document, and lists the first sentence on each option. */
import { defaultOf } from "../../src/cli/help.js";
import { SOLVER_NAMES, solversThatRead } from "../../src/solvers/solver-table.js";
import { SHARED_OPTIONS, SWEEP_TABLE } from "../../src/sweep/options.js";
import { OPTION_TABLE, type OptionRow } from "../../src/train/option-table.js";
import { textOf } from "../imports.js";
import { wrap } from "./reference.js";
import { Source } from "./source.js";

const PATH = "src/train/option-table.ts";
const SWEEP_PATH = "src/sweep/options.ts";

interface Documented {
  /** The documentation, without line breaks. */
  readonly text: string;
  /** The type, as it is written in the row. */
  readonly type: string;
}

/** Reads the documentation of each row in the source of a table of options. */
export function documentedOptions(path = PATH, text = textOf(path)): Map<string, Documented> {
  const source = new Source(path, text);
  const rows = source.body.flatMap((statement) => {
    if (statement.type !== "VariableDeclaration") return [];
    const { id, init } = statement.declarations[0];
    if (id.type !== "Identifier" || id.name !== "createTable") return [];
    if (init?.type !== "ArrowFunctionExpression") return [];
    const table = init.body.type === "ParenthesizedExpression" ? init.body.expression : init.body;
    return table.type === "ObjectExpression" ? table.properties : [];
  });
  return new Map(
    rows.flatMap((row) => {
      if (row.type !== "Property" || row.value.type !== "CallExpression") return [];
      const [type] = row.value.typeArguments?.params ?? [];
      const name = source.code(row.key);
      const doc = source.docOf(row);
      if (!doc || !type) throw new Error(`The row of ${name} in ${path} has no comment, or no type.`);
      return [[name, { text: oneLine(doc.text), type: oneLine(source.code(type)) }]];
    }),
  );
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, " ");

/** Renders the document. Throws where an option has no documentation. */
export function optionsReference(text?: string): string {
  return [
    "# Options of a training\n",
    "Written by `npm run docs` from the option table. On the command line an option is a flag in kebab-case, such",
    "as `--max-iterations 200`; those that are true or false stand alone, such as `--parity` and `--no-shuffle`.\n",
    "| option | type | default | solvers | engines | |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rowsOf(OPTION_TABLE, documentedOptions(PATH, text), (name, row) => [
      defaultOf(name, row),
      readersOf(name),
      row.engines?.join(", ") ?? "all",
    ]),
    "\n## Options of a sweep\n",
    wrap(`Besides these, it takes ${SHARED_OPTIONS.map((name) => `\`${name}\``).join(", ")} as above.`),
    "",
    "| option | type | default | |",
    "| --- | --- | --- | --- |",
    ...rowsOf(SWEEP_TABLE, documentedOptions(SWEEP_PATH), (_, row) => [
      "default" in row ? String(row.default) : "",
    ]),
    "",
  ].join("\n");
}

/** Renders the rows of a table: name, type, the cells `between`, and documentation. */
function rowsOf(
  table: Readonly<Record<string, OptionRow>>,
  documented: ReadonlyMap<string, Documented>,
  between: (name: string, row: OptionRow) => readonly string[],
): string[] {
  return Object.entries(table).map(([name, row]) => {
    const about = documented.get(name);
    if (!about) throw new Error(`The table has no row of ${name} with a comment and a type.`);
    const type = row.check.choices?.map((one) => `"${one}"`).join(" | ") ?? about.type;
    const cells = [`\`${name}\``, `\`${type}\``, ...between(name, row), about.text];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
}

function readersOf(name: string): string {
  const readers = solversThatRead(name);
  return readers.length === SOLVER_NAMES.length ? "all" : readers.join(", ");
}

/** Renders the module with the first sentence on each option, for help and forms. */
export function optionTexts(text?: string): string {
  const sentences = Array.from(documentedOptions(PATH, text), ([name, about]) => [
    name,
    firstSentence(about.text),
  ]);
  return [
    "/** The first sentence on each option, from the option table. Written by `npm run docs`. */",
    `export const OPTION_TEXTS: Readonly<Record<string, string>> = ${JSON.stringify(Object.fromEntries(sentences))};`,
    "",
  ].join("\n");
}

function firstSentence(text: string): string {
  return text.match(/^.*?\.(?=\s|$)/)?.[0] ?? text;
}
