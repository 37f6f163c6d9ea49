/** What a training works on: everything that is known, and checked, before an engine is opened. */
import { type Dataset, type TrainingData, concatenate, dataset } from "../data/dataset.js";
import type { Features } from "../data/features.js";
import type { Label } from "../data/labels.js";
import { type Random, randomIntegers, range, shuffle } from "../core/random.js";
import { selectFrom, selectRows, type FloatArray, type Rows } from "../core/rows.js";
import { oneHot } from "../data/targets.js";
import { type FeatureUnits, farthestFromZero, inUnits, standardUnits, workingUnits } from "../data/units.js";
import type { DescentProblem } from "../engine/descent.js";
import { DataError, OptionError } from "../core/errors.js";
import { type Settings, isSecondOrder } from "./options.js";
import { updateRule } from "../solvers/minibatch/descend.js";
import type { Examples } from "../solvers/solver.js";
import { startingWeights } from "./init.js";
import type { Warnings } from "../core/warnings.js";

/** Deviations from 0 beyond which the mean is taken off bytes and halves too. */
const FAR = 16;

export interface Task<L extends Label> {
  readonly settings: Settings<L>;
  /** All rows to place, to train on and to watch, in units of the task: copies, none of weight 0, of a mean weight of 1. */
  readonly rows: Rows;
  /** Where rows of weight 0 were left out, the numbers of the others among those given. */
  readonly kept?: Uint32Array;
  /** What a byte of the data means, if they are bytes. The rows may be floats by now, if the rows to watch are. */
  readonly scale?: number;
  readonly classes: readonly L[];
  readonly examples: Examples;
  /** (classes) what the weights of the rows to train on were multiplied by, if by anything. */
  readonly classFactors?: Float64Array;
  readonly problem: DescentProblem;
  /** (rows, classes) soft targets, if there are any, of lbfgs and newton. Those of other solvers are placed with the rows. */
  readonly targets?: FloatArray;
  /** The units of the features, where they are not those of the data. */
  readonly units?: FeatureUnits;
  /** (features + 1, classes) */
  readonly start: FloatArray;
  readonly random: Random;
  /** Raised until now; more may be. */
  readonly warnings: Warnings;
}

/** Throws a DataError or an OptionError. Nothing of `data` is read once it has returned. */
export function taskOf<L extends Label>(
  data: TrainingData<L>,
  chosen: Settings<L>,
  warnings: Warnings,
): Task<L> {
  const given = dataset(data);
  const { classes } = given;
  const random = randomIntegers(chosen.seed);
  const counted = withoutWeightless(given);
  const { rows: all, targets, train: aside, validation } = split(counted, chosen.validation, random);
  if (targets) checkSoft(chosen);
  const factors = classFactors(all, aside, classes, chosen.classWeight);
  const weighted = factors ? classWeighted(all, aside, factors) : all;
  const { weights } = weighted;
  weightOf(weighted, aside, "to train on");
  const train = weights ? aside.filter((row) => weights[row] > 0) : aside;
  const weight = weightOf(weighted, train, "to train on");
  if (validation) weightOf(weighted, validation, "of the validation");
  const l2 = chosen.C === undefined ? chosen.l2 : 1 / (chosen.C * weight);

  const weightScale = weights ? train.length / weight : 1;
  const scaled = weights
    ? { ...weighted, weights: Float64Array.from(weights, (one) => weightScale * one) }
    : weighted;
  const secondOrder = isSecondOrder(chosen.solver);
  const units = unitsOf(scaled, train, { ...chosen, l2 }, warnings);
  const labelled = units ? inUnits(scaled, units) : owned(scaled, data.x);
  const rows = targets && !secondOrder ? { ...labelled, targets } : labelled;
  return {
    settings: { ...chosen, l2 },
    rows,
    ...(counted.kept && { kept: counted.kept }),
    ...(given.rows.x instanceof Uint8Array && { scale: given.rows.scale }),
    classes,
    examples: {
      train,
      ...(validation && { validation }),
      soft: targets !== undefined,
      weightScale,
      meanWeight: weightOf(rows, train, "to train on") / train.length,
    },
    ...(factors && { classFactors: factors }),
    problem: {
      classes: classes.length,
      intercept: chosen.intercept,
      kernels: chosen.kernels,
      rule: updateRule(chosen),
      batchSize: Math.min(chosen.batchSize ?? train.length, train.length),
      smoothing: chosen.labelSmoothing,
    },
    ...(targets && secondOrder && { targets }),
    ...(units && { units }),
    start: startingWeights({
      init: chosen.init,
      rows,
      train,
      classes,
      intercept: chosen.intercept,
      ...(units && { units }),
    }),
    random,
    warnings,
  };
}

/** The rows, with features that are not the caller's to change. */
function owned(rows: Rows, given: Features): Rows {
  const shared = ArrayBuffer.isView(given) && given.buffer === rows.x.buffer;
  return shared ? { ...rows, x: rows.x.slice() } : rows;
}

/**
 * Features of first-order solvers stay what they are, unless they are to be standardised. So do bytes and halves, unless they
 * are so far from 0 that f32 would lose the digits in which rows differ.
 */
function unitsOf<L extends Label>(
  rows: Rows,
  train: Uint32Array,
  { standardize, intercept, solver, l2 }: Settings<L>,
  warnings: Warnings,
): FeatureUnits | undefined {
  if (standardize) return standardUnits(rows, train, intercept);
  if (!isSecondOrder(solver)) return undefined;
  const small = rows.x.BYTES_PER_ELEMENT < 4;
  if (small && !intercept) return undefined;
  if (small) {
    const { column, deviations } = farthestFromZero(rows, train);
    if (deviations <= FAR) return undefined;
    warnings.raise(
      "placed-as-floats",
      `x has a mean of ${deviations.toPrecision(2)} deviations in column ${column}: it is placed as floats less their mean, ` +
        `which takes ${4 / rows.x.BYTES_PER_ELEMENT} times the memory.`,
    );
  }
  return workingUnits(rows, train, intercept, l2);
}

