import { LinkedAbort } from "../train/abort.js";

/**
 * Does every step of so many chains, some at once: those of a chain one after another, and of what may begin always the earliest
 * step. Where one fails the others are told to stop, and waited for.
 */
export async function inLanes(
  chains: number,
  steps: number,
  atOnce: number,
  signal: AbortSignal | undefined,
  work: (chain: number, step: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new LinkedAbort(signal);
  /** Where the chains are that nobody works at. */
  const waiting = Array.from({ length: chains }, (_, chain) => ({ chain, step: 0 }));
  const next = () => waiting.sort((a, b) => a.step - b.step).shift();
  const lanes = Array.from({ length: Math.min(atOnce, chains) }, async () => {
    try {
      for (let at = next(); at; at = next()) {
        await work(at.chain, at.step, stop.signal);
        if (++at.step < steps) waiting.push(at);
      }
    } catch (error) {
      waiting.length = 0;
      stop.abort(error);
      throw error;
    }
  });
  await Promise.allSettled(lanes);
  stop.unlink();
  await Promise.all(lanes);
}
