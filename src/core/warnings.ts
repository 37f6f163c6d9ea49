/** A warning about a training: something worth knowing that is not an error. */
export interface Warning {
  /** Identifier for programs, such as "not-converged". */
  readonly code: string;
  /** What happened and what to do about it. */
  readonly message: string;
}

/** The warnings of one training. Each is passed on to the caller once, when it is raised. */
export class Warnings {
  readonly #raised: Warning[] = [];
  readonly #pass: (warning: Warning) => void;

  constructor(pass: (warning: Warning) => void = () => {}) {
    this.#pass = pass;
  }

  /** All warnings so far, in the order in which they were raised. */
  get raised(): readonly Warning[] {
    return this.#raised.slice();
  }

  /** Raises a warning, unless one with the same code and message was raised before. */
  raise(code: string, message: string): void {
    if (this.#raised.some((one) => one.code === code && one.message === message)) return;
    const warning = { code, message };
    this.#raised.push(warning);
    this.#pass(warning);
  }
}
