/** What the benchmark asks of every system: to open on a batch, to run steps, and to say the loss. */
import type { Batch, Workload } from "../measure/workloads.js";

/**
 * One step is plain gradient descent on the mean loss of the whole batch, from zero weights:
 *   Z = X·W + b,  R = softmax(Z) − Y,  W ← W − rate/B · Xᵀ·R,  b ← b − rate/B · ΣR
 */
export interface System {
  readonly name: string;
  /** Where it computes, in a word or two. */
  readonly on: string;
  /** Not among those that are measured where none is named. */
  readonly onlyByName?: boolean;
  /** Loads the library. */
  load(): Promise<Open>;
}

/** Starts the library's device, and copies the batch there. */
export type Open = (workload: Workload, batch: Batch) => Promise<Session>;

export interface Session {
  /** What computes: the GPU adapter, or how many threads of WebAssembly. */
  readonly adapter: string;
  readonly version: string;
  /** Bytes that one step reads from the device's memory and writes to it, where the system counts them. */
  readonly bytesMoved?: number;
  /** And that any way to take the step moves. */
  readonly leastBytes?: number;
  /** Resolves when the device has finished all the steps. */
  run(steps: number): Promise<void>;
  /** Mean cross-entropy of the batch at the present weights. */
  loss(): Promise<number>;
  close(): void;
}

/** "google swiftshader" */
export function adapterName({
  vendor,
  architecture,
  description,
}: Pick<GPUAdapterInfo, "vendor" | "architecture" | "description">): string {
  return [vendor, architecture].filter(Boolean).join(" ") || description || "unnamed adapter";
}
