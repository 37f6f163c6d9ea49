/** Loss and accuracy over some examples. */
export interface Score {
  /** Mean of −log of the probability given to the true class, by weight; without the penalty. */
  readonly loss: number;
  /** Share of the weight whose most probable class is the true one. */
  readonly accuracy: number;
}

/** How a training is getting on. */
export interface Progress extends Score {
  /** Steps taken, over all epochs. For lbfgs `loss` and `accuracy` are those of the present weights; for others `loss` and `accuracy` are of the steps since the last report, each before its update. */
  readonly iteration: number;
  /** The epoch that is running or has just ended, from 1. An iteration of lbfgs counts as one; 0 is where it begins. */
  readonly epoch: number;
  /** Examples seen, over all epochs. */
  readonly examples: number;
  /** The largest |∂F/∂w| of the mean objective. For lbfgs. */
  readonly gradientMax?: number;
  /** Of the validation examples at the end of the last epoch. */
  readonly validation?: Score;
  readonly examplesPerSecond: number;
  /** Seconds since the training began, without placing the data, and without what `parity` takes. */
  readonly elapsed: number;
  /** From 0 to 1. */
  readonly fraction: number;
}

/** One epoch, or one iteration of lbfgs, looked back on. */
export interface EpochRecord extends Score {
  /** From 1. */
  readonly epoch: number;
  /** Of the epoch's last step. For lbfgs how far along its direction it went. */
  readonly learningRate: number;
  /** The largest |∂F/∂w| of the mean objective after it. For lbfgs. */
  readonly gradientMax?: number;
  readonly validation?: Score;
  /** Seconds since the training began, as in Progress. */
  readonly elapsed: number;
}
