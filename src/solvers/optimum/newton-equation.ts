/** The equation of Newton's method, H·p = −g, and what its solution says of the distance to the minimum. */
import type { Vector } from "../../engine/vectors.js";

export interface Wanted {
  /** r·M·r is to fall to this part of g·M·g, unless the distance is to be known and is small enough. */
  readonly forcing: number;
  /** The equation is solved until ½·g·H⁻¹·g is known to be within this distance, or beyond it. */
  readonly distance?: number;
  /** Whether another product with the Hessian may be taken. */
  readonly more: () => boolean;
}

export interface Solution {
  /** g·p */
  readonly slope: number;
  /** Bounds of ½·g·H⁻¹·g. The upper one is infinite where nothing is known. */
  readonly lower: number;
  readonly upper: number;
}

export interface NewtonEquation {
  /** The last solution, or room for it. */
  readonly p: Vector;
  /** p ← −H⁻¹·g, about. The objective was evaluated where g is its gradient. */
  solve(g: Vector, wanted: Wanted): Promise<Solution>;
}
