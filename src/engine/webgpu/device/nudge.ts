/**
 * Makes Firefox answer as soon as the device is done. It looks for finished work every 100 ms only, and at
 * each submission (bugzilla.mozilla.org, 1870699): while answers are awaited, empty ones are submitted.
 */

/** Milliseconds between two of them. Browsers make it 4 after a few. */
const NUDGE_MS = 1;

/** Whether this browser answers from a timer. */
export function answersFromTimer(userAgent = globalThis.navigator?.userAgent ?? ""): boolean {
  return userAgent.includes("Firefox/");
}

export class Nudger {
  readonly #queue: Pick<GPUQueue, "submit">;
  #awaited = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(queue: Pick<GPUQueue, "submit">) {
    this.#queue = queue;
  }

  /** Settles as `answer` does. */
  async until<T>(answer: Promise<T>): Promise<T> {
    this.#awaited++;
    this.#timer ??= setTimeout(this.#nudge, NUDGE_MS);
    try {
      return await answer;
    } finally {
      this.#awaited--;
    }
  }

  readonly #nudge = () => {
    this.#timer = this.#awaited > 0 ? setTimeout(this.#nudge, NUDGE_MS) : undefined;
    if (this.#timer !== undefined) this.#queue.submit([]);
  };
}
