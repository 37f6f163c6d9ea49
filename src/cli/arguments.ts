/** Parses command lines, and turns flags into options of the library. */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { SmighError } from "../core/errors.js";
import { OPTION_TABLE, type OptionRow, type TrainOptions, flagName } from "../train/option-table.js";

/** The command line itself is wrong. */
export class UsageError extends SmighError {
  static {
    this.prototype.name = "UsageError";
  }
}

type Flags = NonNullable<ParseArgsConfig["options"]>;

/**
 * Splits words into flags and exactly the files named in `files`. Throws a UsageError where the words do not
 * match, or a flag is given twice.
 */
export function parse<F extends Flags>(words: readonly string[], options: F, files: readonly string[]) {
  const { values, positionals, tokens } = split(words, options);
  const given = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    if (given.has(token.name)) throw new UsageError(`--${token.name} is given twice: which one is meant?`);
    given.add(token.name);
  }
  if (positionals.length !== files.length) {
    const wanted = files.length > 0 ? files.join(" ") : "no files";
    throw new UsageError(
      `expected ${wanted} and got ${positionals.length} of ${files.length}: ` +
        `${positionals.join(" ") || "none"}.`,
    );
  }
  return { values, files: positionals };
}

function split<F extends Flags>(words: readonly string[], options: F) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, tokens: true });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** An option of the library as a flag. */
interface OptionFlag {
  readonly option: string;
  readonly flag: string;
  /** The value of a flag that stands alone; others take a value. */
  readonly alone?: boolean;
}

/** Flags that stand alone reverse the default: `--parity`, and `--no-shuffle`. */
export const OPTION_FLAGS = Object.entries<OptionRow>(OPTION_TABLE).flatMap(([option, row]): OptionFlag[] => {
  if (row.flag === false) return [];
  const name = flagName(option);
  if (typeof row.default !== "boolean") return [{ option, flag: name }];
  return [{ option, flag: row.default ? `no-${name}` : name, alone: !row.default }];
});

/** The options of the library as flags. Their values are checked with all options, in `parseOptions`. */
export const TRAIN_FLAGS: Readonly<Record<string, { readonly type: "string" | "boolean" }>> =
  Object.fromEntries(
    OPTION_FLAGS.map(({ flag, alone }) => [flag, { type: alone === undefined ? "string" : "boolean" }]),
  );

/**
 * Turns flags into options. A value is a number where it reads as one, JSON where it begins with a brace or a
 * bracket, otherwise a string. --no-… flags are false.
 */
export function trainOptions(values: Readonly<Record<string, string | boolean | undefined>>): TrainOptions {
  const options: Record<string, unknown> = {};
  for (const { option, flag, alone } of OPTION_FLAGS) {
    const value = values[flag];
    if (value === undefined) continue;
    options[option] = typeof value === "string" ? valueOf(flag, value) : alone;
  }
  return options;
}

function valueOf(flag: string, text: string): unknown {
  if (text.trim() !== "" && !Number.isNaN(Number(text))) return Number(text);
  if (!/^[{[]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`--${flag} is ${text}, which is not JSON: ${String(cause)}`, { cause });
  }
}
