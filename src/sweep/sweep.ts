/**
 * Cross-validation along paths of penalties: fits every penalty on every fold, and a model of all rows with
 * the one chosen.
 */
import { Callbacks } from "../train/callbacks.js";
import type { TrainingData } from "../data/dataset.js";
import type { Label } from "../data/labels.js";
import { DataError, OptionError } from "../core/errors.js";
import type { SoftmaxModel } from "../model/model.js";
import { openForTask } from "../train/open-engine.js";
import { type Fold, createFolds } from "./folds.js";
import { type SweepOptions, type SweepProgress, type SweepSettings, sweepSettings } from "./options.js";
import type { FoldPart } from "./path.js";
import { type SweepEntry, bestOf, oneStandardErrorOf } from "./table.js";
import { prepareTask } from "../train/prepare.js";
import { type Task, createTask, weightOf } from "../train/problem.js";
import { createModel, warnOf, warnOfEngine } from "../train/result.js";
import { Warnings } from "../core/warnings.js";

/** The result of `sweep`. */
export interface Sweep<L extends Label = Label> {
  /** One entry for each penalty: for every l1Ratio each C, or for every l2 each l1, in the order given. */
  readonly table: readonly SweepEntry[];
  /** The entry with the best mean score. Ties go to the earlier, as in scikit-learn. */
  readonly best: SweepEntry;
  /** The entry with the largest penalty within one standard error of the best. */
  readonly oneStandardError: SweepEntry;
  /** Model of all rows, with the penalty that `choose` selects. */
  readonly model: SoftmaxModel<L>;
}

/**
 * Cross-validates penalties: fits each on every fold, then one model on all rows with the one chosen. Rejects
 * bad data and options before it uploads anything.
 *
 * The data are copied before this returns its promise.
 *
 * @param data features `x` and labels `y`, and optionally weights, offsets and classes; soft targets are a
 * DataError
 * @param options the penalties to try, folds, scoring, and options of the fits
 * @returns the scores of every penalty, the best entry, and the model
 * @throws {DataError | OptionError | DeviceError | DivergenceError} as a rejection. An aborted sweep rejects
 * with the signal's reason. What `onProgress` or `onWarning` throws, or rejects with, the sweep rejects with
 * too.
 * @example
 * ```ts
 * const { best, table, model } = await sweep({ x, y }, { C: [0.01, 0.1, 1, 10], folds: 5 });
 * console.log(best.C, best.accuracy, best.accuracyError);
 * model.predict(newRows);
 * ```
 */
export async function sweep<L extends Label>(
  data: TrainingData<L>,
  options: SweepOptions<L>,
): Promise<Sweep<L>> {
  const chosen = sweepSettings(options);
  const { training, scoring } = chosen;
  const callbacks = new Callbacks();
  const warnings = new Warnings((warning) => callbacks.call(training.onWarning, warning));
  const given = createTask(data, training, warnings);
  if (given.rows.targets) {
    throw new DataError("y is soft targets, and a sweep scores by labels: give the label of each row.");
  }
  const caller = { count: data.y.length, ...(given.kept && { kept: given.kept }) };
  const folds = createFolds(chosen.folds, given.rows, given.classes, caller, chosen.groups).map((fold, n) =>
    partOf(fold, n, given),
  );
  const report = (progress: SweepProgress) => {
    callbacks.check();
    callbacks.call(chosen.onProgress, progress);
  };
  const task = await prepareTask(leastPenalised(given, chosen));
  const opened = await openForTask(task, async (placement) => placement);
  const { engine, why, started: placement } = opened;
  try {
    warnOfEngine(warnings, opened);
    const { Path } = await import("./path.js");
    const path = new Path(task, folds, placement, { ...chosen, onProgress: report });
    const table = await path.table();
    const best = bestOf(table, scoring);
    const oneStandardError = oneStandardErrorOf(table, scoring);
    const entry = chosen.choose === "best" ? best : oneStandardError;
    const { outcome, kernels } = await path.refit(entry);
    const made = { name: engine.name, adapter: engine.adapter, kernels, why };
    warnOf(task, outcome, engine.name);
    const { l1, l2 } = entry;
    const model = createModel({ ...task, settings: { ...task.settings, l1, l2 } }, outcome, made);
    await callbacks.settle();
    return { table, best, oneStandardError, model };
  } finally {
    opened.release();
  }
}

/** Returns the task with the smallest l2 of all: features are placed once, in units that suit it. */
function leastPenalised<L extends Label>(task: Task<L>, { tried }: SweepSettings<L>): Task<L> {
  const { train, meanWeight, weightScale } = task.examples;
  const weight = (train.length * meanWeight) / weightScale;
  const l2 = tried.map((one) => one.of(weight).l2).reduce((a, b) => Math.min(a, b));
  return { ...task, settings: { ...task.settings, l2 } };
}

/**
 * Prepares the fits of a fold. Throws a DataError or an OptionError where they could not be trained or
 * scored.
 */
function partOf<L extends Label>({ train, heldOut }: Fold, number: number, task: Task<L>): FoldPart {
  const { rows, classes, classFactors } = task;
  const zero = classFactors?.findIndex((factor, k) => factor === 0 && heldOut.some((row) => rows.labels[row] === k)); // prettier-ignore
  if (zero !== undefined && zero >= 0) {
    throw new OptionError(
      `classWeight of class ${String(classes[zero])} is 0: no fit would know it, and its rows would be scored. Drop them.`,
    );
  }
  weightOf(rows, heldOut, `of fold ${number}`);
  return {
    train,
    weight: weightOf(rows, train, `outside fold ${number}`),
    heldOut: {
      fold: number,
      rows: heldOut,
      groups: classFactors
        ? Array.from(classFactors, (factor, k) => ({
            rows: heldOut.filter((row) => rows.labels[row] === k),
            factor: Math.fround(factor), // as it is in the weights: hits stay whole numbers
          })).filter((group) => group.rows.length > 0)
        : [{ rows: heldOut, factor: 1 }],
    },
  };
}