/** A row of weight 0 is no row: it is neither placed nor in a batch or a fraction, and may hold anything finite. */
function withoutWeightless<L extends Label>(given: Dataset<L>): Dataset<L> & { readonly kept?: Uint32Array } {
  const { rows, targets, classes } = given;
  const { weights } = rows;
  if (!weights?.includes(0)) return given;
  const kept = range(rows.count).filter((row) => weights[row] > 0);
  return {
    rows: { ...selectRows(rows, kept), numbers: kept },
    classes,
    kept,
    ...(targets && { targets: selectFrom(targets, classes.length, kept) }),
  };
}

/** What soft targets cannot be trained with. */
function checkSoft({ classWeight }: Pick<Settings, "classWeight">): void {
  if (classWeight !== undefined) {
    throw new OptionError(
      "y is soft targets, and classWeight is given, but no row is of one class: weigh the rows instead, by weights.",
    );
  }
}

/** Throws a DataError when they weigh nothing: there would be no mean loss. */
export function weightOf({ weights }: Rows, chosen: Uint32Array, what: string): number {
  if (!weights) return chosen.length;
  const total = chosen.reduce((sum, row) => sum + weights[row], 0);
  if (!(total > 0)) {
    throw new DataError(`The weights of all ${chosen.length} rows ${what} are 0: no row counts.`);
  }
  if (total === Infinity) {
    throw new DataError(
      `The weights of the ${chosen.length} rows ${what} add up to more than 1.8e308: divide all of them by a number.`,
    );
  }
  return total;
}

interface Split {
  readonly rows: Rows;
  /** (rows, classes) */
  readonly targets?: FloatArray;
  readonly train: Uint32Array;
  readonly validation?: Uint32Array;
}

/** Sets a random fraction of the rows aside, or adds the validation rows after the others. */
function split<L extends Label>(
  given: Dataset<L>,
  validation: Settings<L>["validation"],
  random: Random,
): Split {
  const { rows, classes, targets } = given;
  if (validation === undefined) return { ...given, train: range(rows.count) };
  if (typeof validation === "number") {
    const order = range(rows.count);
    shuffle(order, random);
    const aside = Math.max(1, Math.round(validation * rows.count));
    if (aside >= rows.count) {
      throw new DataError(
        `validation is ${validation}, which leaves ${rows.count - aside} of ${rows.count} rows to train on.`,
      );
    }
    return { ...given, train: order.slice(aside).sort(), validation: order.slice(0, aside).sort() };
  }
  const scale = rows.x instanceof Uint8Array && { scale: rows.scale };
  const expected = { features: rows.features, ...scale, classes };
  const other = withoutWeightless(dataset(validation, "validation.", expected));
  const together = concatenate(rows, other.rows);
  return {
    rows: together,
    ...((targets || other.targets) && { targets: joinTargets(given, other) }),
    train: range(rows.count),
    validation: range(together.count).slice(rows.count),
  };
}

/** Labels count as targets beside soft ones. */
function joinTargets<L extends Label>(a: Dataset<L>, b: Dataset<L>): Float64Array {
  const [first, second] = [a, b].map(({ rows, classes, targets }) => targets ?? oneHot(rows, classes.length));
  const together = new Float64Array(first.length + second.length);
  together.set(first);
  together.set(second, first.length);
  return together;
}

/** The rows to train on, their weights times their class's. */
function classWeighted(rows: Rows, train: Uint32Array, factors: Float64Array): Rows {
  const weights = rows.weights ? Float64Array.from(rows.weights) : new Float64Array(rows.count).fill(1);
  for (const row of train) weights[row] *= factors[rows.labels[row]];
  return { ...rows, weights };
}

function classFactors<L extends Label>(
  rows: Rows,
  train: Uint32Array,
  classes: readonly L[],
  classWeight: Settings<L>["classWeight"],
): Float64Array | undefined {
  if (classWeight === undefined) return undefined;
  return classWeight === "balanced" ? balanced(rows, train, classes.length) : factorsOf(classWeight, classes);
}

/** Σw ÷ (K·Σw of the class), as scikit-learn's since 1.7: weights count as so many rows. 0 for a class without rows. */
function balanced(rows: Rows, train: Uint32Array, classes: number): Float64Array {
  const ofClass = new Float64Array(classes);
  for (const row of train) ofClass[rows.labels[row]] += rows.weights ? rows.weights[row] : 1;
  const total = ofClass.reduce((a, b) => a + b, 0);
  return ofClass.map((weight) => (weight > 0 ? total / (classes * weight) : 0));
}

function factorsOf<L extends Label>(
  classWeight: ReadonlyMap<L, number> | Readonly<Record<string, number>>,
  classes: readonly L[],
): Float64Array {
  const byName = new Map<string, number>();
  const entries: Iterable<readonly [L | string, number]> =
    classWeight instanceof Map ? classWeight : Object.entries(classWeight);
  for (const [label, weight] of entries) {
    byName.set(String(label), weight);
  }
  const names = new Set(classes.map(String));
  for (const name of byName.keys()) {
    if (!names.has(name)) {
      throw new OptionError(
        `classWeight names class ${name}, which is not among the ${classes.length} classes (${[...names].slice(0, 8).join(", ")}).`,
      );
    }
  }
  return Float64Array.from(classes, (label) => byName.get(String(label)) ?? 1);
}
