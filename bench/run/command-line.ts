/** Parses the command line of `npm start`. */
import process from "node:process";
import { parseArgs } from "node:util";
import { OptionError } from "../../src/core/errors.js";
import { OPTIONS, type Option, jobOf } from "../page/train/job.js";

export const USAGE = `Usage: npm start -- [options]

Trains on the MNIST digits, in this machine's browser or, without a display, in a headless Chrome.

  --engine auto|webgpu|wasm|reference
                                    default auto: webgpu where there is a GPU, else wasm; headless: webgpu
  --solver lbfgs|newton|gd|sgd|adam|adamw
                                    default lbfgs
  --l2 X                            penalty l2/2·‖W‖²; default 1e-4
  --seed N                          default 0

  --tolerance X                     for lbfgs and newton; default 1e-5
  --max-iterations N                for lbfgs and newton; default 1000

  --epochs N                        for the other solvers; default 10, for gd 100
  --learning-rate X                 for the other solvers; default 0.003, for sgd 0.1, for gd 0.5
  --batch-size N                    for sgd, adam and adamw; default 512

  --headless                        trains in a headless Chrome, even with a display
  --json                            headless; prints the result as one JSON object on standard output
  --model FILE                      headless; saves the model there; default smigh-model.json
  --help

Progress goes to standard error. Exit status: 0 done, 1 the training failed, 2 the command line is wrong.
CHROME_PATH names the Chrome to use, SMIGH_ADAPTER its adapter: swiftshader or hardware.
`;

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
}

/** Throws a CommandLineError when the arguments are wrong. */
export function commandLine(args: readonly string[]): CommandLine {
  const given = parse(args);
  const texts = OPTIONS.flatMap((option): [Option, string][] => {
    const text = given[option];
    return text === undefined ? [] : [[option, text]];
  });
  check(new Map(texts));
  const headless = given.headless || given.json || given.model !== undefined || !hasDisplay();
  // A headless Chrome runs WebGPU by default, in software where there is no GPU, so that WebGPU is shown
  // there too.
  const engine = headless && given.engine === undefined ? [["engine", "webgpu"]] : [];
  return {
    help: given.help ?? false,
    headless,
    json: given.json ?? false,
    model: given.model ?? "smigh-model.json",
    query: new URLSearchParams([["auto", ""], ...engine, ...texts]),
  };
}

function parse(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        engine: text,
        solver: text,
        tolerance: text,
        "max-iterations": text,
        epochs: text,
        "batch-size": text,
        "learning-rate": text,
        l2: text,
        seed: text,
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

function check(texts: ReadonlyMap<Option, string>): void {
  try {
    jobOf((option) => texts.get(option));
  } catch (cause) {
    if (cause instanceof OptionError) throw new CommandLineError(cause.message, { cause });
    throw cause;
  }
}

function hasDisplay({ platform, env } = process): boolean {
  return platform === "darwin" || platform === "win32" || Boolean(env["DISPLAY"] || env["WAYLAND_DISPLAY"]);
}
