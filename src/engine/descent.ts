/** Descents: weights in training on placed rows, by steps of a first-order rule. */
import type { Sums } from "../core/sums.js";
import type { FloatArray } from "../core/rows.js";

/** How one gradient changes the weights: g is the gradient of the objective, w the weights. */
export type UpdateRule =
  /** v ← momentum·v + g;  w ← w − rate·v, or with nesterov w ← w − rate·(g + momentum·v). */
  | { readonly kind: "sgd"; readonly momentum: number; readonly nesterov: boolean }
  /** Kingma & Ba (2015), with Loshchilov & Hutter's (2019) decoupled `weightDecay`. */
  | {
      readonly kind: "adam";
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly weightDecay: number;
    };

/** What stays the same over a whole descent. */
export interface DescentProblem {
  readonly classes: number;
  readonly intercept: boolean;
  readonly rule: UpdateRule;
  /** The most rows that one step will have. */
  readonly batchSize: number;
  /** ε, where steps, but not evaluations, make (1 − ε)·t + ε/classes of the targets. Default 0. */
  readonly smoothing?: number;
  /** Which kernels: "auto" to time some, "table" (default) not to, or the name of a choice that a descent recorded. */
  readonly kernels?: string;
}

/** One update of the weights, from the rows `order[first .. first + rows)`. */
export interface Step {
  readonly first: number;
  readonly rows: number;
  readonly learningRate: number;
  /** The objective's gradient is g = gradientScale·G + penalty·W (the intercept's row without penalty). */
  readonly gradientScale: number;
  readonly penalty: number;
  /** Keep what the passes of this step computed, for a check against the reference. */
  readonly capture: boolean;
}

/** Weights and, beside them, what the update rule remembers (momentum, or Adam's two moments). */
export interface DescentState {
  /** (features + 1, classes) */
  readonly weights: FloatArray;
  /** each (features + 1, classes) */
  readonly moments: readonly FloatArray[];
}

/** Everything that the passes of one step computed. */
export interface Passes {
  /** (rows) which rows, as numbers in the placement. */
  readonly rows: Uint32Array;
  readonly step: Step;
  /** How many steps this one was, from 1. */
  readonly number: number;
  readonly before: DescentState;
  /** (rows, classes) */
  readonly logits: FloatArray;
  /** (rows, classes), each row times its weight */
  readonly residual: FloatArray;
  /** (rows), each times its weight */
  readonly losses: FloatArray;
  /** (features + 1, classes) sum over the rows, not yet scaled or penalised */
  readonly gradient: FloatArray;
  readonly after: DescentState;
  /** The longest chain of additions behind one element of the gradient: an error bound needs it. */
  readonly chain: number;
}

export interface StepResult {
  readonly sums: Sums;
  readonly passes?: Passes;
}

/** Weights in training on placed rows. */
export interface Descent {
  /** The name of the kernels chosen. Pinned, the same adapter gives the same bits. */
  readonly kernels: string;
  /**
   * Runs the steps in order and yields each one's result in the same order, some time after it was computed:
   * the engine keeps working ahead of what was yielded. It works no further ahead when nobody asks for more.
   */
  run(order: Uint32Array, steps: readonly Step[]): AsyncIterable<StepResult>;
  /** Loss and hits of these rows at the present weights. */
  evaluate(order: Uint32Array): Promise<Sums>;
  /** (features + 1, classes) a copy of the present weights. */
  weights(): Promise<FloatArray>;
  release(): void;
}

/** How many moments the update rule keeps beside the weights. */
export function momentCount(rule: UpdateRule): number {
  if (rule.kind === "adam") return 2;
  return rule.momentum === 0 ? 0 : 1;
}
