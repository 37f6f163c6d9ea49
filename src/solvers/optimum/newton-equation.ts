/** Solvers of Newton's equation, H·p = −g, which also bound the distance to the minimum. */
import type { Vector } from "../../engine/vectors.js";

/** How accurately to solve the equation. */
export interface Wanted {
  /** Solve until r·M·r ≤ forcing · g·M·g, with r the residual, or the upper bound is within `distance`. */
  readonly forcing: number;
  /**
   * If given, solve on until ½·g·H⁻¹·g is known to be within this, or its lower bound makes that unlikely.
   */
  readonly distance?: number;
  /**
   * If given, only the bounds are wanted: solve until they are near each other, or `lower` is above this.
   */
  readonly hopeless?: number;
  /** Counts another product with the Hessian; returns false where the budget is used up. */
  readonly more: () => boolean;
}

export interface Solution {
  /** g·p */
  readonly slope: number;
  /** Bounds of ½·g·H⁻¹·g, half the squared Newton decrement. `upper` is infinite where nothing is known. */
  readonly lower: number;
  readonly upper: number;
}

export interface NewtonEquation {
  /** The last solution; zeros before the first. */
  readonly p: Vector;
  /** Sets p to about −H⁻¹·g. The objective must be at the point where g is its gradient. */
  solve(g: Vector, wanted: Wanted): Promise<Solution>;
}
