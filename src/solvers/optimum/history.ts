/**
 * The history of L-BFGS: the last steps s and the changes y of the gradient over them (Nocedal & Wright 2006,
 * algorithm 7.4). The vectors stay where the engine computes; the two-loop recursion needs only their inner
 * products, which come in one readback per iteration (Chen, Wang & Zhou 2014).
 *
 * The initial estimate of the inverse Hessian is γ·M, with M the preconditioner, or the identity without one.
 */
import type { FloatArray } from "../../core/rows.js";
import { plus } from "../../engine/terms.js";
import type { Product, Term, Vector, VectorSpace } from "../../engine/vectors.js";

interface Pair {
  readonly s: Vector;
  readonly y: Vector;
  /** M·y, or y itself without a preconditioner. */
  readonly my: Vector;
  /** Products of this pair's s with the y of this pair and of every later one, oldest first. */
  readonly sy: number[];
  /** Products of this pair's y with the M·y of the same pairs. */
  readonly yy: number[];
  /** s·g and y·M·g with the current gradient g. */
  sg: number;
  yg: number;
}

/** A pair as plain values. */
export interface PairState extends Pick<Pair, "sg" | "yg"> {
  /** s, y and, with a preconditioner, M·y: each (features + 1, classes). */
  readonly vectors: readonly FloatArray[];
  readonly sy: readonly number[];
  readonly yy: readonly number[];
}

/** A gradient g and M·g. */
export interface Slope {
  readonly g: Vector;
  readonly mg: Vector;
}

/** A direction as a sum of vectors, and the slope of F along it. */
export interface Direction {
  readonly terms: readonly Term[];
  readonly slope: number;
}

/** A pair that is being added. */
export interface Addition {
  /** The vectors whose products it needs. */
  readonly wanted: readonly (readonly [Vector, Vector])[];
  /** Adds the pair, given these products. */
  finish(products: readonly Product[]): void;
}

export class History {
  readonly #space: VectorSpace;
  readonly #memory: number;
  readonly #preconditioned: boolean;
  readonly #idle: Pick<Pair, "s" | "y" | "my">[] = [];
  #pairs: Pair[] = [];

  constructor(space: VectorSpace, memory: number, preconditioned: boolean) {
    this.#space = space;
    this.#memory = memory;
    this.#preconditioned = preconditioned;
  }

  get length(): number {
    return this.#pairs.length;
  }

  forget(): void {
    this.#idle.push(...this.#pairs.splice(0));
  }

  state(): Promise<PairState[]> {
    return Promise.all(
      this.#pairs.map(async ({ s, y, my, sy, yy, sg, yg }) => {
        const vectors = await Promise.all(
          (my === y ? [s, y] : [s, y, my]).map((one) => this.#space.read(one)),
        );
        return { vectors, sy: [...sy], yy: [...yy], sg, yg };
      }),
    );
  }

  restore(pairs: readonly PairState[]): void {
    this.forget();
    this.#pairs = pairs.map(({ vectors, sy, yy, sg, yg }) => {
      const [s, y, my = y] = vectors.map((one) => this.#space.vector(one));
      return { s, y, my, sy: [...sy], yy: [...yy], sg, yg };
    });
  }

  /**
   * Begins to add the step t·p, which changed the gradient `from` into `to`. An addition that is not finished
   * is forgotten by the next one.
   */
  add(t: number, p: Vector, from: Slope, to: Slope): Addition {
    if (this.#idle.length === 0) this.#idle.push(this.#vectors());
    const [vectors] = this.#idle;
    const space = this.#space;
    space.combine(vectors.s, [[t, p]]);
    space.combine(vectors.y, plus(to.g, -1, from.g));
    if (this.#preconditioned) space.combine(vectors.my, plus(to.mg, -1, from.mg));
    const pair: Pair = { ...vectors, sy: [], yy: [], sg: 0, yg: 0 };
    const pairs = [...this.#pairs, pair];
    return {
      wanted: [
        [pair.s, from.g],
        [pair.y, from.mg],
        ...pairs.map(({ s }) => [s, to.g] as const),
        ...pairs.map(({ y }) => [y, to.mg] as const),
      ],
      finish: ([before, yBefore, ...after]) => {
        [pair.sg, pair.yg] = [before.sum, yBefore.sum];
        this.#keep(pairs, after.slice(0, pairs.length), after.slice(pairs.length));
      },
    };
  }

  /** Keeps the pair unless it is rounding. Products with y are the changes of products with the gradient. */
  #keep(pairs: Pair[], sg: readonly Product[], yg: readonly Product[]): void {
    const sy = pairs.map((pair, n) => sg[n].sum - pair.sg);
    const yy = pairs.map((pair, n) => yg[n].sum - pair.yg);
    pairs.forEach((pair, n) => {
      pair.sg = sg[n].sum;
      pair.yg = yg[n].sum;
    });
    // F is convex, so s·y > 0 but for rounding: drop a pair that rounding spoiled.
    const last = pairs.length - 1;
    if (!(sy[last] > 0 && yy[last] > 0)) return;
    this.#idle.shift();
    pairs.forEach((pair, n) => {
      pair.sy.push(sy[n]);
      pair.yy.push(yy[n]);
    });
    this.#pairs = pairs;
    if (pairs.length <= this.#memory) return;
    this.#idle.push(...pairs.splice(0, 1));
  }

  /** The direction −H·g, with H the estimate of the inverse Hessian. `gg` is g·M·g. */
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
    const b = new Float64Array(count); // negated coefficients of the steps s
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
    const [s, y] = [this.#space.vector(), this.#space.vector()];
    return { s, y, my: this.#preconditioned ? this.#space.vector() : y };
  }
}
