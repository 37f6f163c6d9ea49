/**
 * Yields the results of `work` in order while up to `most` later ones are under way. The iterable starts a piece of
 * work whenever it is asked for one, and is asked for no more than that.
 */
export async function* ahead<T>(work: Iterable<Promise<T>>, most: number): AsyncGenerator<T> {
  const pending: Promise<T>[] = [];
  try {
    for (const promise of work) {
      promise.catch(() => {}); // heard below, in its turn
      pending.push(promise);
      if (pending.length > most) yield* pending.splice(0, 1);
    }
    while (pending.length > 0) yield* pending.splice(0, 1);
  } finally {
    await Promise.allSettled(pending);
  }
}
