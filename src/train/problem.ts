/** Turns data and options into a training task: everything that is checked and known before X is read. */
import { type Dataset, type TrainingData, concatenate, createDataset } from "../data/dataset.js";
import type { Columns } from "../data/feature-names.js";
import type { Features } from "../data/features.js";
import type { Label } from "../data/labels.js";
import { type Random, type SeededRandom, randomIntegers, range, shuffle } from "../core/random.js";
import type { RowSource } from "../core/row-source.js";
import { type RowHead, type Rows, weighedRows } from "../core/rows.js";
import type { DescentProblem } from "../engine/descent.js";
import { DataError, OptionError } from "../core/errors.js";
import type { TrainedOn } from "../model/parts.js";
import type { Settings } from "./options.js";
import { hashRows } from "../data/hash-rows.js";
import { updateRule } from "../solvers/solver-table.js";
import type { Examples } from "../solvers/solver.js";
import { type Beginning, weightsOf } from "./init.js";
import type { Warnings } from "../core/warnings.js";

/** A training as data and options describe it, before X is read. */
export interface Task<L extends Label> {
  /** The options, with C converted to l2. */
  readonly settings: Settings<L>;
  /**
   * All rows to place, for training and validation, without the rows of weight 0. Those in memory are copies.
   * The weights of the training rows have a mean of 1.
   */
  readonly rows: RowSource;
  /** Numbers of the given rows that were kept. Absent when none has weight 0. */
  readonly kept?: Uint32Array;
  /**
   * Value of a unit of a byte, if the data are bytes. The rows may still be floats, as where the validation
   * rows are.
   */
  readonly scale?: number;
  readonly classes: readonly L[];
  /** Which rows are for training and which for validation. */
  readonly examples: Examples;
  /**
   * (classes) Factors that classWeight put on the weights of the training rows. Absent without classWeight.
   */
  readonly classFactors?: Float64Array;
  /** The problem as first-order solvers see it. */
  readonly problem: DescentProblem;
  /** The given rows without those of weight 0, as the model records them. */
  readonly data: TrainedOn;
  /** Names of the features, and the schema that they come from. */
  readonly columns: Columns;
  /** The source of the initial weights. */
  readonly init: Beginning["init"];
  /** Random numbers, seeded by `seed`, for shuffling and sampling. */
  readonly random: SeededRandom;
  /** Warnings so far. Engines and solvers add more. */
  readonly warnings: Warnings;
}

/**
 * Makes the task of a training. Throws a DataError or an OptionError. `data` is not read after it has
 * returned.
 */
export function createTask<L extends Label>(
  data: TrainingData<L>,
  chosen: Settings<L>,
  warnings: Warnings,
): Task<L> {
  const given = createDataset(data);
  const { classes } = given;
  const random = randomIntegers(chosen.seed);
  const counted = withoutWeightless(given);
  const { rows: all, train: aside, validation } = split(counted, chosen.validation, random);
  if (all.targets) checkSoft(chosen);
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
  const rows = owned(scaled, data.x);
  const penaltyFactors = penaltyFactorsOf(chosen, rows.features);
  return {
    settings: { ...chosen, l2 },
    rows,
    ...(counted.rows.numbers && { kept: counted.rows.numbers }),
    ...(given.rows.x instanceof Uint8Array && { scale: given.rows.scale }),
    classes,
    examples: {
      train,
      ...(validation && { validation }),
      soft: rows.targets !== undefined,
      offsets: rows.offsets !== undefined,
      weightScale,
      meanWeight: weightOf(rows, train, "to train on") / train.length,
    },
    ...(factors && { classFactors: factors }),
    problem: {
      classes: classes.length,
      intercept: chosen.intercept,
      kernels: chosen.kernels,
      rule: updateRule(chosen.solver, chosen),
      batchSize: Math.min(chosen.batchSize ?? train.length, train.length),
      smoothing: chosen.labelSmoothing,
      ...(penaltyFactors && { penaltyFactors }),
    },
    columns: given.columns,
    data: { rows: counted.rows.count, features: rows.features, hash: hashRows(counted.rows) },
    init: typeof chosen.init === "string" ? chosen.init : weightsOf(chosen.init, rows.features, classes),
    random,
    warnings,
  };
}

