/** Error scopes, which tell smigh's own errors from those of other users of the device. */

/**
 * Scopes in the order in which they are pushed. They are popped in reverse, so that running out of memory
 * takes precedence over the errors that follow from it.
 */
const FILTERS: readonly GPUErrorFilter[] = ["validation", "internal", "out-of-memory"];

export interface Scoped<T> {
  readonly value: T;
  /** The error of these calls, or null. Rejects if the device cannot tell. */
  readonly error: Promise<GPUError | null>;
}

/**
 * Calls WebGPU within error scopes of its own. A device has one stack of scopes, which the page and other
 * fits push to as well, so `call` is synchronous: nothing else runs before the scopes are popped again.
 */
export function scoped<T>(device: GPUDevice, call: () => T): Scoped<T> {
  const pop = async () => device.popErrorScope(); // throwing becomes a rejection
  const popped: Promise<GPUError | null>[] = [];
  let pushed = 0;
  let value: T;
  try {
    for (; pushed < FILTERS.length; pushed++) device.pushErrorScope(FILTERS[pushed]);
    value = call();
  } finally {
    for (; pushed > 0; pushed--) popped.push(handled(pop()));
  }
  return { value, error: handled(Promise.all(popped).then((errors) => errors.find(Boolean) ?? null)) };
}

/** Returns the same promise, with its rejection marked as handled. */
function handled<T>(answer: Promise<T>): Promise<T> {
  answer.catch(() => {});
  return answer;
}
