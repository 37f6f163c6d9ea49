/** What a person can choose, as the texts of a form, an address or a command line, read and checked in one place. */
import { ENGINES } from "../../../src/engine/engine.js";
import { OptionError } from "../../../src/core/errors.js";
import {
  SOLVERS,
  type SolverName,
  type TrainOptions,
  isSecondOrder,
  settings,
} from "../../../src/train/options.js";

/** The names that addresses and command lines use. */
export const OPTIONS = [
  "engine",
  "solver",
  "tolerance",
  "max-iterations",
  "epochs",
  "batch-size",
  "learning-rate",
  "l2",
  "seed",
] as const;
export type Option = (typeof OPTIONS)[number];

/** Plain data, so that it can be posted to a worker. What is absent has its default. */
export type Job = Pick<
  TrainOptions,
  | "engine"
  | "solver"
  | "tolerance"
  | "maxIterations"
  | "epochs"
  | "batchSize"
  | "learningRate"
  | "l2"
  | "seed"
>;

/** What a training counts, and how far it goes at the most. */
export interface Limit {
  readonly unit: "epoch" | "iteration";
  readonly most: number;
}

/** Without a penalty the digits have no optimum that is near, and what is learned of them holds less of others. */
export const L2 = 1e-4;

/** Throws an OptionError that says what a text must be. An empty text is as none. */
export function jobOf(text: (option: Option) => string | null | undefined): Job {
  const engine = choice("engine", text("engine"), ["auto", ...ENGINES]);
  const solver = choice("solver", text("solver"), SOLVERS);
  const numbers = {
    tolerance: number("tolerance", text("tolerance")),
    maxIterations: number("max-iterations", text("max-iterations")),
    epochs: number("epochs", text("epochs")),
    batchSize: number("batch-size", text("batch-size")),
    learningRate: number("learning-rate", text("learning-rate")),
    l2: number("l2", text("l2")),
    seed: number("seed", text("seed")),
  };
  const given = Object.entries(numbers).filter(([, value]) => value !== undefined);
  const job: Job = { ...(engine && { engine }), ...(solver && { solver }), ...Object.fromEntries(given) };
  settings(job);
  return job;
}

/** The numbers that a solver reads, by their options, and what they are when nothing else is said. */
export function defaultsOf(solver: SolverName): Readonly<Record<string, number | undefined>> {
  const { tolerance, maxIterations, epochs, batchSize, schedule } = settings({ solver });
  if (isSecondOrder(solver)) return { tolerance, "max-iterations": maxIterations, l2: L2 };
  return {
    ...(batchSize !== undefined && { "batch-size": batchSize }),
    "learning-rate": schedule.rate,
    epochs,
    l2: L2,
  };
}

export function limitOf(job: Job): Limit {
  const { solver, maxIterations, epochs } = settings(job);
  return isSecondOrder(solver) ? { unit: "iteration", most: maxIterations } : { unit: "epoch", most: epochs };
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
