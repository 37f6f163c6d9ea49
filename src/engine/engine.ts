/**
 * The interface between solvers and engines, which do not know each other: a solver holds handles to rows and
 * weights that live where the engine computes, and asks for steps, sums and a rare readback.
 *
 * Everything is a sum over examples, made of three passes:
 *   logits    Z = X·W, plus offsets O if any      (rows, classes)
 *   residual  R = weight ⊙ (softmax(Z) − T)       (rows, classes), with the loss; T is Y or soft targets
 *   gradient  G = Xᵀ·R                            (features + 1, classes), summed outer products x ⊗ (s − t)
 *
 * The intercept is the weight of a constant feature 1 and the last row of W and of G, which are both
 * (features + 1, classes), row by row.
 */
import type { ObjectiveProblem, Objective } from "./objective.js";
import type { DescentProblem, Descent } from "./descent.js";
import type { LogitsPass, LogitsProblem } from "./logits-pass.js";
import type { RowSource } from "../core/row-source.js";
import type { GPUDevice } from "./gpu-device.js";
import type { FloatArray } from "../core/rows.js";
import type { RuntimeClosedError } from "../core/errors.js";

export const ENGINES = ["webgpu", "wasm", "reference"] as const;
export type EngineName = (typeof ENGINES)[number];

/** Rows placed where the engine computes. */
export interface Placement {
  /** Starts a descent from `weights`, (features + 1, classes), with moments of zero. */
  descent(problem: DescentProblem, weights: FloatArray): Promise<Descent>;
  objective(problem: ObjectiveProblem): Promise<Objective>;
  logits(problem: LogitsProblem): Promise<LogitsPass>;
  /** Sets each row's weight, (count), also of existing descents and objectives. None may be at work. */
  weigh(weights: FloatArray): void;
  release(): void;
}

export interface Engine {
  readonly name: EngineName;
  /** The name of the GPU adapter, or the kernels and threads on the CPU. */
  readonly adapter: string;
  /** Why the engine computes with less than this machine should offer; absent if it does not. */
  readonly note?: string;
  /**
   * Copies the rows to where the engine computes, block by block.
   *
   * @throws {DataError} if the engine cannot represent a value, or x is not read in full.
   * @throws {DeviceError} if there is no room for the rows.
   */
  place(rows: RowSource): Promise<Placement>;
  close(): void;
}

export interface EngineOptions {
  /** A GPU device to share; it is left open. Default: one of the host's own. */
  readonly device?: GPUDevice | undefined;
  /** The GPU adapter: "high-performance" (default) or "low-power", or in Node part of its name. */
  readonly adapter?: string | undefined;
  /**
   * Milliseconds that the browser may take for a GPU adapter, for its device and for the device's first
   * answer. Default 60,000.
   */
  readonly patience?: number | undefined;
  /** Have wasm compute on the calling thread alone. */
  readonly alone?: boolean | undefined;
}

/** Opens engines of one kind, and owns what they share: devices, threads, memory, tuned choices. */
export interface EngineHost {
  /** @throws {DeviceError} if the engine is not available. */
  open(options: EngineOptions): Promise<Engine>;
  /** Ends the engines that are open, whose work then fails with the error, and frees what they share. */
  close(error: RuntimeClosedError): void;
}
