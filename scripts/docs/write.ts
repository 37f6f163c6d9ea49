/**
 * Writes what is made of the TSDoc in src/: docs/reference/, and the sentences that help and forms show.
 *
 *   npm run docs
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "oxfmt";
import { textOf } from "../imports.js";
import { optionTexts, optionsReference } from "./options.js";
import { publicApi } from "./public-api.js";
import { pathOf, referenceOf } from "./reference.js";

/** Returns the files as the repository formats them, by their path from its root. */
export async function writtenFiles(): Promise<Map<string, string>> {
  const { printWidth }: { printWidth: number } = JSON.parse(textOf(".oxfmtrc.json"));
  const files = [
    ["src/train/option-texts.ts", optionTexts()],
    ["docs/reference/options.md", optionsReference()],
    ...publicApi().map((entry) => [pathOf(entry), referenceOf(entry)]),
  ];
  const formatted = files.map(async ([path, text]): Promise<[string, string]> => {
    const { code, errors } = await format(path, text, { printWidth });
    if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0].message}`);
    return [path, code];
  });
  return new Map(await Promise.all(formatted));
}

if (process.argv[1] === import.meta.filename) {
  for (const [path, text] of await writtenFiles()) {
    writeFileSync(join(import.meta.dirname, "../..", path), text);
  }
}
