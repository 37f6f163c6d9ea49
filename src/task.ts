/** What a training works on: everything that is known, and checked, before an engine is opened. */
import { type Dataset, type TrainingData, concatenate, dataset } from "./data/dataset.js";
import type { Label } from "./data/labels.js";
import { type Random, randomIntegers, range, shuffle } from "./data/random.js";
import { type Standardisation, standardisation, standardised } from "./data/standardisation.js";
import { oneHot } from "./data/targets.js";
import type { FloatArray, Problem, Rows } from "./engine/engine.js";
import { DataError, OptionError } from "./errors.js";
import { type Settings, isSecondOrder } from "./options.js";
import { updateRule } from "./solve/first-order.js";
import type { Examples } from "./solve/solver.js";
import { startingWeights } from "./starting-weights.js";

export interface Task<L extends Label> {
  readonly settings: Settings<L>;
  /** All rows to place: to train on and to watch. */
  readonly rows: Rows;
  /** What a byte of the data means, if they are bytes. The rows may be floats by now, if the rows to watch are. */
  readonly scale?: number;
  readonly classes: readonly L[];
  readonly examples: Examples;
  /** (classes) what the weights of the rows to train on were multiplied by, if by anything. */
  readonly classFactors?: Float64Array;
  readonly problem: Problem;
  /** (rows, classes) soft targets, if there are any, of lbfgs and newton. Those of other solvers are placed with the rows. */
  readonly targets?: FloatArray;
  /** What was made of the features, if anything. */
  readonly standardisation?: Standardisation;
  /** (features + 1, classes) */
  readonly start: FloatArray;
  readonly random: Random;
}

/** Throws a DataError or an OptionError. */
export function taskOf<L extends Label>(data: TrainingData<L>, chosen: Settings<L>): Task<L> {
  const given = dataset(data);
  const { classes } = given;
  const random = randomIntegers(chosen.seed);
  const { rows: all, targets, train, validation } = split(given, chosen.validation, random);
  if (targets) checkSoft(chosen);
  const standard = chosen.standardize ? standardisation(all, train, chosen.intercept) : undefined;
  const features = standard ? standardised(all, standard) : all;
  const factors = classFactors(features, train, classes, chosen.classWeight);
  const labelled = factors ? classWeighted(features, train, factors) : features;
  const tilted = isSecondOrder(chosen.solver);
  const rows = targets && !tilted ? { ...labelled, targets } : labelled;

  const weight = weightOf(rows, train, "to train on");
  if (validation) weightOf(rows, validation, "of the validation");
  return {
    settings: chosen.C === undefined ? chosen : { ...chosen, l2: 1 / (chosen.C * weight) },
    rows,
    ...(given.rows.x instanceof Uint8Array && { scale: given.rows.scale }),
    classes,
    examples: {
      train,
      ...(validation && { validation }),
      soft: targets !== undefined,
      meanWeight: weight / train.length,
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
    ...(targets && tilted && { targets }),
    ...(standard && { standardisation: standard }),
    start: startingWeights({
      init: chosen.init,
      rows,
      train,
      classes,
      intercept: chosen.intercept,
      ...(standard && { standardisation: standard }),
    }),
    random,
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
  if (total === 0)
    throw new DataError(`The weights of all ${chosen.length} rows ${what} are 0: no row counts.`);
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
  const other = dataset(validation, "validation.", { features: rows.features, ...scale, classes });
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
  const weights = rows.weights?.slice() ?? new Float64Array(rows.count).fill(1);
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

/** n ÷ (K · bincount), as scikit-learn's. */
function balanced(rows: Rows, train: Uint32Array, classes: number): Float64Array {
  const counts = new Float64Array(classes);
  for (const row of train) counts[rows.labels[row]]++;
  return counts.map((count) => (count > 0 ? train.length / (classes * count) : 0));
}

function factorsOf<L extends Label>(
  classWeight: ReadonlyMap<L, number> | Readonly<Record<string, number>>,
  classes: readonly L[],
): Float64Array {
  const byName = new Map<string, number>();
  const entries: Iterable<readonly [L | string, number]> =
    classWeight instanceof Map ? classWeight : Object.entries(classWeight);
  for (const [label, weight] of entries) {
    if (!(typeof weight === "number" && weight >= 0 && weight < Infinity)) {
      throw new OptionError(
        `classWeight of class ${String(label)} is ${weight}, and must be a finite number ≥ 0.`,
      );
    }
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
