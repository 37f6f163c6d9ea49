/** Measures how long a training takes, without its parity checks. */
export class Stopwatch {
  #start = performance.now();

  get milliseconds(): number {
    return performance.now() - this.#start;
  }

  /** Adds the time of an earlier part of the training. */
  add(milliseconds: number): void {
    this.#start -= milliseconds;
  }

  /** Runs `work` with the clock stopped. */
  async pausedFor<T>(work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.#start += performance.now() - began;
    }
  }
}
