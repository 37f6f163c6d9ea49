/** Measures how long a training takes, without the checks on the way. */
export class Stopwatch {
  #start = performance.now();

  get milliseconds(): number {
    return performance.now() - this.#start;
  }

  /** Does some work during which it stands still. */
  async pausedFor<T>(work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.#start += performance.now() - began;
    }
  }
}
