/** Parses and checks the training options of the form, the page's address and the command line. */
import { OptionError } from "../../../src/core/errors.js";
import {
  SOLVERS,
  type SolverName,
  isSecondOrder,
  solversThatRead,
} from "../../../src/solvers/solver-table.js";
import {
  OPTION_TABLE,
  type OptionRow,
  type TrainOptions,
  flagName,
} from "../../../src/train/option-table.js";
import { parseOptions } from "../../../src/train/options.js";

/** The options that the page takes, in the order of its form. Everything else about them is in their rows. */
export const OPTIONS = [
  "engine",
  "solver",
  "tolerance",
  "maxIterations",
  "batchSize",
  "learningRate",
  "epochs",
  "l2",
  "seed",
] as const satisfies (keyof TrainOptions)[];

/** Plain data, so that it can be posted to a worker. Absent options have their defaults. */
export type Job = Pick<TrainOptions, (typeof OPTIONS)[number]>;

/** An option as forms, addresses and the command line have it. */
export interface OptionField<Option = (typeof OPTIONS)[number]> {
  readonly option: Option;
  /** Its name there, such as "max-iterations". */
  readonly name: string;
  /** The values to choose from. Without them it is a number. */
  readonly choices?: readonly string[];
}

/** Makes the field of an option from its row. */
export function fieldOf<Option extends keyof TrainOptions>(option: Option): OptionField<Option> {
  const { choices }: OptionRow["check"] = OPTION_TABLE[option].check;
  return { option, name: flagName(option), ...(choices && { choices }) };
}

/** The fields of all options that the page takes. */
export const OPTION_FIELDS = OPTIONS.map(fieldOf);

/** The fields of the form. The seed is for addresses and the command line. */
export const FORM_FIELDS = OPTION_FIELDS.filter(({ option }) => option !== "seed");

/** The unit in which a training counts, and the most of them that it takes. */
export interface Limit {
  readonly unit: "epoch" | "iteration";
  readonly most: number;
}

/** Default penalty of the page. Without one the optimum is far away, and the model generalises less well. */
export const L2 = 1e-4;

/** Parses the texts of the fields; an empty one counts as absent. Throws an OptionError for a wrong one. */
export function jobOf(text: (name: string) => string | null | undefined): Job {
  const given = OPTION_FIELDS.flatMap(({ option, name, choices }) => {
    const own = text(name)?.trim();
    return own ? [[option, choices ? own : number(name, own)]] : [];
  });
  const job: Job = Object.fromEntries(given);
  parseOptions(job);
  return job;
}

/** Returns the defaults of the numbers that a solver reads, by the names of their fields. */
export function defaultsOf(solver: SolverName): Readonly<Record<string, number | undefined>> {
  const own: Readonly<Record<string, number>> = { ...SOLVERS[solver].defaults, l2: L2 };
  const read = FORM_FIELDS.filter(({ option }) => solversThatRead(option).includes(solver));
  return Object.fromEntries(
    read.flatMap(({ option, name }) => {
      const value = own[option] ?? OPTION_TABLE[option].default;
      return typeof value === "number" ? [[name, value]] : [];
    }),
  );
}

export function limitOf(job: Job): Limit {
  const { solver, maxIterations, epochs } = parseOptions(job);
  return isSecondOrder(solver) ? { unit: "iteration", most: maxIterations } : { unit: "epoch", most: epochs };
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isNaN(value)) return value;
  throw new OptionError(`${name} is ${JSON.stringify(text)}, and must be a number.`);
}
