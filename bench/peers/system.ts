/** The interface of the measured systems: open on a batch, run steps, and return the loss. */
import type { Batch, Workload } from "../measure/workloads.js";

/**
 * A system to measure. One step is plain gradient descent on the mean loss of the whole batch, from zero
 * weights:
 *   Z = X·W + b,  R = softmax(Z) − Y,  W ← W − rate/B · Xᵀ·R,  b ← b − rate/B · ΣR
 */
export interface System {
  readonly name: string;
  /** Where it computes, in a few words. */
  readonly on: string;
  /** Whether it is measured only when named. */
  readonly onlyByName?: boolean;
  /** True if it runs on Deno's WebGPU, too. TensorFlow.js does not: it mistakes Deno for Node. */
  readonly inDeno?: boolean;
  /** Loads the library. */
  load(): Promise<Open>;
}

/** Starts the library's device and copies the batch there. */
export type Open = (workload: Workload, batch: Batch) => Promise<Session>;

export interface Session {
  /** The GPU adapter, or WebAssembly and its number of threads. */
  readonly adapter: string;
  readonly version: string;
  /** Bytes that one step reads from the device's memory and writes to it, where the system counts them. */
  readonly bytesMoved?: number;
  /** Bytes that every implementation of the step has to move. */
  readonly leastBytes?: number;
  /** Resolves when the device has finished all the steps. */
  run(steps: number): Promise<void>;
  /** Mean cross-entropy of the batch at the current weights. */
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
