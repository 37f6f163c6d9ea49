/**
 * The last steps s and what they did to the gradient, y: all that L-BFGS knows of the curvature (Nocedal & Wright 2006,
 * algorithm 7.4). The vectors stay where the engine computes; their inner products, which come in one readback an
 * iteration, are all that the two loops need (Chen, Wang & Zhou 2014).
 *
 * The first estimate of the inverse Hessian is γ·M, with M the preconditioner or 1.
 */
import type { Objective } from "../../engine/objective.js";
import type { Product, Term, Vector } from "../../engine/vectors.js";
import { plus } from "./terms.js";

interface Pair {
  readonly s: Vector;
  readonly y: Vector;
  /** M·y: y itself without a preconditioner. */
  readonly my: Vector;
  /** s·y of this pair's s and the y of every pair from this one on, oldest first. */
  readonly sy: number[];
  /** y·M·y, likewise. */
  readonly yy: number[];
  /** s·g and y·M·g of the present gradient. */
  sg: number;
  yg: number;
}

/** A gradient, and M times it. */
export interface Slope {
  readonly g: Vector;
  readonly mg: Vector;
}

/** A direction as a sum of vectors, and how F changes along it. */
export interface Direction {
  readonly terms: readonly Term[];
  readonly slope: number;
}

export class History {
  readonly #objective: Objective;
  readonly #memory: number;
  readonly #preconditioned: boolean;
  readonly #idle: Pick<Pair, "s" | "y" | "my">[] = [];
  #pairs: Pair[] = [];

  constructor(objective: Objective, memory: number, preconditioned: boolean) {
    this.#objective = objective;
    this.#memory = memory;
    this.#preconditioned = preconditioned;
  }

  get length(): number {
    return this.#pairs.length;
  }

  forget(): void {
    this.#idle.push(...this.#pairs.splice(0));
  }

  /** After a step of t along p, from one gradient to another. What it asks for is answered with what else is asked for now. */
  async add(t: number, p: Vector, from: Slope, to: Slope): Promise<void> {
    const vectors = this.#idle.pop() ?? this.#vectors();
    const objective = this.#objective;
    objective.combine(vectors.s, [[t, p]]);
    objective.combine(vectors.y, plus(to.g, -1, from.g));
    if (this.#preconditioned) objective.combine(vectors.my, plus(to.mg, -1, from.mg));
    const pair: Pair = { ...vectors, sy: [], yy: [], sg: 0, yg: 0 };
    const pairs = [...this.#pairs, pair];
    const [sg, yg, [before, yBefore]] = await Promise.all([
      objective.products(pairs.map(({ s }) => [s, to.g])),
      objective.products(pairs.map(({ y }) => [y, to.mg])),
      objective.products([
        [pair.s, from.g],
        [pair.y, from.mg],
      ]),
    ]);
    [pair.sg, pair.yg] = [before.sum, yBefore.sum];
    this.#keep(pairs, sg, yg);
  }

  /** How products with the gradient have changed is what they are with its change. */
  #keep(pairs: Pair[], sg: readonly Product[], yg: readonly Product[]): void {
    const sy = pairs.map((pair, n) => sg[n].sum - pair.sg);
    const yy = pairs.map((pair, n) => yg[n].sum - pair.yg);
    pairs.forEach((pair, n) => {
      pair.sg = sg[n].sum;
      pair.yg = yg[n].sum;
    });
    // F is convex, so s·y > 0 but for rounding: such a pair would say nothing true.
    const last = pairs.length - 1;
    if (!(sy[last] > 0 && yy[last] > 0)) {
      this.#idle.push(pairs[last]);
      return;
    }
    pairs.forEach((pair, n) => {
      pair.sy.push(sy[n]);
      pair.yy.push(yy[n]);
    });
    this.#pairs = pairs;
    if (pairs.length <= this.#memory) return;
    this.#idle.push(...pairs.splice(0, 1));
  }

  /** −H·g, H the estimate of the inverse Hessian; `gg` is g·M·g. */
  direction({ mg }: Slope, gg: number): Direction {
    const pairs = this.#pairs;
    const count = pairs.length;
    const a = new Float64Array(count);
    for (let i = count - 1; i >= 0; i--) {
      let sq = pairs[i].sg;
      for (let j = i + 1; j < count; j++) sq -= a[j] * pairs[i].sy[j - i];
      a[i] = sq / pairs[i].sy[0];
    }
    const gamma = count > 0 ? pairs[count - 1].sy[0] / pairs[count - 1].yy[0] : 1;
    const b = new Float64Array(count); // the steps' factors
    for (let i = 0; i < count; i++) {
      let yr = gamma * pairs[i].yg;
      for (let j = 0; j < count; j++) {
        const yy = j < i ? pairs[j].yy[i - j] : pairs[i].yy[j - i];
        yr -= gamma * a[j] * yy;
      }
      for (let j = 0; j < i; j++) yr += b[j] * pairs[j].sy[i - j];
      b[i] = a[i] - yr / pairs[i].sy[0];
    }
    const terms: Term[] = [[-gamma, mg]];
    let slope = -gamma * gg;
    pairs.forEach(({ s, my, sg, yg }, n) => {
      terms.push([gamma * a[n], my], [-b[n], s]);
      slope += gamma * a[n] * yg - b[n] * sg;
    });
    return { terms, slope };
  }

  #vectors(): Pick<Pair, "s" | "y" | "my"> {
    const [s, y] = [this.#objective.vector(), this.#objective.vector()];
    return { s, y, my: this.#preconditioned ? this.#objective.vector() : y };
  }
}
