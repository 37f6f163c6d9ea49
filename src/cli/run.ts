/** Runs the commands, and turns errors into exit statuses. */
import { OptionError, SmighError } from "../core/errors.js";
import { UsageError } from "./arguments.js";
import { doctorCommand } from "./doctor.js";
import { evaluateCommand } from "./evaluate.js";
import { isSystemError } from "./file-error.js";
import { HELP, trainHelp } from "./help.js";
import { InterruptedError } from "./interruption.js";
import { predictCommand } from "./predict.js";
import type { Streams } from "./streams.js";
import { trainCommand } from "./train.js";
import { version } from "../../package.json";

const COMMANDS = {
  train: trainCommand,
  predict: predictCommand,
  evaluate: evaluateCommand,
  doctor: doctorCommand,
};

/**
 * Runs one command. Returns the exit status: 0 done, 1 the job failed, 2 the command line was wrong, 128 + n
 * stopped by signal n. Every status but 0 comes with one line on the status stream that says why.
 */
export async function run(words: readonly string[], streams: Streams): Promise<number> {
  const [command = "--help", ...rest] = words;
  if (words.length === 0 || words.some((word) => word === "-h" || word === "--help")) {
    streams.out(command === "train" ? trainHelp() : HELP);
    return 0;
  }
  if (command === "--version") {
    streams.out(`${version}\n`);
    return 0;
  }
  try {
    if (!isCommand(command)) {
      throw new UsageError(`${command} is no command; the commands are ${Object.keys(COMMANDS).join(", ")}.`);
    }
    await COMMANDS[command](rest, streams);
    return 0;
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    streams.status(`smigh: ${reason.replaceAll(/\s*\n\s*/g, " ")}\n`);
    if (error instanceof InterruptedError) return error.status;
    return error instanceof UsageError || error instanceof OptionError ? 2 : 1;
  }
}

function isCommand(word: string): word is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, word);
}

/** Returns why a command failed, or undefined for a bug in smigh, whose stack trace is worth reporting. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof SmighError || isSystemError(error)) return error.message;
  if (error instanceof RangeError) return `the data are too large for this machine: ${error.message}.`;
  return undefined;
}
