/**
 * Newton's method with a line search. Where the gradient is within the tolerance, the equation is solved
 * until F − F* is known to be within it or not: `distance` is a bound, not a guess.
 */
import type { Objective } from "../../engine/objective.js";
import type { Vector } from "../../engine/vectors.js";
import type { Sums } from "../../core/sums.js";
import { lineAlong, search } from "./line-search.js";
import {
  type Method,
  type MethodContext,
  type MethodState,
  type Point,
  type Scaling,
  pointOf,
  readWeights,
  stateOf,
  valueOf,
} from "./method.js";
import type { NewtonEquation, Solution } from "./newton-equation.js";
import type { NewtonModel } from "./newton-model.js";
import { plus } from "./terms.js";

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
  /** g·g */
  #length = 0;
  #solution: Solution | undefined;

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

  async state(): Promise<MethodState> {
    const [weights, p] = await Promise.all([readWeights(this), this.objective.space.read(this.#equation.p)]);
    const { passes, first } = this.#model;
    return { kind: "newton", weights, passes, first, length: this.#length, solution: this.#solution, p };
  }

  async restore(state: MethodState): Promise<void> {
    const { passes, first, length, solution, p } = stateOf(state, "newton");
    const { space } = this.objective;
    const evaluating = this.objective.linearize(this.weights, this.#gradient);
    space.centre(this.#gradient);
    space.combine(this.#equation.p, [[1, space.vector(p)]]);
    [this.#model.passes, this.#model.first] = [passes, first];
    [this.#length, this.#solution] = [length, solution];
    await evaluating;
  }

  async iterate({ sums }: Point, afresh: boolean): Promise<Point | undefined> {
    const { objective, weights } = this;
    const model = this.#model;
    if (model.budgetExhausted) return undefined;
    const { slope } =
      this.#solution ?? (await this.#equation.solve(this.#gradient, model.wanted(this.#length)));
    if (!(slope < 0) || model.budgetExhausted) return undefined;
    const { p } = this.#equation;
    objective.setDirection(p);
    const line = lineAlong(objective, this.#scaling, weights, p, sums, slope);
    const t = await search(objective, line, 1);
    if (t === undefined) return undefined;
    objective.space.combine(weights, plus(weights, t, p));
    objective.space.centre(weights);
    model.passes += afresh ? 1.5 : 1;
    const gradient = this.#gradient;
    const moving = afresh ? objective.linearize(weights, gradient) : objective.step(t, weights, gradient);
    return this.#point(moving, t);
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
    this.#length = gradient.sum;
    const near = gradientMax <= model.tolerance;
    const wanted = model.wanted(this.#length, value);
    this.#solution = near ? await this.#equation.solve(g, wanted) : undefined;
    const distance = this.#solution && (await model.above(this.#solution.upper, this.#equation.p));
    return pointOf({ sums, value, gradientMax, step }, distance);
  }
}
