/**
 * Every error that smigh throws on purpose. Each says what was wrong, where, both numbers where two disagree,
 * and what to do about it. `name` survives minifiers, but not `postMessage`, which makes it "Error".
 */
export class SmighError extends Error {
  static {
    this.prototype.name = "SmighError";
  }
}

/**
 * The data cannot be used, such as shapes that disagree, values that are not finite, or a damaged IDX file.
 */
export class DataError extends SmighError {
  static {
    this.prototype.name = "DataError";
  }
}

/** An option is unknown, out of range, or contradicts another. */
export class OptionError extends SmighError {
  static {
    this.prototype.name = "OptionError";
  }
}

/** There is no adapter, or the adapter cannot hold or run what was asked of it. */
export class DeviceError extends SmighError {
  static {
    this.prototype.name = "DeviceError";
  }
}

/** The runtime was closed before a training or while it ran. */
export class RuntimeClosedError extends SmighError {
  static {
    this.prototype.name = "RuntimeClosedError";
  }
}

/** A model file is truncated, damaged, of another format, or of a version this release cannot read. */
export class ModelFileError extends SmighError {
  static {
    this.prototype.name = "ModelFileError";
  }
}

/** A trainer was started twice, or asked for a model that it does not have. */
export class TrainerError extends SmighError {
  static {
    this.prototype.name = "TrainerError";
  }
}

/** The loss stopped being a finite number. */
export class DivergenceError extends SmighError {
  static {
    this.prototype.name = "DivergenceError";
  }
  /** The step, from 1, whose loss was not finite; 0 where it was not before the first. */
  readonly step: number;

  /**
   * Makes an error.
   *
   * @param step the step, from 1; 0 before the first
   * @param message what happened and what to do about it
   */
  constructor(step: number, message: string) {
    super(message);
    this.step = step;
  }
}
