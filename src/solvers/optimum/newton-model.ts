/**
 * The quadratic model of F at a point: how accurately to find its minimum, within a budget of passes, and how
 * far F may be above its own minimum.
 */
import type { Objective } from "../../engine/objective.js";
import type { Vector } from "../../engine/vectors.js";
import type { Sums } from "../../core/sums.js";
import { type Method, type MethodState, type Scaling, readWeights, stateOf } from "./method.js";
import type { Solution, Wanted } from "./newton-equation.js";

export interface NewtonOptions {
  /** Bound on F − F*, relative to F*, and on the largest |∂F/∂w|. */
  readonly tolerance: number;
  /** Most passes over X. Default: unlimited. */
  readonly allowance?: number;
}

/** Largest forcing term: the residual may be this fraction of the gradient, less as the gradient falls. */
const FORCING = 0.3;
/** Weights that `gainTowardsZero` tries, as parts of the current ones. */
const PARTS = [0.9, 0.75, 0.5, 0.25, 0.125, 0.0625, 0.03125];
/** Least factor from the distance of the model to that of F. */
export const LEAST_ERROR = 1.1;

export class NewtonModel {
  /** Passes over X so far. */
  passes = 0;
  readonly tolerance: number;
  readonly #objective: Objective;
  readonly #scaling: Scaling;
  readonly #allowance: number;
  /** g·g of the current gradient. */
  length = 0;
  /** The solution of Newton's equation at the current point, if it was computed. */
  solution: Solution | undefined;
  /** g·g of the first gradient, which the forcing term is relative to. */
  #first: number | undefined;

  constructor(objective: Objective, scaling: Scaling, { tolerance, allowance = Infinity }: NewtonOptions) {
    this.tolerance = tolerance;
    this.#objective = objective;
    this.#scaling = scaling;
    this.#allowance = allowance;
  }

  get budgetExhausted(): boolean {
    return this.passes >= this.#allowance;
  }

  /**
   * Moves the objective t along its direction, to w, and counts the pass. `afresh` evaluates F from scratch.
   */
  move(t: number, w: Vector, gradient: Vector, afresh: boolean): Promise<Sums> {
    this.passes += afresh ? 1.5 : 1;
    return afresh ? this.#objective.linearize(w, gradient) : this.#objective.step(t, w, gradient);
  }

  /** Returns the state of a method whose equation was last solved to p. */
  async state(method: Method, p: Vector): Promise<MethodState> {
    const weights = await readWeights(method);
    const { passes, length, solution } = this;
    const read = await this.#objective.space.read(p);
    return { kind: "newton", weights, passes, first: this.#first, length, solution, p: read };
  }

  /** Goes back to a state, and sets p. */
  restore(state: MethodState, to: Vector): void {
    const { passes, first, length, solution, p } = stateOf(state, "newton");
    const { space } = this.#objective;
    space.combine(to, [[1, space.vector(p)]]);
    [this.passes, this.#first, this.length, this.solution] = [passes, first, length, solution];
  }

  /**
   * How accurately to solve the equation for the current gradient. If F is given, also until it is known
   * whether F is within the tolerance of its minimum.
   */
  wanted(value?: number): Wanted {
    this.#first ??= this.length;
    const forcing = Math.min(FORCING, Math.sqrt(this.length / this.#first)) ** 2;
    const more = () => {
      if (this.budgetExhausted) return false;
      this.passes++;
      return true;
    };
    const part = this.tolerance / (1 + this.tolerance) / LEAST_ERROR;
    const distance = value === undefined ? undefined : part * value;
    return { forcing, more, ...(distance !== undefined && { distance }) };
  }

  /**
   * Returns by how much F is lower where all weights are smaller in proportion; 0 where it is not. Takes half
   * a pass. Where every row is certain and the penalty is nearly all of F, the curvature of the losses grows
   * by many factors of e on the way to the minimum, along which the penalty falls.
   */
  async gainTowardsZero(w: Vector, { loss }: Sums, penalty: number): Promise<number> {
    const objective = this.#objective;
    this.passes += 0.5;
    objective.setDirection(w);
    const trials = await objective.evaluateAlong(PARTS.map((part) => part - 1));
    const gains = trials.map(
      (trial, n) => this.#scaling.scale * (loss - trial.loss) + (1 - PARTS[n] ** 2) * penalty,
    );
    return Math.max(0, ...gains);
  }

  /**
   * Returns a bound on F − F* where the quadratic model is `distance` above its minimum, p away. Takes half a
   * pass. Along the step the curvature of F changes by a factor. Where F falls like e^−t it is e, and F − F*
   * is twice the distance of the model; the distance is multiplied by the cube of this factor. A step that
   * overshoots may end where the curvature is the same as before, so the mean curvature on the way, which is
   * the change of the slope, counts as well. If the curvature of the model along p is given as `believed` and
   * is above that of F, the distance is multiplied by their ratio too.
   */
  async above(distance: number, p: Vector, believed = 0): Promise<number> {
    if (distance === 0 || distance === Infinity) return distance;
    const objective = this.#objective;
    this.passes += 0.5;
    objective.setDirection(p);
    const [[here, there], [pp]] = await Promise.all([
      objective.evaluateAlong([0, 1]),
      objective.space.products([[p, p]]),
    ]);
    const { scale } = this.#scaling;
    const curvature = scale * here.curvature + pp.penalised;
    const end = (scale * there.curvature + pp.penalised) / curvature;
    const mean = (scale * (there.slope - here.slope) + pp.penalised) / curvature;
    const factor = Math.max(end, 1 / end, mean) ** 3;
    const error = Math.max(LEAST_ERROR, factor) * Math.max(1, believed / curvature);
    return error < Infinity ? error * distance : Infinity;
  }
}
