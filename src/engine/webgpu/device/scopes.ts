/** Error scopes, which tell the errors of our own calls from those of whoever else uses the device. */

/** An error goes to the innermost scope of its kind. Popped in reverse, so that want of memory is told before what follows from it. */
const FILTERS: readonly GPUErrorFilter[] = ["validation", "internal", "out-of-memory"];

export interface Scoped<T> {
  readonly value: T;
  /** The error of these calls, or null. Rejects where the device cannot tell. */
  readonly error: Promise<GPUError | null>;
}

/**
 * Calls WebGPU between error scopes of its own. Scopes are a stack of the device, which a page and other fits push to as
 * well, so `call` is synchronous: nothing else runs before the scopes are popped again.
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

/** The same promise, whose rejection is nobody's concern where nobody asks. */
function handled<T>(answer: Promise<T>): Promise<T> {
  answer.catch(() => {});
  return answer;
}
