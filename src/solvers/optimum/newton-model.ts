/** The quadratic model of F at a point: where its minimum is, within a budget of passes, and how far F may be above its own. */
import type { Objective } from "../../engine/objective.js";
import type { Vector } from "../../engine/vectors.js";
import type { Scaling } from "./method.js";
import type { Wanted } from "./newton-equation.js";

export interface NewtonOptions {
  /** The part of F that F − F* may be, and the largest |∂F/∂w|. */
  readonly tolerance: number;
  /** Passes over X that it may take. Default: any number. */
  readonly allowance?: number;
}

/** The equation is solved to this part of the gradient, and better as the gradient falls. */
const FORCING = 0.3;
/** The distance is this many times that of the model, at the least. */
const LEAST_ERROR = 1.1;

export class NewtonModel {
  /** Passes over X so far. */
  passes = 0;
  readonly tolerance: number;
  readonly #objective: Objective;
  readonly #scaling: Scaling;
  readonly #allowance: number;
  /** The first squared length of a gradient, by which later equations are solved better. */
  #first: number | undefined;

  constructor(objective: Objective, scaling: Scaling, { tolerance, allowance = Infinity }: NewtonOptions) {
    this.tolerance = tolerance;
    this.#objective = objective;
    this.#scaling = scaling;
    this.#allowance = allowance;
  }

  get spent(): boolean {
    return this.passes >= this.#allowance;
  }

  /**
   * How well the equation is to be solved, where the squared length of the gradient is `length`. Where F is given, until it is
   * known whether it is within the tolerance of its minimum.
   */
  wanted(length: number, value?: number): Wanted {
    this.#first ??= length;
    const forcing = Math.min(FORCING, Math.sqrt(length / this.#first)) ** 2;
    const more = () => {
      if (this.spent) return false;
      this.passes++;
      return true;
    };
    const part = this.tolerance / (1 + this.tolerance) / LEAST_ERROR;
    const distance = value === undefined ? undefined : part * value;
    return { forcing, more, ...(distance !== undefined && { distance }) };
  }

  /**
   * The distance of F from its minimum where its model is `distance` above its own, p away. Along the step the curvature of F
   * changes by a factor, as by e where F falls like e^−t: there F − F* is twice that of the model. The distance is multiplied by
   * the cube of this factor. A step that overshoots may end where the curvature is what it was: the change of the slope, which
   * is the mean curvature on the way, tells.
   */
  async above(distance: number, p: Vector): Promise<number> {
    if (distance === 0 || distance === Infinity) return distance;
    const objective = this.#objective;
    this.passes += 0.5;
    objective.along(p);
    const [[here, there], [pp]] = await Promise.all([objective.trials([0, 1]), objective.products([[p, p]])]);
    const { scale } = this.#scaling;
    const curvature = scale * here.curvature + pp.penalised;
    const end = (scale * there.curvature + pp.penalised) / curvature;
    const mean = (scale * (there.slope - here.slope) + pp.penalised) / curvature;
    const factor = Math.max(end, 1 / end, mean) ** 3;
    return factor < Infinity ? Math.max(LEAST_ERROR, factor) * distance : Infinity;
  }
}
