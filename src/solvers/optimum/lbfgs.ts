/**
 * L-BFGS (Liu & Nocedal 1989; Nocedal & Wright 2006, ch. 7) with a preconditioner and a nearly exact line
 * search. An iteration is one pass over X in two halves: ΔZ = X·p before the search, whose trials need no
 * pass, and Xᵀ·R after it.
 */
import type { Objective } from "../../engine/objective.js";
import type { Matrix, Product, Vector } from "../../engine/vectors.js";
import type { Sums } from "../../core/sums.js";
import { type Direction, History, type Slope } from "./history.js";
import { lineAlong, search } from "./line-search.js";
import {
  type Method,
  type MethodState,
  type Point,
  type Scaling,
  readWeights,
  stateOf,
  valueOf,
} from "./method.js";
import { plus } from "./terms.js";

/** Safety factor on the gain that the model of L-BFGS predicts, as its curvature is a guess. */
export const DOUBT = 10;

export class Lbfgs implements Method {
  readonly objective: Objective;
  readonly weights: Vector;
  readonly #scaling: Scaling;
  readonly #matrix: Matrix | undefined;
  readonly #history: History;
  readonly #direction: Vector;
  /** The current gradient, and space for the next. */
  #here: Slope;
  #next: Slope;
  /** g·M·g of the current gradient. */
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
    this.#direction = objective.space.vector();
    [this.#here, this.#next] = [this.#slope(), this.#slope()];
  }

  get passes(): number {
    return this.#passes;
  }

  async evaluate(): Promise<Point> {
    this.#passes++;
    const [sums, products] = await Promise.all([
      this.objective.linearize(this.weights, this.#here.g),
      this.#products(this.#here),
    ]);
    return this.#point(sums, products, 0);
  }

  async iterate(from: Point, afresh: boolean): Promise<Point | undefined> {
    const t = await this.#search(from);
    if (t === undefined) {
      if (this.#history.length === 0) return undefined;
      this.#history.forget(); // restart along the gradient, freshly evaluated
      return this.iterate(await this.evaluate(), afresh);
    }
    return this.#move(t, afresh);
  }

  async state(): Promise<MethodState> {
    const [weights, pairs] = await Promise.all([readWeights(this), this.#history.state()]);
    return { kind: "quasi-newton", weights, passes: this.#passes, pairs, square: this.#square };
  }

  async restore(state: MethodState): Promise<void> {
    const { passes, pairs, square } = stateOf(state, "quasi-newton");
    const { g, mg } = this.#here;
    const evaluating = this.objective.linearize(this.weights, g);
    if (this.#matrix) this.objective.space.multiply(mg, this.#matrix, g);
    await evaluating;
    this.#history.restore(pairs);
    [this.#passes, this.#square] = [passes, square];
    this.#ahead = this.#history.direction(this.#here, square);
  }

  /** Finds the step length along the next direction. Returns undefined where no step lowers F. */
  async #search({ sums }: Point): Promise<number | undefined> {
    const objective = this.objective;
    const p = this.#direction;
    const { terms, slope } = this.#ahead;
    if (!(slope < 0)) return undefined;
    objective.space.combine(p, terms);
    objective.setDirection(p);
    this.#passes += 0.5;
    const asking = lineAlong(objective, this.#scaling, this.weights, p, sums, slope);
    if (this.#history.length > 0) return search(objective, asking, 1);
    // Without a history the direction has no length of its own: take Newton's step along the line.
    const [line, [start]] = await Promise.all([asking, objective.evaluateAlong([0])]);
    const first = -slope / (line.scale * start.curvature + line.penaltyCurvature);
    return first > 0 && first < Infinity ? search(objective, line, first) : undefined;
  }

  async #move(t: number, afresh: boolean): Promise<Point> {
    const objective = this.objective;
    const [w, next] = [this.weights, this.#next];
    objective.space.combine(w, plus(w, t, this.#direction));
    this.#passes += afresh ? 1 : 0.5;
    const moving = afresh ? objective.linearize(w, next.g) : objective.step(t, w, next.g);
    const asking = this.#products(next);
    const adding = this.#history.add(t, this.#direction, this.#here, next);
    const [sums, products] = await Promise.all([moving, asking, adding]);
    [this.#here, this.#next] = [next, this.#here];
    return this.#point(sums, products, t);
  }

  #products({ g, mg }: Slope): Promise<Product[]> {
    if (this.#matrix) this.objective.space.multiply(mg, this.#matrix, g);
    return this.objective.space.products([
      [this.weights, this.weights],
      [g, g],
      [g, mg],
    ]);
  }

  #point(sums: Sums, [weights, gradient, square]: readonly Product[], step: number): Point {
    this.#square = square.sum;
    this.#ahead = this.#history.direction(this.#here, square.sum);
    return {
      sums,
      value: valueOf(this.#scaling, sums, weights),
      gradientMax: Math.sqrt(gradient.largest),
      guess: (-DOUBT * this.#ahead.slope) / 2,
      step,
    };
  }

  #slope(): Slope {
    const g = this.objective.space.vector();
    return { g, mg: this.#matrix ? this.objective.space.vector() : g };
  }
}
