/**
 * L-BFGS with a penalty l1·‖w‖₁ (orthant-wise: Andrew & Gao 2007). The penalty is linear as long as no weight changes its
 * sign. So a step goes to where L-BFGS would go, but weights stop at 0. Between its ends F is then as smooth as without the
 * penalty, the search along it costs no pass over X, and at its far end weights are exactly 0.
 *
 * Where weights that stop take away more than half of the slope, the direction is halved: of a short one only those stop that
 * are 0 already, and they would have gone uphill or are held by l1. The paper instead drops all elements that go uphill.
 * And what the history knows of the curvature is how the subgradients change that are followed, not the gradients: weights
 * that stay at 0 have no part in it. They are subgradients of a convex function, so s·y ≥ 0 all the same. The two halve the
 * iterations (docs/solvers.md has the measurements).
 */
import type { Matrix, Objective, Product, Sums, Vector } from "../engine/engine.js";
import { type Direction, History, type Slope } from "./history.js";
import { AFRESH, DOUBT } from "./lbfgs.js";
import { type Line, search } from "./line.js";
import { type Method, type Point, type Scaling, valueOf } from "./second-order.js";
import { plus } from "./terms.js";

/** Of what a direction promises, a step within the orthant must keep as much. */
const KEPT = 0.5;
/** Times that a direction is halved. */
const SHORTER = 30;

export class OwlQn implements Method {
  readonly weights: Vector;
  readonly #objective: Objective;
  readonly #scaling: Scaling;
  readonly #matrix: Matrix | undefined;
  readonly #history: History;
  /** Of F without l1, at the present weights. */
  readonly #gradient: Vector;
  /** Where L-BFGS would go, and what of it stays in the orthant. */
  readonly #direction: Vector;
  readonly #step: Vector;
  /** The present subgradient, and room for the next. */
  #here: Slope;
  #next: Slope;
  #ahead: Direction = { terms: [], slope: 0 };
  #moves = 0;
  #passes = 0;

  /** `matrix` is the preconditioner, `start` (features + 1, classes). */
  constructor(objective: Objective, scaling: Scaling, memory: number, start: Vector, matrix?: Matrix) {
    this.weights = start;
    this.#objective = objective;
    this.#scaling = scaling;
    this.#matrix = matrix;
    this.#history = new History(objective, memory, matrix !== undefined);
    [this.#gradient, this.#direction, this.#step] = Array.from({ length: 3 }, () => objective.vector());
    [this.#here, this.#next] = [this.#slope(), this.#slope()];
  }

  get passes(): number {
    return this.#passes;
  }

  async look(): Promise<Point> {
    this.#passes++;
    const [sums, products] = await Promise.all([
      this.#objective.at(this.weights, this.#gradient),
      this.#products(this.#here),
    ]);
    return this.#point(sums, products, 0);
  }

  async advance(from: Point): Promise<Point | undefined> {
    const line = await this.#within(from);
    const t = line && (await search(this.#objective, line, 1, 1));
    if (t !== undefined) return this.#move(t);
    if (this.#history.length === 0) return undefined;
    this.#history.forget(); // down the subgradient itself, of a point computed afresh
    return this.advance(await this.look());
  }

  /** Sets the step, as much of the direction as stays in the orthant. Undefined where it does not go downhill. */
  async #within({ sums }: Point): Promise<Line | undefined> {
    const objective = this.#objective;
    const [w, p, step, { g }] = [this.weights, this.#direction, this.#step, this.#here];
    const { scale } = this.#scaling;
    objective.combine(p, this.#ahead.terms);
    for (let [trial, slope] = [0, this.#ahead.slope]; trial < SHORTER && slope < 0; trial++, slope /= 2) {
      objective.orthant(step, w, p, g);
      objective.combine(step, plus(step, -1, w));
      const [whole, smooth, ws, ss] = await objective.products([
        [g, step],
        [this.#gradient, step],
        [w, step],
        [step, step],
      ]);
      if (whole.sum <= KEPT * slope) {
        objective.along(step);
        this.#passes += 0.5;
        return {
          scale,
          loss: scale * sums.loss,
          slope: whole.sum,
          // What l1 makes of the way is what the subgradient has and the gradient has not.
          penaltySlope: ws.penalised + whole.sum - smooth.sum,
          penaltyCurvature: ss.penalised,
        };
      }
      objective.combine(p, [[0.5, p]]);
    }
    return undefined;
  }

  async #move(t: number): Promise<Point> {
    const objective = this.#objective;
    const [w, g, step, next] = [this.weights, this.#gradient, this.#step, this.#next];
    objective.combine(w, plus(w, t, step)); // exactly 0 at the end of a step of −w
    const afresh = ++this.#moves % AFRESH === 0;
    this.#passes += afresh ? 1 : 0.5;
    const moving = afresh ? objective.at(w, g) : objective.move(t, w, g);
    const asking = this.#products(next);
    const adding = this.#history.add(t, step, this.#here, next);
    const [sums, products] = await Promise.all([moving, asking, adding]);
    [this.#here, this.#next] = [next, this.#here];
    return this.#point(sums, products, t);
  }

  #products({ g, mg }: Slope): Promise<Product[]> {
    const objective = this.#objective;
    const w = this.weights;
    objective.subgradient(g, w, this.#gradient);
    if (this.#matrix) objective.multiply(mg, this.#matrix, g);
    return objective.products([
      [w, w],
      [g, g],
      [g, mg],
      [w, g],
      [w, this.#gradient],
    ]);
  }

  #point(sums: Sums, products: readonly Product[], step: number): Point {
    const [weights, subgradient, square, whole, smooth] = products;
    this.#ahead = this.#history.direction(this.#here, square.sum);
    return {
      sums,
      // w·(subgradient − gradient) is l1·‖w‖₁: they differ by l1·sign(w), and where w is 0 it counts for nothing; the intercept's row is the same in both.
      value: valueOf(this.#scaling, sums, weights) + whole.sum - smooth.sum,
      gradientMax: Math.sqrt(subgradient.largest),
      gain: (-DOUBT * this.#ahead.slope) / 2,
      step,
    };
  }

  #slope(): Slope {
    const g = this.#objective.vector();
    return { g, mg: this.#matrix ? this.#objective.vector() : g };
  }
}
