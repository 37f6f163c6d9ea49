/** SIGINT and SIGTERM while a training runs: the first ends it in good order, a second ends the process at once. */
import { constants } from "node:os";
import process from "node:process";
import { SmighError } from "../errors.js";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
type SignalName = (typeof SIGNALS)[number];

/** npx hands a Ctrl-C on to a process that has had it from the terminal: what comes this soon is the same one. */
const SAME_MS = 250;

/** The job was ended by a signal. */
export class InterruptedError extends SmighError {
  static {
    this.prototype.name = "InterruptedError";
  }
  /** 128 + the signal's number, as shells have it. */
  readonly status: number;

  constructor(name: SignalName, message: string) {
    super(message);
    this.status = 128 + constants.signals[name];
  }
}

export class Interruption {
  readonly #controller = new AbortController();
  #first: { readonly name: SignalName; readonly time: number } | undefined;

  constructor() {
    for (const name of SIGNALS) process.on(name, this.#hear);
  }

  /** Aborts at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The signal that came. Undefined before. */
  get name(): SignalName | undefined {
    return this.#first?.name;
  }

  /** Leaves signals to the system again. */
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
