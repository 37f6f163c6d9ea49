/**
 * Minimises g·(z − v) + ½·(z − v)·H·(z − v) + Σ τ·|z| over z. Where all τ are 0 this is one Newton step;
 * otherwise it is the exact active-set method of Lee, Battle, Raina & Ng 2006 (feature-sign search).
 */

export interface L1Quadratic {
  /** (size, size) H */
  readonly hessian: Float64Array;
  /** (size) g, at `from` */
  readonly gradient: Float64Array;
  /** (size) τ ≥ 0 */
  readonly thresholds: Float64Array;
  /** (size) v */
  readonly from: Float64Array;
}

export interface QuadraticMinimum {
  readonly minimum: Float64Array;
  /** How much lower the minimum is than the value at `from`. */
  readonly decrease: number;
}

/** A slope exceeds its threshold only if it does so by more than this part of it. */
const BEYOND = 1e-7;

/** Ends when no step lowers the function by more than `negligible`. */
export function minimiseQuadratic(quadratic: L1Quadratic, negligible: number): QuadraticMinimum {
  const { hessian, thresholds, from } = quadratic;
  const size = from.length;
  const z = from.slice();
  const gradient = quadratic.gradient.slice(); // gradient of the smooth part at z
  const active = new Set<number>();
  for (let i = 0; i < size; i++) if (thresholds[i] === 0 || z[i] !== 0) active.add(i);
  let decrease = 0;
  let many = true;
  for (let round = 0; round < 30 * size + 30; round++) {
    // 1. Solve for the active coordinates, each with its sign, or with the sign it leaves 0 with.
    const indices = [...active].toSorted((a, b) => a - b);
    const slopes = indices.map((i) => gradient[i] + thresholds[i] * signOf(z[i], gradient[i]));
    const step = solve(hessian, size, indices, slopes);
    // 2. Keep coordinates at 0 if the solution would move them against their sign.
    const wrong = indices.filter((i, at) => thresholds[i] > 0 && z[i] === 0 && step[at] * -gradient[i] <= 0);
    if (wrong.length > 0 && wrong.length < indices.length) {
      wrong.forEach((i) => active.delete(i));
      many = false;
      continue;
    }
    // 3. Go to the lowest point along the step, past changes of sign.
    const moved = lowestAlong(quadratic, z, gradient, indices, step);
    decrease += moved;
    const ended = indices.filter((i) => thresholds[i] > 0 && z[i] === 0);
    ended.forEach((i) => active.delete(i));
    // A step cut short by a coordinate near 0 says nothing about the next one.
    if (ended.length > 0 || moved > Math.max(negligible, 1e-9 * decrease)) continue;
    // 4. Activate coordinates that lower the function by leaving 0: all of them, or, once that has failed,
    // the best one.
    const gains = Array.from({ length: size }, (_, i) => {
      const beyond = active.has(i) ? 0 : Math.abs(gradient[i]) - thresholds[i];
      return beyond > 0 ? beyond ** 2 / (2 * Math.max(hessian[i * (size + 1)], 1e-300)) : 0;
    });
    // Alone a coordinate may gain little, but much together with nearly identical columns.
    const leaving = [...gains.keys()].filter(
      (i) => gains[i] > negligible || (gains[i] > 0 && Math.abs(gradient[i]) > (1 + BEYOND) * thresholds[i]),
    );
    if (leaving.length === 0) break;
    if (many) leaving.forEach((i) => active.add(i));
    else active.add(leaving.reduce((a, b) => (gains[b] > gains[a] ? b : a)));
  }
  return { minimum: z, decrease };
}

/** The sign of a coordinate, or, if it is 0, the sign that the gradient pushes it to. */
function signOf(z: number, gradient: number): number {
  return z === 0 ? -Math.sign(gradient) : Math.sign(z);
}

/**
 * Moves z to the lowest point along the step; the function is convex, and quadratic between changes of sign.
 * Returns the decrease.
 */
function lowestAlong(
  { hessian, thresholds }: L1Quadratic,
  z: Float64Array,
  gradient: Float64Array,
  indices: readonly number[],
  step: Float64Array,
): number {
  const size = z.length;
  const product = new Float64Array(size); // H·step
  indices.forEach((i, at) => {
    if (step[at] === 0) return;
    for (let j = 0; j < size; j++) product[j] += hessian[i * size + j] * step[at];
  });
  let curvature = 0;
  let slope = 0;
  const kinks: { readonly t: number; readonly jump: number; readonly index: number }[] = [];
  indices.forEach((i, at) => {
    const d = step[at];
    curvature += d * product[i];
    slope += gradient[i] * d + thresholds[i] * (z[i] === 0 ? Math.abs(d) : Math.sign(z[i]) * d);
    if (thresholds[i] > 0 && z[i] * d < 0)
      kinks.push({ t: -z[i] / d, jump: 2 * thresholds[i] * Math.abs(d), index: i });
  });
  if (!(slope < 0)) return 0;
  kinks.sort((a, b) => a.t - b.t);
  let t = 0;
  let fallen = 0;
  let stop: number | undefined; // the coordinate that ends at 0
  const advance = (to: number) => {
    const length = to - t;
    fallen -= slope * length + 0.5 * curvature * length * length;
    slope += curvature * length;
    t = to;
  };
  for (const kink of kinks) {
    if (slope + curvature * (kink.t - t) >= 0) break;
    advance(kink.t);
    slope += kink.jump;
    if (slope >= 0) {
      stop = kink.index;
      break;
    }
  }
  if (stop === undefined) {
    if (!(curvature > 0)) return 0;
    advance(t - slope / curvature);
  }
  indices.forEach((i, at) => (z[i] = i === stop ? 0 : z[i] + t * step[at]));
  for (let j = 0; j < size; j++) gradient[j] += t * product[j];
  return fallen;
}

/**
 * Computes −H⁻¹·slopes over the chosen coordinates by Cholesky of H scaled to a unit diagonal, with the
 * smallest ridge that makes it positive definite.
 */
function solve(hessian: Float64Array, size: number, indices: readonly number[], slopes: readonly number[]) {
  const n = indices.length;
  const scale = indices.map((i) => 1 / Math.sqrt(Math.max(hessian[i * (size + 1)], 1e-300)));
  const lower = new Float64Array(n * n);
  for (let ridge = n * 2 ** -52; ; ridge *= 10) {
    for (let i = 0; i < n; i++) {
      const row = indices[i] * size;
      for (let j = 0; j < i; j++) lower[i * n + j] = hessian[row + indices[j]] * scale[i] * scale[j];
      lower[i * (n + 1)] = 1 + ridge;
    }
    if (factorise(lower, n)) break;
  }
  const step = Float64Array.from(slopes, (slope, i) => -slope * scale[i]);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) step[i] -= lower[i * n + j] * step[j];
    step[i] /= lower[i * (n + 1)];
  }
  for (let i = n - 1; i >= 0; i--) {
    step[i] /= lower[i * (n + 1)];
    for (let j = 0; j < i; j++) step[j] -= lower[i * n + j] * step[i];
  }
  return step.map((one, i) => one * scale[i]);
}

/** Cholesky factorization in place, in the lower triangle. Returns false if a pivot is lost in rounding. */
function factorise(a: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
      if (j < i) a[i * n + j] = sum / a[j * (n + 1)];
      else if (sum > n * 2 ** -54) a[i * (n + 1)] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}
