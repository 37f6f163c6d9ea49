/**
 * SIGINT and SIGTERM during training: the first stops the training, a second one ends the process at once.
 */
import { constants } from "node:os";
import process from "node:process";
import { SmighError } from "../core/errors.js";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
export type SignalName = (typeof SIGNALS)[number];

/**
 * npx forwards a Ctrl-C that the terminal has already sent. A second signal within this time, in ms, is that
 * copy.
 */
const SAME_MS = 250;

/** The job was ended by a signal. */
export class InterruptedError extends SmighError {
  static {
    this.prototype.name = "InterruptedError";
  }
  /** The exit status: 128 + the signal's number, as in shells. */
  readonly status: number;

  constructor(name: SignalName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = 128 + constants.signals[name];
  }
}

/** Listens for signals from its construction until `end`. */
export class Interruption {
  readonly #controller = new AbortController();
  #first: { readonly name: SignalName; readonly time: number } | undefined;

  constructor() {
    for (const name of SIGNALS) process.on(name, this.#hear);
  }

  /** Aborts at the first signal, with an InterruptedError as its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The first signal. Undefined before there is one. */
  get name(): SignalName | undefined {
    return this.#first?.name;
  }

  /** Restores the default handling of signals. */
  end(): void {
    for (const name of SIGNALS) process.removeListener(name, this.#hear);
  }

  readonly #hear = (name: SignalName): void => {
    const time = performance.now();
    if (!this.#first) {
      this.#first = { name, time };
      this.#controller.abort(new InterruptedError(name, `${name} ended the training.`));
    } else if (time - this.#first.time > SAME_MS) {
      process.exit(128 + constants.signals[name]);
    }
  };
}
