/** The equation of Newton's method, H·p = −g, and what its solution says of the distance to the minimum. */
import type { Vector } from "../engine/engine.js";

export interface Wanted {
  /** r·M·r is to fall to this part of g·M·g, unless the distance is to be known and is small enough. */
  readonly forcing: number;
  /** The equation is solved until ½·g·H⁻¹·g is known to be within this distance, or beyond it. */
  readonly distance?: number;
  /** Whether another product with the Hessian may be taken. */
  readonly more: () => boolean;
}

/** The free weights of an l1 problem: w ≠ 0 or d ≠ 0, and the intercept. The equation is of those alone. */
export interface FreeWeights {
  readonly w: Vector;
  readonly d: Vector;
}

export interface Solution {
  /** g·p */
  readonly slope: number;
  /** Bounds of ½·g·H⁻¹·g. The upper one is infinite where nothing is known. */
  readonly lower: number;
  readonly upper: number;
  /** v·H⁻¹·v ≤ v·M·v / smallest, as far as is known. */
  readonly smallest: number;
}

export interface NewtonEquation {
  /** The last solution, or room for it. */
  readonly p: Vector;
  /** p ← −H⁻¹·g, about; of the free weights alone where they are given. The objective was evaluated where g is its gradient. */
  solve(g: Vector, wanted: Wanted, free?: FreeWeights): Promise<Solution>;
  /** v·M·v, with M near the inverse of H. */
  squaredLength(v: Vector): Promise<number>;
}
