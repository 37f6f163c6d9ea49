/** What every solver is given, and what it hands back. */
import type { Sums } from "../core/sums.js";
import type { FloatArray } from "../core/rows.js";
import type { EpochRecord, Score } from "../core/progress.js";

export interface Examples {
  /** Rows to train on and to watch, as numbers in the placement. */
  readonly train: Uint32Array;
  readonly validation?: Uint32Array;
  /** Whether there are targets that are not one class each. */
  readonly soft?: boolean;
  /** Mean weight of the rows to train on. */
  readonly meanWeight: number;
  /** What the weights of all rows were multiplied by: sums, other than means, are divided by it. */
  readonly weightScale: number;
}

export interface Outcome {
  /** (features + 1, classes) */
  readonly weights: FloatArray;
  readonly history: readonly EpochRecord[];
  readonly iterations: number;
  readonly converged: boolean;
  readonly reason: string;
}

export function score(sums: Sums): Score {
  return { loss: sums.loss / sums.weight, accuracy: sums.hits / sums.weight };
}
