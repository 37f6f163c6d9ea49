/** Runs chains of asynchronous steps concurrently. */
import { LinkedAbort } from "../core/abort.js";

/**
 * Runs `steps` steps of each of `chains` chains, at most `atOnce` at a time. The steps of a chain run in
 * order; of those that are ready the lowest-numbered run first. Where one fails, the others are aborted and
 * waited for.
 */
export async function runChains(
  chains: number,
  steps: number,
  atOnce: number,
  signal: AbortSignal | undefined,
  work: (chain: number, step: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new LinkedAbort(signal);
  /** The next step of each chain that no lane is working on. */
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
