/** Checks the options of a training together, and fills in their defaults. */
import type { Label } from "../data/labels.js";
import { OptionError } from "../core/errors.js";
import { checkOptions, isMap } from "../core/checks.js";
import { show } from "../core/show.js";
import type { Schedule } from "../solvers/minibatch/schedule.js";
import { SOLVERS, isSecondOrder, solversThatRead } from "../solvers/solver-table.js";
import {
  type DefaultedRow,
  OPTION_TABLE,
  type OptionName,
  type OptionRow,
  type OptionTable,
  type TrainOptions,
  type ValueOf,
} from "./option-table.js";

/** Options whose default depends on others, or that stay undefined where they are not given. */
type WithoutDefault =
  | "batchSize"
  | { [name in OptionName]: OptionTable<Label>[name] extends DefaultedRow ? never : name }[OptionName];

/**
 * The options with their defaults filled in, and the learning rate as a schedule. Without a batch size, as
 * for gd, lbfgs and newton, a step takes all rows.
 */
export type Settings<L extends Label = Label> = Required<
  Omit<GivenOptions<L>, WithoutDefault | "learningRate">
> &
  Pick<GivenOptions<L>, WithoutDefault> & { readonly schedule: Schedule };

/** The options that a caller gives a value. */
type GivenOptions<L extends Label> = {
  readonly [name in OptionName]?: ValueOf<OptionTable<L>[name]>;
};

/** Defaults suit labels of every type. */
type Defaults = {
  readonly [name in Exclude<OptionName, WithoutDefault> | "batchSize"]: OptionTable<never>[name]["default"];
};

/** The default of every option that has one. */
const DEFAULTS = Object.fromEntries(
  Object.entries<OptionRow>(OPTION_TABLE).flatMap(([name, row]) =>
    "default" in row ? [[name, row.default]] : [],
  ),
) as Defaults;

/**
 * Checks the options and fills in the defaults. Throws an OptionError that names the option, its value and
 * what it may be.
 */
export function parseOptions<L extends Label>(passed: TrainOptions<L>): Settings<L> {
  checkOptions(passed);
  const options = given(passed);
  const entries = Object.entries(options);
  for (const [name, value] of entries) {
    if (!isOption(name)) {
      throw new OptionError(`${name} is no option. The options are ${Object.keys(OPTION_TABLE).join(", ")}.`);
    }
    OPTION_TABLE[name].check(name, value);
  }
  const { solver = DEFAULTS.solver, engine = DEFAULTS.engine } = options;
  for (const [name, value] of entries) {
    const engines = isOption(name) ? OPTION_TABLE[name].engines : undefined;
    if (engine !== "auto" && engines && !engines.includes(engine)) {
      throw new OptionError(
        `${name} is ${show(value)}, but engine is "${engine}": ${name} is for ${engines.join(", ")}.`,
      );
    }
    const solvers = solversThatRead(name);
    if (!solvers.includes(solver)) {
      throw new OptionError(
        `${name} is ${show(value)}, but solver is "${solver}"${options.solver ? "" : ", the default"}: ` +
          `${name} is for ${solvers.join(", ")}.`,
      );
    }
  }
  if (options.device !== undefined && options.adapter !== undefined) {
    throw new OptionError(
      `adapter is ${show(options.adapter)} and device is given: a device is on its own adapter, so give one of them.`,
    );
  }
  if (options.nesterov && !options.momentum) {
    throw new OptionError(
      `nesterov is true, but momentum is ${options.momentum ?? 0}: give a momentum, such as 0.9.`,
    );
  }
  if (options.sampling === "importance" && options.shuffle === false) {
    throw new OptionError(
      'sampling is "importance", but shuffle is false: examples are drawn in random order, so leave shuffle out.',
    );
  }
  if (options.C !== undefined && options.l2 !== undefined) {
    throw new OptionError(
      `C is ${options.C} and l2 is ${options.l2}: they are two ways to say one thing, so give one.`,
    );
  }
  if (options.patience !== undefined && options.validation === undefined) {
    throw new OptionError(
      `patience is ${options.patience}, but there is no validation to watch: give validation, such as 0.1.`,
    );
  }
  const defaults = { ...DEFAULTS, ...SOLVERS[solver].defaults };
  const { epochs = defaults.epochs, learningRate: rate = defaults.learningRate } = options;
  const schedule: Schedule = typeof rate === "number" ? { kind: "constant", rate } : rate;
  if ((schedule.warmup ?? 0) >= epochs) {
    throw new OptionError(
      `learningRate warms up for ${schedule.warmup} epochs, but there are ${epochs}: make it shorter.`,
    );
  }
  const penalised = options.C !== undefined || options.l2 !== undefined || options.l1 !== undefined;
  if (options.penaltyFactors && !penalised && !isSecondOrder(solver)) {
    throw new OptionError(
      `penaltyFactors are given, but there is no penalty for them, as l2 is ${DEFAULTS.l2} for "${solver}": give l2 or C.`,
    );
  }
  const reads = (option: string) => solversThatRead(option).includes(solver);
  const { learningRate: _, batchSize: __, ...others } = defaults;
  const { learningRate: ___, classWeight, penaltyFactors, ...rest } = options;
  return {
    ...others,
    shuffle: reads("shuffle") && others.shuffle,
    ...(reads("batchSize") && { batchSize: defaults.batchSize }),
    ...(isSecondOrder(solver) && !penalised && { C: 1 }),
    ...rest,
    ...(classWeight !== undefined && {
      classWeight: isMap(classWeight) ? new Map(classWeight) : classWeight,
    }),
    ...(penaltyFactors && { penaltyFactors: Float64Array.from(penaltyFactors) }),
    schedule,
  };
}

/** Returns the options without those that are undefined. */
function given<L extends Label>(options: TrainOptions<L>): GivenOptions<L> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as GivenOptions<L>;
}

function isOption(name: string): name is keyof TrainOptions {
  return Object.hasOwn(OPTION_TABLE, name);
}
