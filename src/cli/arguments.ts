/** Parses command lines, and turns flags into options of the library. */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { SmighError } from "../core/errors.js";
import type { TrainOptions } from "../train/options.js";

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

/** The options of the library as flags. Their values are checked with all options, in `settings`. */
export const TRAIN_FLAGS = {
  engine: { type: "string" },
  kernels: { type: "string" },
  solver: { type: "string" },
  tolerance: { type: "string" },
  "max-iterations": { type: "string" },
  memory: { type: "string" },
  epochs: { type: "string" },
  "batch-size": { type: "string" },
  "learning-rate": { type: "string" },
  sampling: { type: "string" },
  momentum: { type: "string" },
  nesterov: { type: "boolean" },
  beta1: { type: "string" },
  beta2: { type: "string" },
  epsilon: { type: "string" },
  "weight-decay": { type: "string" },
  l2: { type: "string" },
  l1: { type: "string" },
  C: { type: "string" },
  reduction: { type: "string" },
  "no-intercept": { type: "boolean" },
  standardize: { type: "boolean" },
  "label-smoothing": { type: "string" },
  init: { type: "string" },
  "class-weight": { type: "string" },
  validation: { type: "string" },
  patience: { type: "string" },
  seed: { type: "string" },
  "no-shuffle": { type: "boolean" },
  parity: { type: "boolean" },
} as const satisfies Flags;

/**
 * Turns flags into options. A value is a number where it reads as one, JSON where it begins with a brace,
 * otherwise a string. --no-… flags are false.
 */
export function trainOptions(values: Readonly<Record<string, string | boolean | undefined>>): TrainOptions {
  const options: Record<string, unknown> = {};
  for (const flag of Object.keys(TRAIN_FLAGS)) {
    const value = values[flag];
    if (value === undefined) continue;
    const negative = flag.startsWith("no-");
    const name = (negative ? flag.slice(3) : flag).replaceAll(/-(\w)/g, (_, letter: string) =>
      letter.toUpperCase(),
    );
    options[name] = negative ? false : typeof value === "string" ? valueOf(flag, value) : value;
  }
  return options;
}

function valueOf(flag: string, text: string): unknown {
  if (text.trim() !== "" && !Number.isNaN(Number(text))) return Number(text);
  if (!text.startsWith("{")) return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`--${flag} is ${text}, which is not JSON: ${String(cause)}`, { cause });
  }
}
