/** The interface of descents, which train weights on placed rows by steps of a first-order update rule. */
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

/** Settings that stay the same over a whole descent. */
export interface DescentProblem {
  readonly classes: number;
  readonly intercept: boolean;
  readonly rule: UpdateRule;
  /** The most rows in one step. */
  readonly batchSize: number;
  /** Label smoothing ε: steps, not evaluations, replace each target t by (1 − ε)·t + ε/classes. Default 0. */
  readonly smoothing?: number;
  /** (features) factors on the penalty of each feature, ≥ 0. Default 1 each. */
  readonly penaltyFactors?: FloatArray;
  /**
   * How kernels are chosen: "auto" times some, "table" (default) times none, and a name that a descent
   * recorded pins that choice. An unknown name is an OptionError.
   */
  readonly kernels?: string;
}

/** One update of the weights, from the rows `order[first .. first + rows)`. */
export interface Step {
  readonly first: number;
  readonly rows: number;
  readonly learningRate: number;
  /**
   * The objective's gradient is g = gradientScale·G + penalty·W, the penalty of each feature times its factor
   * and the intercept's row without penalty.
   */
  readonly gradientScale: number;
  readonly penalty: number;
  /** Keep what the passes of this step computed, for a check against the reference. */
  readonly capture: boolean;
}

/** The steps of an epoch, or some of them. */
export interface Epoch {
  /** Row numbers of the placement, which must not change. A later epoch may pass the same array. */
  readonly order: Uint32Array;
  readonly steps: readonly Step[];
}

/** Weights, and the state of the update rule: momentum, or Adam's two moments. */
export interface DescentState {
  /** (features + 1, classes) */
  readonly weights: FloatArray;
  /** Each (features + 1, classes). */
  readonly moments: readonly FloatArray[];
}

/** Everything that a descent goes on from: as long as the engine's kernels are the same, to the same bits. */
export interface DescentSnapshot extends DescentState {
  /** Steps taken so far. */
  readonly steps: number;
}

/** Everything that the passes of one step computed. */
export interface Passes {
  /** (rows) row numbers in the placement. */
  readonly rows: Uint32Array;
  readonly step: Step;
  /** The number of the step in its descent, from 1. */
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
  /** The longest chain of additions behind one element of the gradient, for error bounds. */
  readonly chain: number;
}

export interface StepResult {
  readonly sums: Sums;
  readonly passes?: Passes;
}

/** Trains weights on placed rows. */
export interface Descent {
  /** The name of the chosen kernels. Results are deterministic for a pinned name on one adapter. */
  readonly kernels: string;
  /**
   * Runs the steps of the epochs in order and yields their results in the same order. The engine may work
   * ahead of what it has yielded, over the ends of epochs, so a result may arrive some time after it was
   * computed; it gets no further ahead while the caller asks for no more.
   */
  run(epochs: Iterable<Epoch> | AsyncIterable<Epoch>): AsyncIterable<StepResult>;
  /** Sums the loss and hits of these rows at the present weights. As in `Epoch`, `order` must not change. */
  evaluate(order: Uint32Array): Promise<Sums>;
  /** Returns a copy of the present weights, (features + 1, classes). */
  weights(): Promise<FloatArray>;
  /** Returns a copy of the whole state. No step may be running. */
  snapshot(): Promise<DescentSnapshot>;
  /** Goes back to a state of a descent on the same problem. No step may be running. */
  restore(snapshot: DescentSnapshot): void;
  release(): void;
}

/** Returns how many moments the update rule keeps beside the weights. */
export function momentCount(rule: UpdateRule): number {
  if (rule.kind === "adam") return 2;
  return rule.momentum === 0 ? 0 : 1;
}
