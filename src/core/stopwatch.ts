/** Measures how long a training takes, without its parity checks. */
export class Stopwatch {
  #start = performance.now();

  get milliseconds(): number {
    return performance.now() - this.#start;
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
