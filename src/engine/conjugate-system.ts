/** The interface of the method of conjugate gradients, of which engines take steps. */
import type { Matrix, Vector } from "./vectors.js";

/**
 * The free weights of an l1 problem: those with w ≠ 0 or d ≠ 0, d the smallest subgradient, and the
 * intercept.
 */
export interface FreeWeights {
  readonly w: Vector;
  readonly d: Vector;
}

/** The vectors of the method, all different. */
export interface ConjugateSystem {
  readonly g: Vector;
  /** The solution so far, its residual r = −g − H·p, z = M·r, and the direction d of the next step. */
  readonly p: Vector;
  readonly r: Vector;
  readonly z: Vector;
  readonly d: Vector;
  /** Space for H·d, for M·H·d, and for one more. */
  readonly hd: Vector;
  readonly mhd: Vector;
  readonly scratch: Vector;
  /** The preconditioner M. Default: the identity. */
  readonly matrix?: Matrix | undefined;
  /** Restricts the equation to these weights. */
  readonly free?: FreeWeights | undefined;
}

/** The result of a step. */
export interface ConjugateStep {
  /** r·M·r before the step. */
  readonly before: number;
  /** r·M·r after it, predicted from products before it: a small part of `before` has few digits. */
  readonly after: number;
  /** The length α of the step; 0 where the curvature along d is only rounding, and no step was taken. */
  readonly length: number;
  /** By how much g·p changed. */
  readonly slope: number;
}
