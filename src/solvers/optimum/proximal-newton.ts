/**
 * Proximal Newton: Newton's method with l1 penalties, in f64, for problems small enough for a dense Hessian.
 * Each step goes to the minimum of the quadratic model of the smooth part plus the exact l1 penalty (Lee, Sun
 * & Saunders 2014). From how far F is above the minimum of this model follows a bound on F − F*.
 */
import type { Objective, ObjectiveProblem } from "../../engine/objective.js";
import type { Vector } from "../../engine/vectors.js";
import type { Sums } from "../../core/sums.js";
import type { FloatArray, Rows } from "../../core/rows.js";
import { type ElasticNet, shiftClasses } from "./class-shift.js";
import { denseHessian, ridgeOf } from "./dense-hessian.js";
import { type L1Minimum, minimiseL1Quadratic } from "./l1-quadratic.js";
import { type Method, type Point, type Scaling, pointOf, valueOf } from "./method.js";
import type { NewtonModel } from "./newton-model.js";
import { plus } from "./terms.js";

/** A step is accepted when F falls by this fraction of the decrease that the model predicts (Armijo). */
const KEPT = 0.01;
/** Most halvings of a step. */
const HALVINGS = 40;

export class ProximalNewton implements Method {
  readonly objective: Objective;
  readonly weights: Vector;
  readonly #scaling: Scaling;
  readonly #model: NewtonModel;
  readonly #rows: Rows;
  readonly #problem: ObjectiveProblem;
  readonly #net: ElasticNet;
  readonly #gradient: Vector;
  #step: L1Minimum | undefined;

  /**
   * `objective` is the problem on these rows, in f64; `start`, (features + 1, classes), is updated in place.
   */
  constructor(
    objective: Objective,
    scaling: Scaling,
    start: Vector,
    model: NewtonModel,
    {
      rows,
      problem,
      net,
    }: { readonly rows: Rows; readonly problem: ObjectiveProblem; readonly net: ElasticNet },
  ) {
    this.objective = objective;
    this.weights = start;
    this.#scaling = scaling;
    this.#model = model;
    this.#rows = rows;
    this.#problem = problem;
    this.#net = net;
    this.#gradient = objective.vector();
  }

  get passes(): number {
    return this.#model.passes;
  }

  get budgetExhausted(): boolean {
    return this.#model.budgetExhausted;
  }

  async evaluate(): Promise<Point> {
    const { objective, weights } = this;
    this.#model.passes++;
    const shifted = objective.vector(shiftClasses(await objective.read(weights), this.#net));
    objective.combine(weights, [[1, shifted]]);
    return this.#point(objective.linearize(weights, this.#gradient), 0);
  }

  async iterate({ value }: Point): Promise<Point | undefined> {
    const { objective, weights } = this;
    const { p, decrease, found } = this.#step ?? { p: new Float64Array(), decrease: 0, found: false };
    if (this.budgetExhausted || !found || decrease === 0) return undefined;
    const direction = objective.vector(p);
    objective.setDirection(direction);
    const w = await objective.read(weights);
    const [wp, pp, ww] = await objective.products([
      [weights, direction],
      [direction, direction],
      [weights, weights],
    ]);
    const penaltyAt = (t: number) =>
      ww.penalised / 2 + t * (wp.penalised + (t / 2) * pp.penalised) + this.#l1Of(w, p, t);
    for (let [halving, t] = [0, 1]; halving < HALVINGS; halving++, t /= 2) {
      const [{ loss }] = await objective.evaluateAlong([t]);
      if (!(this.#scaling.scale * loss + penaltyAt(t) <= value - KEPT * t * decrease)) continue;
      // A full step takes the model's minimum to the bit: weights that it sets to 0 are exactly 0.
      objective.combine(
        weights,
        t === 1
          ? [[1, objective.vector(w.map((one: number, i: number) => one + p[i]))]]
          : plus(weights, t, direction),
      );
      this.#model.passes++;
      return this.#point(objective.step(t, weights, this.#gradient), t);
    }
    return undefined;
  }

  async #point(computing: Promise<Sums>, step: number): Promise<Point> {
    const { objective, weights } = this;
    const sums = await computing;
    const [z, g, w, [square]] = await Promise.all([
      objective.logits(),
      objective.read(this.#gradient),
      objective.read(weights),
      objective.products([[weights, weights]]),
    ]);
    const l1 = Float64Array.from(w, (_, i) => this.#net.l1[Math.floor(i / this.#net.classes)] ?? 0);
    let gradientMax = 0;
    for (let i = 0; i < w.length; i++) {
      const size = w[i] === 0 ? Math.abs(g[i]) - l1[i] : Math.abs(g[i] + l1[i] * Math.sign(w[i]));
      gradientMax = Math.max(gradientMax, size);
    }
    this.#model.passes++; // the Hessian takes one pass
    const hessian = denseHessian(this.#rows, this.#problem, z, false);
    this.#step = minimiseL1Quadratic({
      w: Float64Array.from(w),
      g: Float64Array.from(g),
      hessian,
      ridge: ridgeOf(this.#problem),
      l1,
    });
    const value = valueOf(this.#scaling, sums, square) + this.#l1Of(w, w, 0);
    const distance = await this.#model.above(this.#step.bound, objective.vector(this.#step.p));
    return pointOf({ sums, value, gradientMax, step }, distance);
  }

  /** The l1 penalty of w + t·p. */
  #l1Of(w: FloatArray, p: FloatArray, t: number): number {
    const { l1, classes } = this.#net;
    let sum = 0;
    for (let i = 0; i < l1.length * classes; i++)
      sum += l1[Math.floor(i / classes)] * Math.abs(w[i] + t * p[i]);
    return sum;
  }
}
