/** What the benchmark asks of every system: to open on a batch, to run steps, and to say the loss. */
import type { Batch, Workload } from "../workloads.js";

/**
 * One step is plain gradient descent on the mean loss of the whole batch, from zero weights:
 *   Z = X·W + b,  R = softmax(Z) − Y,  W ← W − rate/B · Xᵀ·R,  b ← b − rate/B · ΣR
 */
export interface System {
  readonly name: string;
  /** Loads the library, starts its device, and copies the batch there. */
  open(workload: Workload, batch: Batch): Promise<Session>;
}

export interface Session {
  /** What computes: the GPU adapter, or how many threads of WebAssembly. */
  readonly adapter: string;
  readonly version: string;
  /** Resolves when the device has finished all the steps. */
  run(steps: number): Promise<void>;
  /** Mean cross-entropy of the batch at the present weights. */
  loss(): Promise<number>;
  close(): void;
}

/** "google swiftshader" */
export function adapterName({ vendor, architecture, description }: GPUAdapterInfo): string {
  return [vendor, architecture].filter(Boolean).join(" ") || description || "unnamed adapter";
}
