/**
 * L-BFGS with l1 penalties (orthant-wise: Andrew & Gao 2007). The y of the history are the changes of the
 * smallest subgradient, not of the gradient, so weights that stay at 0 have no part in the curvature. They
 * are subgradients of a convex function, so s·y ≥ 0 still holds. docs/figures/solvers.md has the
 * measurements.
 */
import type { Vector } from "../../engine/vectors.js";
import type { Direction } from "./history.js";
import { Lbfgs } from "./lbfgs.js";
import { search } from "./line-search.js";
import type { Point } from "./method.js";
import { orthantStep } from "./orthant-step.js";

export class OwlQn extends Lbfgs {
  /** The gradient of F without l1, at the current weights. */
  readonly #gradient = this.objective.space.vector();
  /** The direction of L-BFGS; the step along it stays within the orthant. */
  readonly #direction = this.objective.space.vector();

  protected override async search(
    { sums }: Point,
    { terms, slope }: Direction,
    onLikely: (t: number) => void,
  ): Promise<number | undefined> {
    const { objective, weights: w, step } = this;
    const p = this.#direction;
    objective.space.combine(p, terms);
    const vectors = { w, d: this.here.g, gradient: this.#gradient, p, step };
    const line = await orthantStep(objective, this.scaling, vectors, slope, sums);
    if (!line) return undefined;
    this.passes += 0.5;
    return search(objective, line, 1, { most: 1, onLikely });
  }

  override get gradient(): Vector {
    return this.#gradient;
  }

  protected override setSlope(): void {
    this.objective.space.subgradient(this.here.g, this.weights, this.#gradient);
    super.setSlope();
  }

  /** w·(subgradient − gradient), as they differ by l1·sign(w) where w is not 0. */
  protected override async penalty(): Promise<number> {
    const w = this.weights;
    const [whole, smooth] = await this.objective.space.products([
      [w, this.here.g],
      [w, this.#gradient],
    ]);
    return whole.sum - smooth.sum;
  }
}
