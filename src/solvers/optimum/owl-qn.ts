/**
 * L-BFGS with l1 penalties (orthant-wise: Andrew & Gao 2007). The y of the history are the changes of the
 * smallest subgradient, not of the gradient, so weights that stay at 0 have no part in the curvature. They
 * are subgradients of a convex function, so s·y ≥ 0 still holds. docs/figures/solvers.md has the
 * measurements.
 */
import type { Objective } from "../../engine/objective.js";
import type { Product, Vector, Matrix } from "../../engine/vectors.js";
import type { Sums } from "../../core/sums.js";
import { type Direction, History, type Slope } from "./history.js";
import { DOUBT } from "./lbfgs.js";
import { search } from "./line-search.js";
import {
  type Method,
  type MethodState,
  type Point,
  type Scaling,
  readWeights,
  stateOf,
  valueOf,
} from "./method.js";
import { orthantStep } from "./orthant-step.js";
import { plus } from "./terms.js";

export class OwlQn implements Method {
  readonly objective: Objective;
  readonly weights: Vector;
  readonly #scaling: Scaling;
  readonly #matrix: Matrix | undefined;
  readonly #history: History;
  /** The gradient of F without l1, at the current weights. */
  readonly #gradient: Vector;
  /** The direction of L-BFGS, and the step along it that stays within the orthant. */
  readonly #direction: Vector;
  readonly #step: Vector;
  /** The current subgradient, and space for the next. */
  #here: Slope;
  #next: Slope;
  /** d·M·d of the current subgradient. */
  #square = 0;
  #ahead: Direction = { terms: [], slope: 0 };
  #passes = 0;

  /** `matrix` is the preconditioner; `start`, (features + 1, classes), is updated in place. */
  constructor(objective: Objective, scaling: Scaling, memory: number, start: Vector, matrix?: Matrix) {
    this.weights = start;
    this.objective = objective;
    this.#scaling = scaling;
    this.#matrix = matrix;
    this.#history = new History(objective.space, memory, matrix !== undefined);
    [this.#gradient, this.#direction, this.#step] = Array.from({ length: 3 }, () => objective.space.vector());
    [this.#here, this.#next] = [this.#slope(), this.#slope()];
  }

  get passes(): number {
    return this.#passes;
  }

  async evaluate(): Promise<Point> {
    this.#passes++;
    const [sums, products] = await Promise.all([
      this.objective.linearize(this.weights, this.#gradient),
      this.#products(this.#here),
    ]);
    return this.#point(sums, products, 0);
  }

  async iterate(from: Point, afresh: boolean): Promise<Point | undefined> {
    const { objective, weights: w } = this;
    const [p, step, { g: d }] = [this.#direction, this.#step, this.#here];
    objective.space.combine(p, this.#ahead.terms);
    const vectors = { w, d, gradient: this.#gradient, p, step };
    const line = await orthantStep(objective, this.#scaling, vectors, this.#ahead.slope, from.sums);
    if (line) this.#passes += 0.5;
    const t = line && (await search(objective, line, 1, 1));
    if (t !== undefined) return this.#move(t, afresh);
    if (this.#history.length === 0) return undefined;
    this.#history.forget(); // restart along the subgradient, freshly evaluated
    return this.iterate(await this.evaluate(), afresh);
  }

  async state(): Promise<MethodState> {
    const [weights, pairs] = await Promise.all([readWeights(this), this.#history.state()]);
    return { kind: "quasi-newton", weights, passes: this.#passes, pairs, square: this.#square };
  }

  async restore(state: MethodState): Promise<void> {
    const { passes, pairs, square } = stateOf(state, "quasi-newton");
    const evaluating = this.objective.linearize(this.weights, this.#gradient);
    this.#setSubgradient(this.#here);
    await evaluating;
    this.#history.restore(pairs);
    [this.#passes, this.#square] = [passes, square];
    this.#ahead = this.#history.direction(this.#here, square);
  }

  async #move(t: number, afresh: boolean): Promise<Point> {
    const objective = this.objective;
    const [w, g, step, next] = [this.weights, this.#gradient, this.#step, this.#next];
    objective.space.combine(w, plus(w, t, step)); // exactly 0 where t is 1 and the step is −w
    this.#passes += afresh ? 1 : 0.5;
    const moving = afresh ? objective.linearize(w, g) : objective.step(t, w, g);
    const asking = this.#products(next);
    const adding = this.#history.add(t, step, this.#here, next);
    const [sums, products] = await Promise.all([moving, asking, adding]);
    [this.#here, this.#next] = [next, this.#here];
    return this.#point(sums, products, t);
  }

  #setSubgradient({ g, mg }: Slope): void {
    this.objective.space.subgradient(g, this.weights, this.#gradient);
    if (this.#matrix) this.objective.space.multiply(mg, this.#matrix, g);
  }

  #products(slope: Slope): Promise<Product[]> {
    const { g, mg } = slope;
    const w = this.weights;
    this.#setSubgradient(slope);
    return this.objective.space.products([
      [w, w],
      [g, g],
      [g, mg],
      [w, g],
      [w, this.#gradient],
    ]);
  }

  #point(sums: Sums, products: readonly Product[], step: number): Point {
    const [weights, subgradient, square, whole, smooth] = products;
    this.#square = square.sum;
    this.#ahead = this.#history.direction(this.#here, square.sum);
    return {
      sums,
      // w·(subgradient − gradient) is the l1 penalty: they differ by l1·sign(w) where w is not 0.
      value: valueOf(this.#scaling, sums, weights) + whole.sum - smooth.sum,
      gradientMax: Math.sqrt(subgradient.largest),
      guess: (-DOUBT * this.#ahead.slope) / 2,
      step,
    };
  }

  #slope(): Slope {
    const g = this.objective.space.vector();
    return { g, mg: this.#matrix ? this.objective.space.vector() : g };
  }
}
