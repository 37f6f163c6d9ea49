/** The scores of a sweep, and the choice of a value by them. */
import type { Score } from "../core/progress.js";
import type { Penalty } from "./penalties.js";
import { type Scoring, scoreRow } from "./score-table.js";

/** One fit: one value of the penalty, trained without the rows of one fold and scored on them. */
export interface SweepFold extends Score {
  /** The score that the sweep chooses by. */
  readonly score: number;
  /** The penalty l1·Σ|w| on the mean objective of the fit's rows. */
  readonly l1: number;
  /** The penalty l2/2·‖W‖² on the mean objective of the fit's rows. */
  readonly l2: number;
  /** Iterations of the fit. */
  readonly iterations: number;
  /** True where the fit met its tolerance. */
  readonly converged: boolean;
}

/** One penalty. Loss, accuracy and score are means over the folds. */
export interface SweepEntry extends Score {
  /** The penalty as scikit-learn defines it, 1 / ((l1 + l2) · total weight of all rows). */
  readonly C: number;
  /** The share of l1 in the penalty: l1 / (l1 + l2). 0 where both are 0 and no `l1Ratio` was given. */
  readonly l1Ratio: number;
  /** The penalty l1·Σ|w| on the mean objective of all rows. */
  readonly l1: number;
  /** The penalty l2/2·‖W‖² on the mean objective of all rows. */
  readonly l2: number;
  /** The score that the sweep chooses by. */
  readonly score: number;
  /** Standard error of the mean score. */
  readonly scoreError: number;
  /** Standard error of the mean accuracy. */
  readonly accuracyError: number;
  /** Standard error of the mean loss. */
  readonly lossError: number;
  /** (folds) The fits, by the number of the fold that they held out. */
  readonly folds: readonly SweepFold[];
  /** Iterations of all its fits together. */
  readonly iterations: number;
  /** True where all its fits have converged. */
  readonly converged: boolean;
}

/** Makes the entry of a penalty from the scores of its fits. */
export function entryOf(
  penalty: Penalty & Pick<SweepEntry, "C" | "l1Ratio">,
  folds: readonly SweepFold[],
): SweepEntry {
  const scores = folds.map(({ score }) => score);
  const accuracies = folds.map(({ accuracy }) => accuracy);
  const losses = folds.map(({ loss }) => loss);
  return {
    ...penalty,
    score: mean(scores),
    scoreError: standardError(scores),
    accuracy: mean(accuracies),
    accuracyError: standardError(accuracies),
    loss: mean(losses),
    lossError: standardError(losses),
    folds,
    iterations: sum(folds.map(({ iterations }) => iterations)),
    converged: folds.every(({ converged }) => converged),
  };
}

/** Returns the entry with the best score over the folds. Ties go to the earlier, as in scikit-learn. */
export function bestOf(table: readonly SweepEntry[], scoring: Scoring): SweepEntry {
  const { sign } = scoreRow(scoring);
  const worth = ({ folds }: SweepEntry) => sign * sum(folds.map(({ score }) => score));
  return table.reduce((best, entry) => (worth(entry) > worth(best) ? entry : best));
}

/**
 * Returns the entry with the largest penalty whose score is within one standard error (that of the best
 * entry) of the best (Breiman et al. 1984). Of equal penalties it is the one with the larger share of l1.
 */
export function oneStandardErrorOf(table: readonly SweepEntry[], scoring: Scoring): SweepEntry {
  const { sign } = scoreRow(scoring);
  const best = bestOf(table, scoring);
  const least = sign * best.score - best.scoreError;
  const within = table.filter(({ score }) => sign * score >= least);
  return within.reduce((most, entry) => (isSimpler(entry, most) ? entry : most));
}

function isSimpler(one: SweepEntry, other: SweepEntry): boolean {
  return one.C < other.C || (one.C === other.C && one.l1Ratio > other.l1Ratio);
}

/** Standard error of the mean. */
function standardError(values: readonly number[]): number {
  const middle = mean(values);
  const squares = sum(values.map((value) => (value - middle) ** 2));
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
