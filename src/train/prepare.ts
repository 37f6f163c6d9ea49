/** Reads what a training must know of X before an engine is opened: its units, and the initial weights. */
import { throwIfAborted } from "../core/abort.js";
import type { FloatArray } from "../core/rows.js";
import type { Label } from "../data/labels.js";
import {
  type FeatureUnits,
  farthestFromZero,
  inUnits,
  penaltiesIn,
  standardUnits,
  workingUnits,
} from "../data/units.js";
import { isSecondOrder } from "../solvers/solver-table.js";
import { startingWeights } from "./init.js";
import type { Task } from "./problem.js";

/** Bytes and halves are centred too where a mean is more than this many deviations from 0. */
const FAR = 16;

/** A task whose rows are in the units that it is trained in. */
export interface PreparedTask<L extends Label> extends Task<L> {
  /** Units of the rows. Absent when they are those of the data. */
  readonly units?: FeatureUnits;
  /** (features + 1, classes) Initial weights, in the units of the rows. */
  readonly start: FloatArray;
}

/** Chooses units and computes the initial weights. Throws a DataError for features that do not fit f32. */
export async function prepareTask<L extends Label>(task: Task<L>): Promise<PreparedTask<L>> {
  throwIfAborted(task.settings.signal);
  const units = await unitsOf(task);
  const rows = units ? inUnits(task.rows, units) : task.rows;
  const { init, examples, problem } = task;
  const { classes, intercept } = problem;
  const start = await startingWeights({ init, rows, train: examples.train, classes, intercept, units });
  return { ...task, rows, ...(units && { units }), start };
}

/**
 * Returns the units to train in, or undefined to keep those of the data. With `standardize` they are means
 * and deviations. First-order solvers otherwise keep the features as they are. So do lbfgs and newton for
 * bytes and halves, unless these are so far from 0 that f32 would lose the digits in which rows differ, which
 * raises a warning.
 */
async function unitsOf({
  rows,
  examples: { train },
  settings: { standardize, intercept, solver, l2 },
  problem: { penaltyFactors },
  warnings,
}: Task<Label>): Promise<FeatureUnits | undefined> {
  if (standardize) return standardUnits(rows, train, intercept);
  if (!isSecondOrder(solver)) return undefined;
  const small = rows.x.BYTES_PER_ELEMENT < 4;
  if (small && !intercept) return undefined;
  if (small) {
    const { column, deviations } = await farthestFromZero(rows, train);
    if (deviations <= FAR) return undefined;
    warnings.raise(
      "placed-as-floats",
      `x has a mean of ${deviations.toPrecision(2)} deviations in column ${column}: it is placed as floats less their mean, ` +
        `which takes ${4 / rows.x.BYTES_PER_ELEMENT} times the memory.`,
    );
  }
  const penalties = penaltiesIn(undefined, rows.features, l2, 2, penaltyFactors);
  return workingUnits(rows, train, intercept, penalties);
}
