/** The scores of a sweep, and the choice of a value by them. */
import type { Score } from "../core/progress.js";

/** One fit: one value of the penalty, trained without the rows of one fold and scored on them. */
export interface SweepFold extends Score {
  /** The penalty on the mean objective of the fit's rows. */
  readonly l2: number;
  /** Iterations of the fit. */
  readonly iterations: number;
  /** True where the fit met its tolerance. */
  readonly converged: boolean;
}

/** One value of the penalty. Loss and accuracy are means over the folds. */
export interface SweepEntry extends Score {
  /** The penalty as scikit-learn defines it, 1 / (l2 · total weight of all rows). */
  readonly C: number;
  /** The penalty on the mean objective of all rows. */
  readonly l2: number;
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

export type Scoring = keyof Score;

/** Makes the entry of a value from the scores of its fits. */
export function entryOf(penalty: Pick<SweepEntry, "C" | "l2">, folds: readonly SweepFold[]): SweepEntry {
  const accuracies = folds.map(({ accuracy }) => accuracy);
  const losses = folds.map(({ loss }) => loss);
  return {
    ...penalty,
    accuracy: mean(accuracies),
    accuracyError: standardError(accuracies),
    loss: mean(losses),
    lossError: standardError(losses),
    folds,
    iterations: sum(folds.map(({ iterations }) => iterations)),
    converged: folds.every(({ converged }) => converged),
  };
}

/**
 * Returns the entry with the highest accuracy or the lowest loss, summed over the folds. Ties go to the
 * earlier entry, as in scikit-learn.
 */
export function bestOf(table: readonly SweepEntry[], scoring: Scoring): SweepEntry {
  const worth = ({ folds }: SweepEntry) =>
    (scoring === "accuracy" ? 1 : -1) * sum(folds.map((fold) => fold[scoring]));
  return table.reduce((best, entry) => (worth(entry) > worth(best) ? entry : best));
}

/**
 * Returns the entry with the largest penalty whose mean is within one standard error (that of the best entry)
 * of the best (Breiman et al. 1984).
 */
export function oneStandardErrorOf(table: readonly SweepEntry[], scoring: Scoring): SweepEntry {
  const best = bestOf(table, scoring);
  const within = table.filter((entry) =>
    scoring === "accuracy"
      ? entry.accuracy >= best.accuracy - best.accuracyError
      : entry.loss <= best.loss + best.lossError,
  );
  return within.reduce((most, entry) => (entry.l2 > most.l2 ? entry : most));
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
