/**
 * Newton's equation, H·p = −g, with a dense Hessian and its Cholesky factor. The solution is exact, so the
 * bounds of ½·g·H⁻¹·g coincide, unless the Hessian is singular to rounding.
 */
import type { Objective, ObjectiveProblem } from "../../engine/objective.js";
import type { Vector } from "../../engine/vectors.js";
import type { Rows } from "../../core/rows.js";
import { denseHessian, ridgeOf } from "./dense-hessian.js";
import type { NewtonEquation, Solution, Wanted } from "./newton-equation.js";
import { SemidefiniteFactor } from "../../math/semidefinite.js";

export class DenseEquation implements NewtonEquation {
  readonly #objective: Objective;
  readonly #problem: ObjectiveProblem;
  readonly #rows: Rows;
  #p: Vector;

  /** `objective` is that of the problem on these rows, in f64. */
  constructor(objective: Objective, rows: Rows, problem: ObjectiveProblem) {
    this.#objective = objective;
    this.#problem = problem;
    this.#rows = rows;
    this.#p = objective.space.vector();
  }

  get p(): Vector {
    return this.#p;
  }

  async solve(g: Vector, wanted: Wanted): Promise<Solution> {
    wanted.more(); // the Hessian takes one pass
    const [z, slope] = await Promise.all([this.#objective.logits(), this.#objective.space.read(g)]);
    const hessian = denseHessian(this.#rows, this.#problem, z, true);
    const { x, doubt } = new SemidefiniteFactor(hessian, slope.length, ridgeOf(this.#problem)).solve(
      Float64Array.from(slope, (one) => -one),
    );
    this.#p = this.#objective.space.vector(x);
    const along = x.reduce((sum, one, i) => sum + one * slope[i], 0);
    return { slope: along, lower: -along / 2, upper: (doubt - along) / 2 };
  }
}
