/** Parses and checks the training options of the form, the page's address and the command line. */
import { ENGINES } from "../../../src/engine/engine.js";
import { OptionError } from "../../../src/core/errors.js";
import { SOLVER_NAMES, type SolverName, isSecondOrder } from "../../../src/solvers/solver-table.js";
import { type TrainOptions, parseOptions } from "../../../src/train/options.js";

/** Option names in addresses and on the command line. */
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

/** Plain data, so that it can be posted to a worker. Absent options have their defaults. */
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

/** The unit in which a training counts, and the most of them that it takes. */
export interface Limit {
  readonly unit: "epoch" | "iteration";
  readonly most: number;
}

/** Default penalty of the page. Without one the optimum is far away, and the model generalises less well. */
export const L2 = 1e-4;

/** Parses the options' texts; an empty one counts as absent. Throws an OptionError when one is invalid. */
export function jobOf(text: (option: Option) => string | null | undefined): Job {
  const engine = choice("engine", text("engine"), ["auto", ...ENGINES]);
  const solver = choice("solver", text("solver"), SOLVER_NAMES);
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
  parseOptions(job);
  return job;
}

/** Default values of the numeric options that apply to a solver. */
export function defaultsOf(solver: SolverName): Readonly<Record<string, number | undefined>> {
  const { tolerance, maxIterations, epochs, batchSize, schedule } = parseOptions({ solver });
  if (isSecondOrder(solver)) return { tolerance, "max-iterations": maxIterations, l2: L2 };
  return {
    ...(batchSize !== undefined && { "batch-size": batchSize }),
    "learning-rate": schedule.rate,
    epochs,
    l2: L2,
  };
}

export function limitOf(job: Job): Limit {
  const { solver, maxIterations, epochs } = parseOptions(job);
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
