/**
 * Yields the results of `work` in order while up to `most` later ones are under way. The iterable starts a
 * piece of work each time the next one is requested, so no more than these are started.
 */
export async function* ahead<T>(
  work: Iterable<Started<T>> | AsyncIterable<Started<T>>,
  most: number,
): AsyncGenerator<T> {
  const pending: Promise<T>[] = [];
  try {
    for await (const { result } of work) {
      result.catch(() => {}); // handled below, in order
      pending.push(result);
      if (pending.length > most) yield* pending.splice(0, 1);
    }
    while (pending.length > 0) yield* pending.splice(0, 1);
  } finally {
    await Promise.allSettled(pending);
  }
}

/** Work that is under way. An asynchronous generator would await a bare promise before it yields. */
export interface Started<T> {
  readonly result: Promise<T>;
}
