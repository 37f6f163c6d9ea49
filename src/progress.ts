/** Loss and accuracy over some examples. */
export interface Score {
  /** Mean of −log of the probability given to the true class, by weight; without the penalty. */
  readonly loss: number;
  /** Share of the weight whose most probable class is the true one. */
  readonly accuracy: number;
}

/** How a training is getting on. */
export interface Progress extends Score {
  /** Steps taken, over all epochs. `loss` and `accuracy` are of the steps since the last report, each before its update. */
  readonly iteration: number;
  /** The epoch that is running or has just ended, from 1. */
  readonly epoch: number;
  /** Examples seen, over all epochs. */
  readonly examples: number;
  /** Of the validation examples at the end of the last epoch. */
  readonly validation?: Score;
  readonly examplesPerSecond: number;
  /** Seconds since the training began, without placing the data. */
  readonly elapsed: number;
  /** From 0 to 1. */
  readonly fraction: number;
}

/** One epoch, looked back on. */
export interface EpochRecord extends Score {
  /** From 1. */
  readonly epoch: number;
  /** Of the epoch's last step. */
  readonly learningRate: number;
  readonly validation?: Score;
  /** Seconds since the training began. */
  readonly elapsed: number;
}
