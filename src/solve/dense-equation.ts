/**
 * The equation of Newton's method, H·p = −g, of a problem that is small enough for its Hessian to be made, in f64: one pass over
 * the rows, and a Cholesky factor. Its solution is exact, so that the bounds of ½·g·H⁻¹·g meet.
 */
import type { Objective, ObjectiveProblem, Rows, Vector } from "../engine/engine.js";
import type { FreeWeights, NewtonEquation, Solution, Wanted } from "./newton-equation.js";
import { SemidefiniteFactor } from "./semidefinite.js";

/** How much less than the diagonal the curvature for weights at 0 may be that are to be set free. */
const SMALLEST = 0.01;

export class DenseEquation implements NewtonEquation {
  readonly #objective: Objective;
  readonly #problem: ObjectiveProblem;
  readonly #rows: Rows;
  #p: Vector;
  /** (features + 1, classes) the diagonal of the last Hessian. */
  #diagonal = new Float64Array();

  /** `objective` is the problem's on these rows, in f64. */
  constructor(objective: Objective, rows: Rows, problem: ObjectiveProblem) {
    this.#objective = objective;
    this.#problem = problem;
    this.#rows = rows;
    this.#p = objective.vector();
  }

  get p(): Vector {
    return this.#p;
  }

  async solve(g: Vector, wanted: Wanted, free?: FreeWeights): Promise<Solution> {
    wanted.more(); // the Hessian is one pass
    const objective = this.#objective;
    const [z, slope, ...held] = await Promise.all([
      objective.logits(),
      objective.read(g),
      ...(free ? [objective.read(free.w), objective.read(free.d)] : []),
    ]);
    const { classes } = this.#problem;
    const intercept = slope.length - classes;
    const isFree = (i: number) =>
      (i < intercept || this.#problem.intercept) &&
      (i >= intercept || !free || held.some((vector) => vector[i] !== 0));
    const chosen = Uint32Array.from(slope.keys()).filter(isFree);
    const blocks = curvatureBlocks(this.#rows, this.#problem, z);
    const hessian = this.#hessian(blocks, chosen, free === undefined);
    const factor = new SemidefiniteFactor(hessian, chosen.length);
    const b = Float64Array.from(chosen, (i) => -slope[i]);
    const { x, doubt } = factor.solve(b);
    const p = new Float64Array(slope.length);
    chosen.forEach((i, n) => (p[i] = x[n]));
    this.#p = objective.vector(p);
    const along = x.reduce((sum, one, n) => sum - one * b[n], 0);
    return { slope: along, lower: -along / 2, upper: -along / 2 + doubt / 2, smallest: SMALLEST };
  }

  async squaredLength(v: Vector): Promise<number> {
    const values = await this.#objective.read(v);
    return Array.from(values, (one, i) => (one === 0 ? 0 : one ** 2 / this.#diagonal[i])).reduce(
      (a, b) => a + b,
      0,
    );
  }

  /**
   * The lower triangle of the Hessian of the chosen elements. Along the mean over the classes of a feature it is 0 but for the
   * penalty: 1 is added there where a step has no such part, as it has none in the intercept.
   */
  #hessian(blocks: Float64Array, chosen: Uint32Array, centred: boolean): Float64Array {
    const { classes, penalties } = this.#problem;
    const { features } = this.#rows;
    const width = features + 1;
    const size = chosen.length;
    const hessian = new Float64Array(size * size);
    const element = (i: number, j: number) => {
      const [d, k, e, l] = [Math.floor(i / classes), i % classes, Math.floor(j / classes), j % classes];
      const block = (Math.max(k, l) * (Math.max(k, l) + 1)) / 2 + Math.min(k, l);
      const loss = blocks[block * width * width + Math.max(d, e) * width + Math.min(d, e)];
      if (d !== e) return loss;
      const mean = centred || d === features ? 1 / classes : 0;
      return loss + mean + (k === l && d < features ? penalties[d] : 0);
    };
    this.#diagonal = Float64Array.from({ length: width * classes }, (_, i) => element(i, i));
    for (let n = 0; n < size; n++) {
      for (let m = 0; m <= n; m++) hessian[n * size + m] = element(chosen[n], chosen[m]);
    }
    return hessian;
  }
}

/**
 * Σ scale·weight·s_k(δ_kl − s_l)·[x, 1] ⊗ [x, 1] of each pair of classes k ≥ l, as the lower triangle of (features + 1,
 * features + 1). z: (rows, classes)
 */
function curvatureBlocks(
  { x, features, scale: ofByte, weights }: Rows,
  { rows, classes, scale }: ObjectiveProblem,
  z: Float64Array | Float32Array,
): Float64Array {
  const width = features + 1;
  const blocks = new Float64Array(((classes * (classes + 1)) / 2) * width * width);
  const row = new Float64Array(width).fill(1);
  const s = new Float64Array(classes);
  rows.forEach((number, n) => {
    for (let d = 0; d < features; d++) row[d] = ofByte * x[number * features + d];
    softmaxOf(z.subarray(n * classes, (n + 1) * classes), s);
    const weight = scale * (weights ? weights[number] : 1);
    for (let k = 0, block = 0; k < classes; k++) {
      for (let l = 0; l <= k; l++, block += width * width) {
        const curvature = weight * s[k] * (k === l ? 1 - s[k] : -s[l]);
        if (curvature === 0) continue;
        for (let d = 0; d < width; d++) {
          const factor = curvature * row[d];
          if (factor === 0) continue;
          const first = block + d * width;
          for (let e = 0; e <= d; e++) blocks[first + e] += factor * row[e];
        }
      }
    }
  });
  return blocks;
}

function softmaxOf(z: Float64Array | Float32Array, s: Float64Array): void {
  let max = -Infinity;
  for (const one of z) max = Math.max(max, one);
  let sum = 0;
  for (let k = 0; k < s.length; k++) sum += s[k] = Math.exp(z[k] - max);
  for (let k = 0; k < s.length; k++) s[k] /= sum;
}
