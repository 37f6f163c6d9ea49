/** The options of a sweep, with their defaults and checks. */
import type { Label } from "../data/labels.js";
import { OptionError } from "../core/errors.js";
import { checkC, checkOptions, fail, isList, notNegative, oneOf, wholeNumber } from "../core/checks.js";
import { FUNCTION, type OptionRow, type OptionTable, type ValueOf, option } from "../train/option-table.js";
import { type Settings, parseOptions } from "../train/options.js";
import { show } from "../core/show.js";
import type { SweepEntry } from "./table.js";

/** Options of `train` that a sweep passes on to every fit. */
export const SHARED_OPTIONS = [
  "engine",
  "kernels",
  "device",
  "runtime",
  "memory",
  "intercept",
  "standardize",
  "labelSmoothing",
  "classWeight",
  "penaltyFactors",
  "onWarning",
  "signal",
] as const;

/** Rows of the options that are a sweep's own, or differ from those of `train`. */
const createTable = () => ({
  /**
   * Penalties to try, as scikit-learn defines them: l2 = 1 / (C · total weight of the rows of the fit). Above
   * 0, all different; Infinity is no penalty.
   */
  C: option<ArrayLike<number>>({ check: checkValues(checkC) }),
  /** Penalties to try on the mean objective, instead of C. Numbers ≥ 0, all different. */
  l2: option<ArrayLike<number>>({ check: checkValues(notNegative) }),
  /**
   * Number of stratified folds, at least 2, or the fold of each row, numbered from 0. Default 5. Stratified
   * folds are those of scikit-learn's StratifiedKFold without shuffling: the rows of a class go to the folds
   * in the order of the data. A fold that lacks a class is scored by the rows that it has.
   */
  folds: option<number | ArrayLike<number>>({ check: checkFolds, default: 5 }),
  /**
   * (rows) The group of each row, by labels of any kind, such as patients or speakers: the rows of a group
   * are held out together, in as many folds as `folds` says, of about equal size. Default: every row by
   * itself.
   */
  groups: option<ArrayLike<Label>>({ check: checkGroups }),
  /**
   * The score to choose by, a mean over the folds: "accuracy" (default, as in scikit-learn's
   * LogisticRegressionCV) or "loss".
   */
  scoring: option<"accuracy" | "loss">({ check: oneOf("accuracy", "loss"), default: "accuracy" }),
  /**
   * The value that the final model is fitted with: the "best" (default), or the largest penalty within
   * "oneStandardError" of it.
   */
  choose: option<"best" | "oneStandardError">({
    check: oneOf("best", "oneStandardError"),
    default: "best",
  }),
  /** "lbfgs" (default) or "newton": the fits are compared at their optima. */
  solver: option<"lbfgs" | "newton">({ check: oneOf("lbfgs", "newton"), default: "lbfgs" }),
  /**
   * The tolerance of `train`. Default 1e-3 for the fits on folds, whose scores differ by far more, and 1e-5
   * for the final model.
   */
  tolerance: option<number>({ check: notNegative, default: 1e-3 }),
  /**
   * The largest number of iterations of a fit. Default 50 for the fits on folds, half of what
   * LogisticRegressionCV allows, and 1000 for the final model.
   */
  maxIterations: option<number>({ check: wholeNumber(1), default: 50 }),
  /**
   * Called during the sweep, at most every 50 ms per fit, and at the beginning and end of each. Where it
   * throws or rejects, the sweep stops and rejects with the same error.
   */
  onProgress: option<(progress: SweepProgress) => void>({ check: FUNCTION }),
});

/** All options of a sweep but those that it passes on. */
export const SWEEP_TABLE = /* @__PURE__ */ createTable(); // pure, so that bundles without sweep leave it out

type Table<L extends Label> = Pick<OptionTable<L>, (typeof SHARED_OPTIONS)[number]> & typeof SWEEP_TABLE;

/**
 * Options of `sweep`: its own, and those of `train` that apply to every fit. Either C or l2 is required. An
 * option that is unknown or out of range is an OptionError that names it. Features are standardised over all
 * rows, so that they are placed once.
 */
