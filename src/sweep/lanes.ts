/** Does the work of each, so many at once. Where one fails the others are told to stop, and waited for. */
export async function inLanes<T, R>(
  all: readonly T[],
  atOnce: number,
  signal: AbortSignal | undefined,
  work: (one: T, number: number, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const failure = new AbortController();
  const either = AbortSignal.any(signal ? [signal, failure.signal] : [failure.signal]);
  const results: R[] = [];
  let next = 0;
  const lanes = Array.from({ length: Math.min(atOnce, all.length) }, async () => {
    try {
      for (let n = next++; n < all.length; n = next++) results[n] = await work(all[n], n, either);
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  });
  await Promise.allSettled(lanes);
  await Promise.all(lanes);
  return results;
}
