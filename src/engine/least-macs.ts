/** Multiply-adds of a pass, rows × features × classes, from which a GPU is faster than wasm. */
export const LEAST_MACS = {
  /**
   * Steps are queued ahead. Each takes a GPU 10 to 40 µs, however small it is. In that time wasm does about
   * so many on a few cores.
   */
  queued: 1e6,
  /** Iterations of lbfgs and newton wait twice or more, half a millisecond each. */
  waiting: 1e7,
  /** Firefox answers a nudge, from a timer: each wait takes about 4 ms. */
  waitingInFirefox: 1e8,
};
