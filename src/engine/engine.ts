/**
 * The seam between solvers and engines. Solvers know no engine and engines know no solver: a solver holds
 * handles to rows and weights that live where the engine computes, and asks for steps, sums and a rare readback.
 *
 * Everything is a sum over examples, made of three passes:
 *   logits    Z = X·W                             (rows, classes)
 *   residual  R = weight ⊙ (softmax(Z) − T)       (rows, classes), and the loss on the way; T = Y, or softer
 *   gradient  G = Xᵀ·R                            (features + 1, classes), the sum of outer products x ⊗ (s − t)
 *
 * The constant feature 1 of the intercept is the last row of W and G: both are (features + 1, classes), row by row.
 */
import type { ObjectiveProblem, Objective } from "./objective.js";
import type { DescentProblem, Descent } from "./descent.js";
import type { FloatArray, Rows } from "../core/rows.js";

export const ENGINES = ["webgpu", "wasm", "reference"] as const;
export type EngineName = (typeof ENGINES)[number];

/** Rows that are where the engine computes. */
export interface Placement {
  /** Starts from `weights`, (features + 1, classes), with moments of zero. */
  descent(problem: DescentProblem, weights: FloatArray): Promise<Descent>;
  objective(problem: ObjectiveProblem): Promise<Objective>;
  /** (count) what each row weighs from now on, in descents and objectives too that have begun. Nothing may be under way. */
  weigh(weights: FloatArray): void;
  release(): void;
}

export interface Engine {
  readonly name: EngineName;
  /** What computes: the GPU adapter's name, or the processor's kernels and threads. */
  readonly adapter: string;
  /** Why it computes with less than this machine should have, where it does. */
  readonly note?: string;
  /** Copies the rows to where the engine computes. Throws a DataError when it cannot represent a value. */
  place(rows: Rows): Promise<Placement>;
  close(): void;
}