/**
 * Returns the factor on the penalty of each feature, or undefined where all are 1. Throws an OptionError
 * where there are more or fewer than features.
 */
function penaltyFactorsOf(
  { penaltyFactors }: Pick<Settings, "penaltyFactors">,
  features: number,
): Float64Array | undefined {
  if (!penaltyFactors) return undefined;
  if (penaltyFactors.length !== features) {
    throw new OptionError(
      `penaltyFactors has ${penaltyFactors.length} numbers, but x has rows of ${features} features: give one for each.`,
    );
  }
  const factors = Float64Array.from(penaltyFactors);
  return factors.every((one) => one === 1) ? undefined : factors;
}

/** Copies the features where they are the caller's own buffer. */
function owned(rows: Rows, given: Features): Rows {
  const shared = ArrayBuffer.isView(given) && given.buffer === rows.x.buffer;
  return shared ? { ...rows, x: rows.x.slice() } : rows;
}

/**
 * Drops rows of weight 0: they are not placed, are in no batch and no validation fraction, and may hold any
 * finite values.
 */
function withoutWeightless<L extends Label>(given: Dataset<L>): Dataset<L> {
  return { ...given, rows: weighedRows(given.rows) };
}

/** Throws an OptionError where soft targets are combined with classWeight. */
function checkSoft({ classWeight }: Pick<Settings, "classWeight">): void {
  if (classWeight !== undefined) {
    throw new OptionError(
      "y is soft targets, and classWeight is given, but no row is of one class: weigh the rows instead, by weights.",
    );
  }
}

/**
 * Returns the total weight of the chosen rows. Throws a DataError when it is 0, which leaves no mean loss, or
 * not finite.
 */
export function weightOf({ weights }: RowHead, chosen: Uint32Array, what: string): number {
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

/** Rows split into training and validation. */
interface Split {
  readonly rows: Rows;
  readonly train: Uint32Array;
  readonly validation?: Uint32Array;
}

/** Sets aside a random fraction of the rows, or appends the validation rows to the others. */
function split<L extends Label>(
  given: Dataset<L>,
  validation: Settings<L>["validation"],
  random: Random,
): Split {
  const { rows, classes } = given;
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
  const { featureNames } = given.columns;
  const offsets = rows.offsets !== undefined;
  const expected = { features: rows.features, ...scale, classes, offsets, featureNames };
  const other = withoutWeightless(createDataset(validation, "validation.", expected));
  const together = concatenate(rows, other.rows);
  return {
    rows: together,
    train: range(rows.count),
    validation: range(together.count).slice(rows.count),
  };
}

/** Multiplies the weight of each training row by the factor of its class. */
function classWeighted(rows: Rows, train: Uint32Array, factors: Float64Array): Rows {
  const weights = rows.weights ? Float64Array.from(rows.weights) : new Float64Array(rows.count).fill(1);
  for (const row of train) weights[row] *= factors[rows.labels[row]];
  return { ...rows, weights };
}

/** Returns the factor of each class, (classes), or undefined without classWeight. */
function classFactors<L extends Label>(
  rows: Rows,
  train: Uint32Array,
  classes: readonly L[],
  classWeight: Settings<L>["classWeight"],
): Float64Array | undefined {
  if (classWeight === undefined) return undefined;
  return classWeight === "balanced" ? balanced(rows, train, classes.length) : factorsOf(classWeight, classes);
}

/**
 * Returns Σw ÷ (K·Σw of the class) as scikit-learn does since 1.7, where weight n counts as n rows. 0 for a
 * class without rows.
 */
function balanced(rows: Rows, train: Uint32Array, classes: number): Float64Array {
  const ofClass = new Float64Array(classes);
  for (const row of train) ofClass[rows.labels[row]] += rows.weights ? rows.weights[row] : 1;
  const total = ofClass.reduce((a, b) => a + b, 0);
  return ofClass.map((weight) => (weight > 0 ? total / (classes * weight) : 0));
}

/** Looks up the factor of each class by its label as a string; 1 for classes that are not named. */
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
