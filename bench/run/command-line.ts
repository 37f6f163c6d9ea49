/** Parses the command line of `npm start`. */
import process from "node:process";
import { parseArgs } from "node:util";
import { OptionError } from "../../src/core/errors.js";
import { defaultOf } from "../../src/cli/help.js";
import { OPTION_TEXTS } from "../../src/train/option-texts.js";
import { OPTION_TABLE } from "../../src/train/option-table.js";
import { type OptionField, OPTION_FIELDS, L2, jobOf } from "../page/train/job.js";

export const USAGE = `Usage: npm start -- [options]

Trains on the MNIST digits, in this machine's browser or, without a display, in a headless Chrome.

${OPTION_FIELDS.map(helpOn).join("\n")}

  --headless                        trains in a headless Chrome, even with a display; on webgpu by default.
                                    Without a GPU and other options it trains by adam, which takes seconds
  --json                            headless; prints the result as one JSON object on standard output
  --model FILE                      headless; saves the model there; default smigh-model.json
  --help

Progress goes to standard error. Exit status: 0 done, 1 the training failed, 2 the command line is wrong.
CHROME_PATH names the Chrome to use, SMIGH_ADAPTER its adapter: swiftshader or hardware.
`;

function helpOn({ option, name, choices }: OptionField): string {
  const byDefault = option === "l2" ? L2 : defaultOf(option, OPTION_TABLE[option]);
  return `  --${name} ${choices?.join("|") ?? "X"}\n      ${OPTION_TEXTS[option]} Default: ${byDefault}.`;
}

export class CommandLineError extends Error {
  override name = "UsageError";
}

export interface CommandLine {
  readonly help: boolean;
  readonly headless: boolean;
  readonly json: boolean;
  readonly model: string;
  /** The given options, as the query of the page's address. */
  readonly query: URLSearchParams;
  /** True if no option of the training was given, other than the engine webgpu. */
  readonly open: boolean;
}

/** Throws a CommandLineError when the arguments are wrong. */
export function commandLine(args: readonly string[]): CommandLine {
  const given = parse(args);
  const texts = Object.entries(given).filter(isField);
  check(new Map(texts));
  const headless = given.headless || given.json || given.model !== undefined || !hasDisplay();
  // A headless Chrome runs WebGPU by default, in software where there is no GPU, so that WebGPU is shown
  // there too.
  const open = texts.every(([name, value]) => name === "engine" && value === "webgpu");
  const engine = headless && !texts.some(([name]) => name === "engine") ? [["engine", "webgpu"]] : [];
  return {
    help: given.help ?? false,
    headless,
    json: given.json ?? false,
    model: given.model ?? "smigh-model.json",
    query: new URLSearchParams([["auto", ""], ...engine, ...texts]),
    open,
  };
}

function isField(entry: [string, string | boolean]): entry is [string, string] {
  return OPTION_FIELDS.some(({ name }) => name === entry[0]);
}

function parse(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...Object.fromEntries(OPTION_FIELDS.map(({ name }) => [name, text])),
        model: text,
        headless: flag,
        json: flag,
        help: { ...flag, short: "h" },
      },
    }).values;
  } catch (cause) {
    throw new CommandLineError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function check(texts: ReadonlyMap<string, string>): void {
  try {
    jobOf((name) => texts.get(name));
  } catch (cause) {
    if (cause instanceof OptionError) throw new CommandLineError(cause.message, { cause });
    throw cause;
  }
}

function hasDisplay({ platform, env } = process): boolean {
  return platform === "darwin" || platform === "win32" || Boolean(env["DISPLAY"] || env["WAYLAND_DISPLAY"]);
}
