/** What a person can choose, as the texts of a form, an address or a command line, read and checked in one place. */
import { ENGINES } from "../../src/engine/engine.js";
import { OptionError } from "../../src/errors.js";
import { type TrainOptions, settings } from "../../src/options.js";

/** The names that addresses and command lines use. */
export const OPTIONS = ["engine", "solver", "epochs", "batch-size", "learning-rate", "seed"] as const;
export type Option = (typeof OPTIONS)[number];

export const SOLVERS = ["gd", "sgd", "adam", "adamw"] as const;
export type Solver = (typeof SOLVERS)[number];

/** Plain data, so that it can be posted to a worker. What is absent has its default. */
export type Job = Pick<TrainOptions, "engine" | "solver" | "epochs" | "batchSize" | "learningRate" | "seed">;

/** Throws an OptionError that says what a text must be. An empty text is as none. */
export function jobOf(text: (option: Option) => string | null | undefined): Job {
  const engine = choice("engine", text("engine"), ["auto", ...ENGINES]);
  const solver = choice("solver", text("solver"), SOLVERS);
  const epochs = number("epochs", text("epochs"));
  const batchSize = number("batch-size", text("batch-size"));
  const learningRate = number("learning-rate", text("learning-rate"));
  const seed = number("seed", text("seed"));
  const job = {
    ...(engine && { engine }),
    ...(solver && { solver }),
    ...(epochs !== undefined && { epochs }),
    ...(batchSize !== undefined && { batchSize }),
    ...(learningRate !== undefined && { learningRate }),
    ...(seed !== undefined && { seed }),
  };
  settings(job);
  return job;
}

/** What a solver does when nothing else is said. For gd there is no batch size: it takes all examples at once. */
export function defaultsOf(solver: Solver): {
  readonly epochs: number;
  readonly batchSize: number | undefined;
  readonly learningRate: number;
} {
  const { epochs, batchSize, schedule } = settings({ solver });
  return { epochs, batchSize, learningRate: schedule.rate };
}

function choice<T extends string>(
  option: Option,
  text: string | null | undefined,
  allowed: readonly T[],
): T | undefined {
  if (!text) return undefined;
  const chosen = allowed.find((one) => one === text);
  if (chosen) return chosen;
  throw new OptionError(`${option} is ${JSON.stringify(text)}, and must be one of ${allowed.join(", ")}.`);
}

function number(option: Option, text: string | null | undefined): number | undefined {
  if (!text?.trim()) return undefined;
  const value = Number(text);
  if (!Number.isNaN(value)) return value;
  throw new OptionError(`${option} is ${JSON.stringify(text)}, and must be a number.`);
}
