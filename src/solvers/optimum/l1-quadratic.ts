/**
 * Minimises a quadratic model with l1 penalties by feature-sign search (Lee, Battle, Raina & Ng 2006):
 * guesses the signs, minimises the model over the nonzero weights, and stops weights at 0 that would change
 * sign, where that is lower.
 */
import { SemidefiniteFactor } from "../../math/semidefinite.js";

export interface L1Quadratic {
  /** (size) the point at which the model is made, and the gradient there, without l1. */
  readonly w: Float64Array;
  readonly g: Float64Array;
  /** (size, size) the lower triangle of the Hessian. */
  readonly hessian: Float64Array;
  /** (size) what the l2 penalty adds to the diagonal: the rest of the Hessian is positive semidefinite. */
  readonly ridge: Float64Array;
  /** (size) the l1 penalties; 0 for weights without one. */
  readonly l1: Float64Array;
}

export interface L1Minimum {
  /** (size) the minimum less w. */
  readonly p: Float64Array;
  /** How much lower the model is there than at w. */
  readonly decrease: number;
  /**
   * How much lower than at w the model may be anywhere: more where rounding hides curvature or a step waits.
   */
  readonly bound: number;
  /** Whether the minimum was found. */
  readonly found: boolean;
}

/** Least relative amount by which a slope must exceed its penalty to count. */
const BEYOND = 1e-9;
/** Most iterations of the search per weight. */
const TURNS = 10;

export function minimiseL1Quadratic(model: L1Quadratic): L1Minimum {
  const { w } = model;
  const size = w.length;
  const search = new SignSearch(model);
  const less = (v: Float64Array) => v.map((value, i) => value - w[i]);
  for (let turn = 0; turn < TURNS * size + 10; turn++) {
    search.improve();
    if (!search.isOptimal || search.activate()) continue;
    const curved = Math.max(0, -search.change);
    const flat = flatDecrease(model);
    const bound = curved + search.doubt + flat;
    // A long step changes the curvature everywhere, so the flat weights move only once that gains more than
    // all the others do.
    if (flat <= curved + search.doubt || flat === Infinity) {
      return { p: less(search.v), decrease: curved, bound, found: flat < Infinity };
    }
    const dropped = search.v.map((value, i) => (isFlat(model, i) ? 0 : value));
    return { p: less(dropped), decrease: curved + flat, bound, found: true };
  }
  return { p: less(search.v), decrease: 0, bound: Infinity, found: false };
}

/** Whether the model has no curvature along a weight: its slope is constant but for the l1 penalty. */
function isFlat({ w, hessian }: L1Quadratic, i: number): boolean {
  return !(hessian[i * w.length + i] > 0);
}

/**
 * How much the model falls when weights without curvature become 0; infinite if it has no minimum along one.
 */
function flatDecrease(model: L1Quadratic): number {
  const { w, g, l1 } = model;
  return w.reduce((sum, value, i) => {
    if (!isFlat(model, i)) return sum;
    return Math.abs(g[i]) > (1 + BEYOND) * l1[i] ? Infinity : sum + g[i] * value + l1[i] * Math.abs(value);
  }, 0);
}

class SignSearch {
  /** The current point. */
  readonly v: Float64Array;
  readonly #model: L1Quadratic;
  /** The gradient of the smooth part at v. */
  readonly #slope: Float64Array;
  /** The sign that each weight has or may move to; 0 for weights that are held at 0 or have no l1 penalty. */
  readonly #sign: Float64Array;
  /** Change of the model, l1 included, from w to v. */
  change = 0;
  /** How much lower the model may be than at v, because rounding hides curvature. */
  doubt = 0;
  /** Whether the last step reached the minimum without any weight crossing 0. */
  isOptimal = false;

  constructor(model: L1Quadratic) {
    const { w, g, l1 } = model;
    this.#model = model;
    this.v = w.slice();
    this.#slope = g.slice();
    this.#sign = w.map((value, i) => (l1[i] === 0 ? 0 : Math.sign(value)));
  }

  /** Frees the weight whose slope exceeds its penalty by the largest factor; returns false if none does. */
  activate(): boolean {
    const { l1 } = this.#model;
    let [most, best] = [0, -1];
    this.v.forEach((value, i) => {
      if (value !== 0 || l1[i] === 0 || this.#sign[i] !== 0) return;
      const beyond = Math.abs(this.#slope[i]) / l1[i] - 1;
      if (beyond > Math.max(BEYOND, most)) [most, best] = [beyond, i];
    });
    if (best < 0) return false;
    this.#sign[best] = -Math.sign(this.#slope[best]);
    return true;
  }

  /** Moves the free weights to the minimum for their signs, or to the lowest point at which some become 0. */
  improve(): void {
    const { hessian, l1 } = this.#model;
    const [v, sign, slope] = [this.v, this.#sign, this.#slope];
    const size = v.length;
    const at = (i: number, j: number) => hessian[Math.max(i, j) * size + Math.min(i, j)];
    const free = Array.from(v.keys()).filter((i) => at(i, i) > 0 && (l1[i] === 0 || sign[i] !== 0));
    const part = new Float64Array(free.length ** 2);
    free.forEach((i, n) => free.slice(0, n + 1).forEach((j, m) => (part[n * free.length + m] = at(i, j))));
    const pull = Float64Array.from(free, (i) => -(slope[i] + l1[i] * sign[i]));
    const ridge = Float64Array.from(free, (i) => this.#model.ridge[i]);
    const { x, doubt } = new SemidefiniteFactor(part, free.length, ridge).solve(pull);
    this.doubt = doubt / 2;

    const hx = new Float64Array(size); // H·x
    free.forEach((j, m) => {
      for (let i = 0; i < size; i++) hx[i] += at(i, j) * x[m];
    });
    const along = free.reduce((sum, i, n) => sum + slope[i] * x[n], 0);
    const curvature = free.reduce((sum, i, n) => sum + hx[i] * x[n], 0);
    const changeAt = (t: number) =>
      free.reduce(
        (sum, i, n) => sum + l1[i] * (Math.abs(v[i] + t * x[n]) - Math.abs(v[i])),
        t * along + (t * t * curvature) / 2,
      );
    const crossings = free.flatMap((i, n) => {
      const t = l1[i] === 0 || x[n] === 0 ? 0 : -v[i] / x[n];
      return t > 0 && t < 1 ? [t] : [];
    });
    const best = [1, ...crossings].reduce((low, t) => (changeAt(t) < changeAt(low) ? t : low));
    this.change += changeAt(best);
    free.forEach((i, n) => {
      const crosses = best < 1 && l1[i] > 0 && x[n] !== 0 && best === -v[i] / x[n];
      v[i] = crosses ? 0 : v[i] + best * x[n];
      if (l1[i] > 0) sign[i] = Math.sign(v[i]);
    });
    for (let i = 0; i < size; i++) slope[i] += best * hx[i];
    this.isOptimal = best === 1 && crossings.length === 0;
  }
}
