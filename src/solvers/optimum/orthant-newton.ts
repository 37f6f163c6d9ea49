/**
 * Newton's method on the free weights of an l1 problem: those that are not 0, or that their subgradient draws
 * away from 0.
 *
 * For any s with |s| ≤ 1 that is sign(w) where w ≠ 0, F(v) is at least the smooth part + l1·s·v, with
 * equality at v = w, so F* is at least the minimum of that. Choose the s that holds the other weights at 0
 * after the step of the free ones: the quadratic model then has its minimum there, and ½·d·H⁻¹·d of the free
 * weights bounds the distance. Where some weights would not be held at 0, what they could gain is added.
 */
import type { Objective } from "../../engine/objective.js";
import { plus } from "../../engine/terms.js";
import type { Vector } from "../../engine/vectors.js";
import type { Sums } from "../../core/sums.js";
import type { BoundedSolution, ConjugateGradients } from "./conjugate-gradients.js";
import { type ElasticNet, shiftClasses } from "./class-shift.js";
import { search } from "./line-search.js";
import {
  type Method,
  type MethodContext,
  type MethodState,
  type Point,
  type Scaling,
  pointOf,
  valueOf,
} from "./method.js";
import type { NewtonModel } from "./newton-model.js";
import { orthantStep } from "./orthant-step.js";

interface OrthantContext extends MethodContext {
  readonly model: NewtonModel;
  readonly equation: ConjugateGradients;
  readonly penalties: ElasticNet;
}

export class OrthantNewton implements Method {
  readonly objective: Objective;
  readonly weights: Vector;
  readonly #scaling: Scaling;
  readonly #model: NewtonModel;
  readonly #equation: ConjugateGradients;
  readonly #penalties: ElasticNet;
  /** The gradient of the smooth part. */
  readonly #gradient: Vector;
  /** The smallest subgradient. */
  readonly #d: Vector;
  readonly #step: Vector;
  /** Scratch space for what weights held at 0 could gain. */
  readonly #hp: Vector;
  readonly #freed: Vector;

  constructor({ objective, scaling, start, model, equation, penalties }: OrthantContext) {
    this.#equation = equation;
    this.#penalties = penalties;
    this.objective = objective;
    this.weights = start;
    this.#scaling = scaling;
    this.#model = model;
    const [gradient, d, step, hp, freed] = Array.from({ length: 5 }, () => objective.space.vector());
    [this.#gradient, this.#d, this.#step, this.#hp, this.#freed] = [gradient, d, step, hp, freed];
  }

  get passes(): number {
    return this.#model.passes;
  }

  get budgetExhausted(): boolean {
    return this.#model.budgetExhausted;
  }

  async evaluate(): Promise<Point> {
    this.#model.passes++;
    const { space } = this.objective;
    const weights = await space.read(this.weights);
    const shifted = space.vector(shiftClasses(weights, this.#penalties));
    space.combine(this.weights, [[1, shifted]]);
    return this.#point(this.objective.linearize(this.weights, this.#gradient), 0);
  }

  state(): Promise<MethodState> {
    return this.#model.state(this, this.#equation.p);
  }

  async restore(state: MethodState): Promise<void> {
    const { objective, weights } = this;
    const evaluating = objective.linearize(weights, this.#gradient);
    objective.space.subgradient(this.#d, weights, this.#gradient);
    this.#model.restore(state, this.#equation.p);
    await evaluating;
  }

  async iterate({ sums }: Point, afresh: boolean): Promise<Point | undefined> {
    const { objective, weights: w } = this;
    const [d, gradient, step, model] = [this.#d, this.#gradient, this.#step, this.#model];
    if (model.budgetExhausted) return undefined;
    const { slope } = model.solution ?? (await this.#equation.solve(d, model.wanted(), { w, d }));
    if (!(slope < 0) || model.budgetExhausted) return undefined;
    const line = await orthantStep(
      objective,
      this.#scaling,
      { w, d, gradient, p: this.#equation.p, step },
      slope,
      sums,
    );
    const t = line && (await search(objective, line, 1, { most: 1 }));
    if (t === undefined) return undefined;
    objective.space.combine(w, plus(w, t, step)); // exactly 0 where t is 1 and the step is −w
    return this.#point(model.move(t, w, gradient, afresh), t);
  }

  async #point(computing: Promise<Sums>, step: number): Promise<Point> {
    const { weights: w } = this;
    const { space } = this.objective;
    const [gradient, d, model] = [this.#gradient, this.#d, this.#model];
    space.subgradient(d, w, gradient);
    const [sums, [square, subgradient, whole, smooth]] = await Promise.all([
      computing,
      space.products([
        [w, w],
        [d, d],
        [w, d],
        [w, gradient],
      ]),
    ]);
    const value = valueOf(this.#scaling, sums, square) + whole.sum - smooth.sum;
    const gradientMax = Math.sqrt(subgradient.largest);
    model.length = subgradient.sum;
    const near = gradientMax <= model.tolerance;
    const wanted = model.wanted(value);
    const solution = near ? await this.#equation.solve(d, wanted, { w, d }) : undefined;
    model.solution = solution;
    const distance = solution && (await model.above(await this.#upper(solution), this.#equation.p));
    return pointOf({ sums, value, gradientMax, step }, distance);
  }

  /**
   * The bound from the free weights, plus what weights that would not be held at 0 after the step could gain.
   */
  async #upper({ upper, smallest }: BoundedSolution): Promise<number> {
    if (upper === 0 || upper === Infinity) return upper;
    const { objective, weights: w } = this;
    const { space } = objective;
    const [hp, freed, d] = [this.#hp, this.#freed, this.#d];
    this.#model.passes++;
    objective.curvature(this.#equation.p, hp);
    space.combine(hp, plus(this.#gradient, 1, hp));
    space.subgradient(freed, w, hp); // at w, with the gradient after the step
    space.restrict(hp, freed, w, d);
    space.combine(freed, plus(freed, -1, hp));
    const length = await this.#equation.squaredLength(freed);
    return length === 0 ? upper : upper + length / (2 * smallest);
  }
}
