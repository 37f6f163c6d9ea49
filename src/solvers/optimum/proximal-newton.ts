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
import { type L1Minimum, type L1Quadratic, minimiseL1Quadratic } from "./l1-quadratic.js";
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
import type { NewtonModel } from "./newton-model.js";

/** A step is accepted when F falls by this fraction of the decrease that the model predicts (Armijo). */
const KEPT = 0.01;
/** Most halvings of a step. */
const HALVINGS = 40;
/**
 * Where a class is certain of every row, the curvature along its weights is next to nothing, and the minimum
 * of the model is no good. Then these parts of the largest curvature are added to all (Levenberg 1944).
 */
const DAMPING = [1e-8, 1e-6, 1e-4, 1e-2];

/** The objective is the problem on these rows, in f64. */
interface ProximalContext extends MethodContext {
  readonly model: NewtonModel;
  readonly rows: Rows;
  readonly problem: ObjectiveProblem;
  readonly net: ElasticNet;
}

export class ProximalNewton implements Method {
  readonly objective: Objective;
  readonly weights: Vector;
  readonly #scaling: Scaling;
  readonly #budget: NewtonModel;
  readonly #rows: Rows;
  readonly #problem: ObjectiveProblem;
  readonly #net: ElasticNet;
  readonly #gradient: Vector;
  #step: L1Minimum | undefined;

  constructor({ objective, scaling, start, model, rows, problem, net }: ProximalContext) {
    this.objective = objective;
    this.weights = start;
    this.#scaling = scaling;
    this.#budget = model;
    this.#rows = rows;
    this.#problem = problem;
    this.#net = net;
    this.#gradient = objective.space.vector();
  }

  get passes(): number {
    return this.#budget.passes;
  }

  get budgetExhausted(): boolean {
    return this.#budget.budgetExhausted;
  }

  async evaluate(): Promise<Point> {
    const { objective, weights } = this;
    const { space } = objective;
    this.#budget.passes++;
    const shifted = space.vector(shiftClasses(await space.read(weights), this.#net));
    space.combine(weights, [[1, shifted]]);
    return this.#point(objective.linearize(weights, this.#gradient), 0);
  }

  async state(): Promise<MethodState> {
    return { kind: "proximal", weights: await readWeights(this), passes: this.passes, step: this.#step };
  }

  async restore(state: MethodState): Promise<void> {
    const { passes, step } = stateOf(state, "proximal");
    [this.#budget.passes, this.#step] = [passes, step];
    await this.objective.linearize(this.weights, this.#gradient);
  }

  async iterate({ value }: Point, afresh: boolean): Promise<Point | undefined> {
    if (this.budgetExhausted) return undefined;
    for await (const { p, decrease, found } of this.#steps()) {
      const t = found && decrease > 0 ? await this.#search(p, value, decrease) : undefined;
      if (t !== undefined) return this.#move(t, p, afresh);
    }
    return undefined;
  }

  /** The step to the minimum of the model, and, where that is no good, of models with more curvature. */
  async *#steps(): AsyncGenerator<L1Minimum> {
    if (this.#step) yield this.#step;
    const model = await this.#model();
    const size = model.w.length;
    const largest = model.hessian.reduce(
      (most, value, i) => (i % (size + 1) === 0 ? Math.max(most, value) : most),
      0,
    );
    for (const part of DAMPING) {
      const damping = part * largest;
      const hessian = model.hessian.map((value, i) => (i % (size + 1) === 0 ? value + damping : value));
      yield minimiseL1Quadratic({ ...model, hessian, ridge: model.ridge.map((one) => one + damping) });
    }
  }

  /** Halves a step until F falls enough. Returns undefined where it never does. */
  async #search(p: Float64Array, value: number, decrease: number): Promise<number | undefined> {
    const { objective, weights } = this;
    const { space } = objective;
    const direction = space.vector(p);
    objective.setDirection(direction);
    const w = await space.read(weights);
    const [wp, pp, ww] = await space.products([
      [weights, direction],
      [direction, direction],
      [weights, weights],
    ]);
    const penaltyAt = (t: number) =>
      ww.penalised / 2 + t * (wp.penalised + (t / 2) * pp.penalised) + this.#l1Of(w, p, t);
    for (let [halving, t] = [0, 1]; halving < HALVINGS; halving++, t /= 2) {
      const [{ loss }] = await objective.evaluateAlong([t]);
      if (this.#scaling.scale * loss + penaltyAt(t) <= value - KEPT * t * decrease) return t;
    }
    return undefined;
  }

  async #move(t: number, p: Float64Array, afresh: boolean): Promise<Point> {
    const { weights } = this;
    const { space } = this.objective;
    const w = await space.read(weights);
    // A full step takes the model's minimum to the bit: weights that it sets to 0 are exactly 0.
    const moved = w.map((one: number, i: number) => (t === 1 ? one + p[i] : one + t * p[i]));
    space.combine(weights, [[1, space.vector(moved)]]);
    return this.#point(this.#budget.move(t, weights, this.#gradient, afresh), t);
  }

  async #point(computing: Promise<Sums>, step: number): Promise<Point> {
    const { weights } = this;
    const { space } = this.objective;
    const sums = await computing;
    const [model, [square]] = await Promise.all([this.#model(), space.products([[weights, weights]])]);
    const { w, g, l1 } = model;
    let gradientMax = 0;
    for (let i = 0; i < w.length; i++) {
      const size = w[i] === 0 ? Math.abs(g[i]) - l1[i] : Math.abs(g[i] + l1[i] * Math.sign(w[i]));
      gradientMax = Math.max(gradientMax, size);
    }
    this.#budget.passes++; // the Hessian takes one pass
    this.#step = minimiseL1Quadratic(model);
    const value = valueOf(this.#scaling, sums, square) + this.#l1Of(w, w, 0);
    const distance = await this.#budget.above(this.#step.bound, space.vector(this.#step.p));
    return pointOf({ sums, value, gradientMax, step }, distance);
  }

  /** Returns the quadratic model of the smooth part at the current weights, and each weight's l1 penalty. */
  async #model(): Promise<L1Quadratic> {
    const { objective, weights } = this;
    const { space } = objective;
    const [z, g, w] = await Promise.all([
      objective.logits(),
      space.read(this.#gradient),
      space.read(weights),
    ]);
    return {
      w: Float64Array.from(w),
      g: Float64Array.from(g),
      hessian: denseHessian(this.#rows, this.#problem, z, false),
      ridge: ridgeOf(this.#problem),
      l1: Float64Array.from(w, (_, i) => this.#net.l1[Math.floor(i / this.#net.classes)] ?? 0),
    };
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
