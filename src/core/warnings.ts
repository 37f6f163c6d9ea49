/** What is worth saying about a training and is no error. */
export interface Warning {
  /** One word for programs, such as "not-converged". */
  readonly code: string;
  /** What happened, and what to do, in words. */
  readonly message: string;
}

/** The warnings of one training. Each is passed on to the caller once, when it is raised. */
export class Warnings {
  readonly #raised: Warning[] = [];
  readonly #pass: (warning: Warning) => void;

  constructor(pass: (warning: Warning) => void = () => {}) {
    this.#pass = pass;
  }

  /** In the order in which they were raised. */
  get raised(): readonly Warning[] {
    return this.#raised.slice();
  }

  /** Ignored where it was raised before, in the same words. */
  raise(code: string, message: string): void {
    if (this.#raised.some((one) => one.code === code && one.message === message)) return;
    const warning = { code, message };
    this.#raised.push(warning);
    this.#pass(warning);
  }
}
