/** The input and the result of every solver. */
import type { Sums } from "../core/sums.js";
import type { FloatArray } from "../core/rows.js";
import type { EpochRecord, Score, ReasonCode } from "../core/progress.js";

export interface Examples {
  /** Row numbers in the placement, to train on and to validate on. */
  readonly train: Uint32Array;
  readonly validation?: Uint32Array;
  /** Whether soft targets were given instead of labels. */
  readonly soft?: boolean;
  /** Whether the logits have offsets. */
  readonly offsets?: boolean;
  /** Mean weight of the training rows. */
  readonly meanWeight: number;
  /** The factor that all row weights were multiplied by; sums, unlike means, are divided by it. */
  readonly weightScale: number;
}

export interface Outcome {
  /** (features + 1, classes) */
  readonly weights: FloatArray;
  readonly history: readonly EpochRecord[];
  readonly iterations: number;
  readonly converged: boolean;
  readonly reason: string;
  readonly reasonCode: ReasonCode;
}

/** Takes the state of a running training, from which it can go on to the same bits. */
export interface StateTaker<S> {
  /** Tells whether to take the state after this step or iteration, from 1: always the same of a number. */
  isDue(iteration: number): boolean;
  take(state: S): void | Promise<void>;
}

export function score(sums: Sums): Score {
  return { loss: sums.loss / sums.weight, accuracy: sums.hits / sums.weight };
}