export type SweepOptions<L extends Label = Label> = {
  readonly [name in keyof Table<L>]?: ValueOf<Table<L>[name]> | undefined;
};

/** How far a sweep is. */
export interface SweepProgress {
  /** Entries of the values that all folds have finished, largest penalty first. */
  readonly table: readonly SweepEntry[];
  /** Number of fits that have ended. */
  readonly fits: number;
  /** Number of fits in all: one for each value and fold, and one on all rows. */
  readonly of: number;
  /** Seconds since the fits began. */
  readonly elapsed: number;
  /** From 0 to 1. */
  readonly fraction: number;
}

/** The options of a sweep with their defaults filled in. */
export interface SweepSettings<L extends Label> {
  /** Settings of the final fit. Fits on folds share them but for `onFolds`; each fit has its own l2. */
  readonly training: Settings<L>;
  /** Settings of the fits on folds. */
  readonly onFolds: { readonly tolerance: number; readonly maxIterations: number };
  /** Which penalty `values` are. */
  readonly name: "C" | "l2";
  readonly values: readonly number[];
  readonly folds: number | ArrayLike<number>;
  readonly groups?: ArrayLike<Label>;
  readonly scoring: "accuracy" | "loss";
  readonly choose: "best" | "oneStandardError";
  readonly onProgress: SweepOptions<L>["onProgress"];
}

/**
 * Checks the options and fills in the defaults. Throws an OptionError that names the option, its value and
 * what it may be.
 */
export function sweepSettings<L extends Label>(passed: SweepOptions<L> = {}): SweepSettings<L> {
  checkOptions(passed);
  const options = { ...passed };
  const rows: Readonly<Record<string, OptionRow>> = SWEEP_TABLE;
  const names = [...Object.keys(rows), ...SHARED_OPTIONS];
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!names.includes(name)) {
      throw new OptionError(`${name} is no option of a sweep. The options are ${names.join(", ")}.`);
    }
    if (Object.hasOwn(rows, name)) rows[name].check(name, value);
  }
  const {
    C,
    l2,
    folds = SWEEP_TABLE.folds.default,
    scoring = SWEEP_TABLE.scoring.default,
    choose = SWEEP_TABLE.choose.default,
    groups,
    onProgress,
    solver = SWEEP_TABLE.solver.default,
    ...shared
  } = options;
  if (C && l2) {
    throw new OptionError(
      `C has ${C.length} values and l2 has ${l2.length}: they are two ways to say one thing, so give one.`,
    );
  }
  if (groups && typeof folds !== "number") {
    throw new OptionError("groups is given, and folds names the fold of each row: give one of them.");
  }
  const values = C ?? l2;
  if (!values) throw new OptionError("There is nothing to sweep: give C, or l2, with the values to try.");
  return {
    training: parseOptions<L>({ ...shared, solver }),
    onFolds: {
      tolerance: options.tolerance ?? SWEEP_TABLE.tolerance.default,
      maxIterations: options.maxIterations ?? SWEEP_TABLE.maxIterations.default,
    },
    name: C ? "C" : "l2",
    values: Array.from(values),
    folds,
    ...(groups && { groups }),
    scoring,
    choose,
    onProgress,
  };
}

function checkValues(check: (name: string, value: unknown) => void) {
  return (name: string, given: unknown) => {
    if (!isList(given)) return fail(name, given, "a list of numbers");
    if (given.length === 0) throw new OptionError(`${name} is empty: give at least one value to try.`);
    for (let n = 0; n < given.length; n++) check(`${name}[${n}]`, given[n]);
    const values = Array.from(given);
    values.forEach((value, n) => {
      const first = values.indexOf(value);
      if (first === n) return;
      throw new OptionError(`${name}[${first}] and ${name}[${n}] are both ${show(value)}: leave one out.`);
    });
  };
}

function checkGroups(name: string, value: unknown): void {
  if (!isList(value)) fail(name, value, "a list with the group of each row");
}

function checkFolds(name: string, value: unknown): void {
  if (typeof value !== "number" && isList(value)) return;
  if (!(typeof value === "number" && Number.isSafeInteger(value) && value >= 2)) {
    fail(name, value, "a whole number ≥ 2, or the number of each row's fold");
  }
}
