/**
 * Newton's method with a line search. Where the gradient is within the tolerance, the equation is solved
 * until F − F* is known to be within it or not: `distance` is a bound, not a guess.
 */
import type { Objective } from "../../engine/objective.js";
import { plus } from "../../engine/terms.js";
import type { Vector } from "../../engine/vectors.js";
import type { Sums } from "../../core/sums.js";
import { lineAlong, search } from "./line-search.js";
import {
  type Method,
  type MethodContext,
  type MethodState,
  type Point,
  type Scaling,
  allowedDistance,
  pointOf,
  valueOf,
} from "./method.js";
import type { NewtonEquation } from "./newton-equation.js";
import type { NewtonModel } from "./newton-model.js";

interface NewtonContext extends MethodContext {
  readonly model: NewtonModel;
  readonly equation: NewtonEquation;
}

export class Newton implements Method {
  readonly objective: Objective;
  readonly weights: Vector;
  readonly #scaling: Scaling;
  readonly #model: NewtonModel;
  readonly #equation: NewtonEquation;
  readonly #gradient: Vector;

  constructor({ objective, scaling, start, model, equation }: NewtonContext) {
    this.#equation = equation;
    this.objective = objective;
    this.weights = start;
    this.#scaling = scaling;
    this.#model = model;
    this.#gradient = objective.space.vector();
  }

  get passes(): number {
    return this.#model.passes;
  }

  get budgetExhausted(): boolean {
    return this.#model.budgetExhausted;
  }

  evaluate(): Promise<Point> {
    this.#model.passes++;
    // Only the penalty depends on the weights' mean over the classes, and no step removes it.
    this.objective.space.centre(this.weights);
    return this.#point(this.objective.linearize(this.weights, this.#gradient), 0);
  }

  state(): Promise<MethodState> {
    return this.#model.state(this, this.#equation.p);
  }

  async restore(state: MethodState): Promise<void> {
    const evaluating = this.objective.linearize(this.weights, this.#gradient);
    this.objective.space.centre(this.#gradient);
    this.#model.restore(state, this.#equation.p);
    await evaluating;
  }

  async iterate({ sums }: Point, afresh: boolean): Promise<Point | undefined> {
    const { objective, weights } = this;
    const model = this.#model;
    if (model.budgetExhausted) return undefined;
    const { slope } = model.solution ?? (await this.#equation.solve(this.#gradient, model.wanted()));
    if (!(slope < 0) || model.budgetExhausted) return undefined;
    const { p } = this.#equation;
    objective.setDirection(p);
    const line = lineAlong(objective, this.#scaling, weights, p, sums, slope);
    const t = await search(objective, line, 1);
    if (t === undefined) return undefined;
    objective.space.combine(weights, plus(weights, t, p));
    objective.space.centre(weights);
    return this.#point(model.move(t, weights, this.#gradient, afresh), t);
  }

  async #point(computing: Promise<Sums>, step: number): Promise<Point> {
    const { weights } = this;
    const { space } = this.objective;
    const [g, model] = [this.#gradient, this.#model];
    space.centre(g);
    const [sums, [square, gradient]] = await Promise.all([
      computing,
      space.products([
        [weights, weights],
        [g, g],
      ]),
    ]);
    const value = valueOf(this.#scaling, sums, square);
    const gradientMax = Math.sqrt(gradient.largest);
    model.length = gradient.sum;
    const near = gradientMax <= model.tolerance;
    const wanted = model.wanted(value);
    model.solution = near ? await this.#equation.solve(g, wanted) : undefined;
    let distance = model.solution && (await model.above(model.solution.upper, this.#equation.p));
    // Where F is further above another point than the bound says, the quadratic model does not hold.
    if (distance !== undefined && distance <= allowedDistance(value, model.tolerance)) {
      const gain = await model.gainTowardsZero(weights, sums, square.penalised / 2);
      if (gain > distance) distance = Infinity;
    }
    return pointOf({ sums, value, gradientMax, step }, distance);
  }
}
