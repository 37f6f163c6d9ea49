/** The interface of a pass that only computes logits, for predictions. */
import type { FloatArray } from "../core/rows.js";

export interface LogitsProblem {
  readonly classes: number;
  /** (features + 1, classes) W, with the intercept last. Engines that compute in f32 round it. */
  readonly weights: FloatArray;
  /** The most rows whose logits are wanted at a time. */
  readonly blockRows: number;
}

/** Computes the logits Z = X·W of placed rows, block by block, with weights that stay the same. */
export interface LogitsPass {
  /** The most rows of a block: those wanted, or fewer where the engine has room for fewer. */
  readonly blockRows: number;
  /**
   * Returns Z of the rows from `first` on, (count, classes), with `count` ≤ `blockRows`. A further block may
   * be asked for before the one before has come: blocks are computed in order.
   */
  logits(first: number, count: number): Promise<FloatArray>;
  release(): void;
}
