/** Abort signals: the caller's, which may be of another realm, and signals of our own that follow it. */

/** Throws the signal's reason, whatever it is. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

/** A signal of our own that aborts when the caller's does, or when it is told to. */
export class LinkedAbort {
  readonly #controller = new AbortController();
  readonly #from: AbortSignal | undefined;
  readonly #forward = () => this.#controller.abort(this.#from?.reason);

  constructor(from: AbortSignal | undefined) {
    this.#from = from;
    if (from?.aborted) this.#forward();
    from?.addEventListener("abort", this.#forward);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason?: unknown): void {
    this.#controller.abort(reason);
  }

  /** Stops listening to the caller's signal, which may outlive many trainings. */
  unlink(): void {
    this.#from?.removeEventListener("abort", this.#forward);
  }
}
