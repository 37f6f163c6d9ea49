/** What a sweep has found, and what to choose by it. */
import type { Score } from "../core/progress.js";

/** One fit: one value of the penalty, without the rows of one fold, scored on those. */
export interface SweepFold extends Score {
  /** The penalty on the mean objective of the fit's rows. */
  readonly l2: number;
  readonly iterations: number;
  readonly converged: boolean;
}

/** One value of the penalty. Scores are means over the folds, and errors the standard errors of those means. */
export interface SweepEntry extends Score {
  /** As scikit-learn has it. */
  readonly C: number;
  /** On the mean objective of all rows. */
  readonly l2: number;
  readonly accuracyError: number;
  readonly lossError: number;
  readonly folds: readonly SweepFold[];
  /** Of all its fits. */
  readonly iterations: number;
  /** Whether all its fits have. */
  readonly converged: boolean;
}

export type Scoring = keyof Score;

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

/** The highest accuracy or the lowest loss, by the sum over the folds, and the first of equals: as scikit-learn chooses. */
export function bestOf(table: readonly SweepEntry[], scoring: Scoring): SweepEntry {
  const worth = ({ folds }: SweepEntry) =>
    (scoring === "accuracy" ? 1 : -1) * sum(folds.map((fold) => fold[scoring]));
  return table.reduce((best, entry) => (worth(entry) > worth(best) ? entry : best));
}

/** The most penalised whose mean is within one standard error, the best one's, of the best (Breiman et al. 1984). */
export function oneStandardErrorOf(table: readonly SweepEntry[], scoring: Scoring): SweepEntry {
  const best = bestOf(table, scoring);
  const within = table.filter((entry) =>
    scoring === "accuracy"
      ? entry.accuracy >= best.accuracy - best.accuracyError
      : entry.loss <= best.loss + best.lossError,
  );
  return within.reduce((most, entry) => (entry.l2 > most.l2 ? entry : most));
}

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
