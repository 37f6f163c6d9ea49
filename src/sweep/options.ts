/** The options of a sweep, with their defaults and checks. */
import type { Label } from "../data/labels.js";
import { OptionError } from "../core/errors.js";
import {
  checkC,
  checkOptions,
  fail,
  isList,
  notNegative,
  oneOf,
  wholeNumber,
  within,
} from "../core/checks.js";
import { FUNCTION, type OptionRow, type OptionTable, type ValueOf, option } from "../train/option-table.js";
import { type Settings, parseOptions } from "../train/options.js";
import { show } from "../core/show.js";
import { type TriedPenalty, type GivenPenalties, triedPenalties } from "./penalties.js";
import { type Scoring, checkScoring } from "./score-table.js";
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
  /**
   * For lbfgs with C: shares of l1 in the penalty to try with every C, as scikit-learn's l1_ratios: the
   * penalty is l1Ratio·Σ|w| + (1 − l1Ratio)/2·‖W‖², divided by C and the total weight. From 0 to 1, all
   * different. Default [0].
   */
  l1Ratio: option<ArrayLike<number>>({ check: checkValues(within(0, 1)) }),
  /**
   * For lbfgs: penalties l1·Σ|w| to try on the mean objective, instead of C, with every l2. Numbers ≥ 0, all
   * different. Default [0].
   */
  l1: option<ArrayLike<number>>({ check: checkValues(notNegative) }),
  /** Penalties to try on the mean objective, instead of C. Numbers ≥ 0, all different. Default [0]. */
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
   * The score to choose by, a mean over the folds, of those that `model.evaluate` returns: "accuracy"
   * (default, as in scikit-learn's LogisticRegressionCV), "loss", "topK" (of 5), "brier",
   * "calibrationError", "f1" (the mean over the classes), "auc" (the macro one) or "aucWeighted"; or a
   * function of them all, of which higher is better. All but the first two take another pass over the rows
   * for each fit, and areas one more.
   */
  scoring: option<Scoring>({ check: checkScoring, default: "accuracy" }),
  /**
   * The penalty that the final model is fitted with: the "best" (default), or the largest within
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
 * Options of `sweep`: its own, and those of `train` that apply to every fit. C, l1 or l2 is required. An
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
  /** Settings of the final fit, without a penalty. Fits on folds share them but for `onFolds`. */
  readonly training: Settings<L>;
  /** Settings of the fits on folds. */
  readonly onFolds: { readonly tolerance: number; readonly maxIterations: number };
  /** The penalties to try, in the order of the table. */
  readonly tried: readonly TriedPenalty[];
  readonly folds: number | ArrayLike<number>;
  readonly groups?: ArrayLike<Label>;
  readonly scoring: Scoring;
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
    l1Ratio,
    l1,
    l2,
    folds = SWEEP_TABLE.folds.default,
    scoring = SWEEP_TABLE.scoring.default,
    choose = SWEEP_TABLE.choose.default,
    groups,
    onProgress,
    solver = SWEEP_TABLE.solver.default,
    ...shared
  } = options;
  if (groups && typeof folds !== "number") {
    throw new OptionError("groups is given, and folds names the fold of each row: give one of them.");
  }
  const penalties = { C, l1Ratio, l1, l2 };
  checkPenalties(penalties, solver);
  const { C: _, ...training } = parseOptions<L>({ ...shared, solver });
  return {
    training,
    onFolds: {
      tolerance: options.tolerance ?? SWEEP_TABLE.tolerance.default,
      maxIterations: options.maxIterations ?? SWEEP_TABLE.maxIterations.default,
    },
    tried: triedPenalties(penalties),
    folds,
    ...(groups && { groups }),
    scoring,
    choose,
    onProgress,
  };
}

/** Throws an OptionError where nothing is to be tried, or two options contradict each other. */
function checkPenalties({ C, l1Ratio, l1, l2 }: GivenPenalties, solver: string): void {
  if (!C && !l1 && !l2) {
    throw new OptionError("There is nothing to sweep: give C, or l1, or l2, with the values to try.");
  }
  if (C && l2) {
    throw new OptionError(
      `C has ${C.length} values and l2 has ${l2.length}: they are two ways to say one thing, so give one.`,
    );
  }
  if (C && l1) {
    throw new OptionError(
      `C has ${C.length} values and l1 has ${l1.length}: give l1Ratio with C, or l2 with l1.`,
    );
  }
  if (l1Ratio && !C) {
    throw new OptionError(`l1Ratio has ${l1Ratio.length} values, but there is no C to share: give C.`);
  }
  for (const [name, values] of Object.entries({ l1Ratio, l1 })) {
    const one = Array.from(values ?? []).find((value) => value > 0);
    if (one === undefined || solver === "lbfgs") continue;
    throw new OptionError(`${name} has ${one}, but solver is "${solver}": penalties l1 are for lbfgs.`);
  }
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
