/**
 * Newton's method, its equation H·p = −g solved by conjugate gradients as far as is worth while (Dembo, Eisenstat &
 * Steihaug 1982; Nocedal & Wright 2006, algorithm 7.1), with a preconditioner. The Hessian is never made: a product with it
 * is one pass over X.
 */
import type { Matrix, Objective, Sums, Vector } from "../engine/engine.js";
import { lineAlong, search } from "./line.js";
import { type Method, type Point, type Scaling, valueOf } from "./second-order.js";
import { plus } from "./terms.js";

/** The equation is solved to this part of the gradient at the most, and ever better as the gradient falls. */
const FORCING = 0.3;
/** A direction that H turns by so nearly a right angle has no curvature but for rounding. */
const FLAT = 1e-6;
/** Products with the Hessian in one iteration. */
const MOST_PRODUCTS = 200;

export class Newton implements Method {
  readonly weights: Vector;
  readonly #objective: Objective;
  readonly #scaling: Scaling;
  readonly #tolerance: number;
  readonly #allowance: number;
  readonly #matrix: Matrix | undefined;
  readonly #gradient: Vector;
  /** Of the conjugate gradients: the solution, what is left, M times it, the direction and H times it. */
  readonly #p: Vector;
  readonly #r: Vector;
  readonly #z: Vector;
  readonly #d: Vector;
  readonly #hd: Vector;
  /** g·M·g, of the first gradient and of the present one. */
  #first: number | undefined;
  #square = 0;
  #passes = 0;
  /** g·p, when the equation is solved at the present point. */
  #slope: number | undefined;

  /**
   * `start` is (features + 1, classes), `matrix` the preconditioner. No equation is begun or gone on with, and no step taken,
   * when as many passes are over as the allowance has.
   */
  constructor(
    objective: Objective,
    scaling: Scaling,
    tolerance: number,
    start: Vector,
    matrix?: Matrix,
    allowance = Infinity,
  ) {
    this.weights = start;
    this.#objective = objective;
    this.#scaling = scaling;
    this.#tolerance = tolerance;
    this.#allowance = allowance;
    this.#matrix = matrix;
    const [gradient, p, r, z, d, hd] = Array.from({ length: 6 }, () => objective.vector());
    [this.#gradient, this.#p, this.#r, this.#d, this.#hd] = [gradient, p, r, d, hd];
    this.#z = matrix ? z : r;
  }

  get passes(): number {
    return this.#passes;
  }

  get spent(): boolean {
    return this.#passes >= this.#allowance;
  }

  look(): Promise<Point> {
    this.#passes++;
    return this.#point(this.#objective.at(this.weights, this.#gradient), 0);
  }

  async advance({ sums }: Point): Promise<Point | undefined> {
    const objective = this.#objective;
    const [w, p] = [this.weights, this.#p];
    const slope = this.#slope ?? (await this.#solve());
    if (slope === undefined || !(slope < 0) || this.spent) return undefined;
    objective.along(p);
    const t = await search(objective, lineAlong(objective, this.#scaling, w, p, sums, slope), 1);
    if (t === undefined) return undefined;
    objective.combine(w, plus(w, t, p));
    this.#passes++;
    return this.#point(objective.move(t, w, this.#gradient), t);
  }

  /** What is to be known of the point that is being computed. */
  async #point(computing: Promise<Sums>, step: number): Promise<Point> {
    const objective = this.#objective;
    const [w, g] = [this.weights, this.#gradient];
    objective.centre(g);
    if (this.#matrix) objective.multiply(this.#z, this.#matrix, g);
    else objective.combine(this.#z, [[1, g]]);
    const [sums, [weights, gradient, square]] = await Promise.all([
      computing,
      objective.products([
        [w, w],
        [g, g],
        [g, this.#z],
      ]),
    ]);
    const value = valueOf(this.#scaling, sums, weights);
    const gradientMax = Math.sqrt(gradient.largest);
    this.#square = square.sum;
    this.#first ??= square.sum;
    // Only the last points need to know what a further step would gain.
    this.#slope = gradientMax <= this.#tolerance ? await this.#solve() : undefined;
    return { sums, value, gradientMax, gain: -(this.#slope ?? -Infinity) / 2, step };
  }

  /** p ← −H⁻¹·g, about. Returns g·p, or nothing where the allowance does not suffice. z is M·g. */
  async #solve(): Promise<number | undefined> {
    const objective = this.#objective;
    const [g, p, r, z, d, hd] = [this.#gradient, this.#p, this.#r, this.#z, this.#d, this.#hd];
    objective.combine(p, []);
    objective.combine(r, [[-1, g]]);
    if (this.#matrix) objective.combine(z, [[-1, z]]);
    objective.combine(d, [[1, z]]);
    let left = this.#square; // r·M·r
    const enough = left * Math.min(FORCING, Math.sqrt(left / (this.#first ?? left))) ** 2;
    for (let n = 0; n < MOST_PRODUCTS && left > enough; n++) {
      if (this.spent) return undefined;
      this.#passes++;
      objective.curvature(d, hd);
      const [curved, far, pull] = await objective.products([
        [d, hd],
        [d, d],
        [hd, hd],
      ]);
      // Rounding: nothing is left to be solved, or the data say nothing of this direction.
      if (!(curved.sum > FLAT * Math.sqrt(far.sum * pull.sum))) break;
      const step = left / curved.sum;
      objective.combine(p, plus(p, step, d));
      objective.combine(r, plus(r, -step, hd));
      objective.centre(r);
      if (this.#matrix) objective.multiply(z, this.#matrix, r);
      const [next] = await objective.products([[r, z]]);
      objective.combine(d, plus(z, next.sum / left, d));
      left = next.sum;
    }
    const [slope] = await objective.products([[g, p]]);
    return slope.sum;
  }
}
