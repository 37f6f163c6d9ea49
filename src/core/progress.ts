/** Scores and progress reports, as a training hands them to its caller. */

/** Loss and accuracy over a set of examples. */
export interface Score {
  /** Weighted mean cross-entropy in nats: −log of the probability of the true class. Without the penalty. */
  readonly loss: number;
  /** Weighted share of the examples whose most probable class is the true one, from 0 to 1. */
  readonly accuracy: number;
}

/**
 * Progress of a training. For lbfgs and newton, `loss` and `accuracy` are those of the present weights. For
 * the other solvers they cover the steps since the last report, each before its update.
 */
export interface Progress extends Score {
  /** Steps taken, over all epochs; for lbfgs and newton, iterations. */
  readonly iteration: number;
  /** The epoch that is running or has just ended, from 1. For lbfgs and newton, the iteration, from 0. */
  readonly epoch: number;
  /** Examples seen, over all epochs. For lbfgs and newton, training examples × passes over the data. */
  readonly examples: number;
  /**
   * Largest |∂F/∂w| of the mean objective, in the units that the features are trained in. With l1, that of
   * the smallest subgradient. For lbfgs and newton.
   */
  readonly gradientMax?: number | undefined;
  /** Score of the validation examples at the end of the last epoch. */
  readonly validation?: Score | undefined;
  /** Since the last report. */
  readonly examplesPerSecond: number;
  /** Seconds since the training began, without opening the engine, placing the data and checking `parity`. */
  readonly elapsed: number;
  /** Share of the training that is done, from 0 to 1. For lbfgs and newton, an estimate. */
  readonly fraction: number;
}

/**
 * History entry of one epoch, or of one iteration of lbfgs or newton, whose `loss` and `accuracy` are those
 * after it. For the other solvers they cover all steps of the epoch, each before its update.
 */
export interface EpochRecord extends Score {
  /** The epoch or iteration, from 1. */
  readonly epoch: number;
  /**
   * Learning rate of the epoch's last step. For lbfgs and newton, the step length along the search direction.
   */
  readonly learningRate: number;
  /** The largest gradient after the iteration, as in Progress. For lbfgs and newton. */
  readonly gradientMax?: number | undefined;
  /** Score of the validation examples after it. */
  readonly validation?: Score | undefined;
  /** Seconds since the training began, as in Progress. */
  readonly elapsed: number;
}

/**
 * Codes of the reasons for which a training ends:
 * - "converged": F is within the tolerance of its minimum;
 * - "max-iterations", "epochs": all that were allowed are done;
 * - "patience": the validation loss fell no further;
 * - "aborted": the caller stopped it;
 * - "separable": ever larger weights fit ever better, and no penalty bounds them;
 * - "rounding": rounding hides any lower point;
 * - "stalled": no method lowers F any more;
 * - "unknown-distance": finding out how near the minimum is would have taken too many passes;
 * - "rounded-weights": the weights need more digits than f32 has.
 */
export const REASON_CODES = [
  "converged",
  "max-iterations",
  "epochs",
  "patience",
  "aborted",
  "separable",
  "rounding",
  "stalled",
  "unknown-distance",
  "rounded-weights",
] as const;

/** Why a training ended, for programs; `model.reason` says it in words. */
export type ReasonCode = (typeof REASON_CODES)[number];
