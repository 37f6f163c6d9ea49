// Fake systems that compute nothing: a test says how long their steps take and when they fail. The clock is
// the test's.
import { vi } from "vitest";
import type { System } from "../../bench/peers/system.js";
import type { Workload } from "../../bench/measure/workloads.js";

export const WORKLOAD: Workload = {
  name: "fake",
  features: 2,
  classes: 2,
  batch: 64,
  learningRate: 1,
  steps: 3,
  load: async ({ batch, features }) => ({
    x: new Float32Array(batch * features),
    labels: new Int32Array(batch),
  }),
};

export interface Fake {
  /** Milliseconds of a step on `rows` rows. */
  readonly stepMs?: (rows: number) => number;
  readonly loss?: number;
  readonly bytesMoved?: number;
  readonly leastBytes?: number;
  /** Called and awaited before each run of steps, with the number of steps so far. */
  readonly beforeRun?: (steps: number) => void | Promise<void>;
  readonly opening?: () => void;
  readonly closing?: () => void;
}

/** Names of the systems that are open. */
export const open = new Set<string>();

export function fake(name: string, { stepMs = () => 5, loss = 0.5, ...more }: Fake = {}): System {
  return {
    name,
    on: "nothing",
    async load() {
      pass(10);
      return async (_, batch) => {
        pass(20);
        more.opening?.();
        open.add(name);
        let taken = 0;
        return {
          adapter: "none",
          version: "1",
          ...(more.bytesMoved !== undefined && { bytesMoved: more.bytesMoved }),
          ...(more.leastBytes !== undefined && { leastBytes: more.leastBytes }),
          async run(steps) {
            await more.beforeRun?.(taken);
            taken += steps;
            pass(steps * stepMs(batch.labels.length));
          },
          loss: async () => loss,
          close() {
            open.delete(name);
            more.closing?.();
          },
        };
      };
    },
  };
}

/** Advances a fake `performance`, which the test must install. */
function pass(milliseconds: number): void {
  vi.advanceTimersByTime(milliseconds);
}
