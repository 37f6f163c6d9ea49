/**
 * Parity of an objective, for second-order solvers: what the engine computes for a sample of the rows at the
 * present weights, with the bounds of `step.ts`.
 */
import { range } from "../core/random.js";
import { spaced } from "../data/sample.js";
import type { Placement } from "../engine/engine.js";
import type { ObjectiveProblem } from "../engine/objective.js";
import { type RowSource, readChosenRows } from "../core/row-source.js";
import { type FloatArray, type Rows, absolute, inF64, labelledOnly } from "../core/rows.js";
import { addOffsets, gradient, hessianResidual, logits, offsetLogits, residual } from "../math/passes.js";
import { TINY, U, gamma, ratio, residualBounds, softmaxBounds } from "./step.js";
import { type Parity, maxOrInfinity } from "./stages.js";

/** Most rows that are checked. */
const ROWS = 256;
/**
 * Error bound of a sum over rows or over a vector: 64 additions in f32, of a thread and a pairwise workgroup.
 */
export const SUM = gamma(64);
/** Roundings of a feature that is read from a byte and scaled. */
const UNPACKED = 4;

/**
 * Checks logits, loss and gradient at w, (features + 1, classes), and the curvature along the gradient there,
 * with an objective of a sample of the problem's rows.
 */
export async function objectiveParity(
  placement: Placement,
  rows: RowSource,
  problem: ObjectiveProblem,
  w: FloatArray,
): Promise<Parity> {
  const { classes } = problem;
  const some = { ...problem, rows: spaced(problem.rows, ROWS) };
  const data = inF64(labelledOnly(await readChosenRows(rows, some.rows)));
  const objective = await placement.objective(some);
  try {
    const { space } = objective;
    const [at, g, h] = [space.vector(w), space.vector(), space.vector()];
    const sums = await objective.linearize(at, g);
    objective.curvature(g, h);
    const [z, slope, curved, weights] = (
      await Promise.all([objective.logits(), space.read(g), space.read(h), space.read(at)])
    ).map((values) => Float64Array.from(values));
    const zBounds = offsetLogitBounds(data, weights, classes);
    const stages = {
      logits: ratio(z, offsetLogits(data, range(data.count), weights, classes), (i) => zBounds[i]),
      loss: lossRatio(data, classes, z, sums.loss),
      gradient: gradientRatio(data, some, z, weights, slope),
      curvature: curvatureRatio(data, some, z, slope, curved),
    };
    return { rho: Object.values(stages).reduce(maxOrInfinity), stages, steps: 1, examples: data.count };
  } finally {
    objective.release();
  }
}

/** (rows, classes) the same of the logits with their offsets, which have two roundings more. */
export function offsetLogitBounds(data: Rows, w: FloatArray, classes: number): Float64Array {
  const bounds = logitBounds(data, w, classes);
  if (!data.offsets) return bounds;
  const size = logits(absolute(data), range(data.count), w.map(Math.abs), classes);
  addOffsets(absolute(data), range(data.count), size, classes);
  return bounds.map((one, i) => one + gamma(2) * (1 + gamma(data.features + 1 + UNPACKED)) * size[i]);
}

/** (rows, classes) bounds |Δz| ≤ γ·(|x|·|W| + |b|) of the products of all rows. */
export function logitBounds(data: Rows, w: FloatArray, classes: number): Float64Array {
  const size = logits(absolute(data), range(data.count), w.map(Math.abs), classes);
  return size.map((one) => gamma(data.features + 1 + UNPACKED) * one + TINY * (data.features + 1));
}

/** Error ÷ bound of Σ losses, given the engine's own Z. */
export function lossRatio(data: Rows, classes: number, z: Float64Array, found: number): number {
  const exact = residual(data, range(data.count), z, classes);
  const bound = total(residualBounds(data, z, classes).losses) + SUM * total(exact.losses.map(Math.abs));
  return Math.abs(found - exact.sums.loss) / bound;
}

/** Error ÷ bound of ∇F = scale·Xᵀ·R + penalties·w, with the engine's own Z behind R. */
export function gradientRatio(
  data: Rows,
  { classes, scale, penalties, intercept }: ObjectiveProblem,
  z: Float64Array,
  w: FloatArray,
  found: Float64Array,
): number {
  const { residual: r } = residual(data, range(data.count), z, classes);
  return sumRatio(data, r, residualBounds(data, z, classes).residual, w, found, {
    classes,
    scale,
    penalties,
    intercept,
  });
}

/** Error ÷ bound of scale·Xᵀ·R + penalties·w, where each element of R may be off by its own bound. */
function sumRatio(
  data: Rows,
  r: Float64Array,
  bounds: Float64Array,
  w: FloatArray,
  found: Float64Array,
  { classes, scale, penalties, intercept }: Omit<ObjectiveProblem, "rows">,
): number {
  const all = range(data.count);
  const [sum, size, off] = [0, 1, 2].map(() => new Float64Array(found.length));
  gradient(data, all, r, classes, sum);
  gradient(absolute(data), all, r.map(Math.abs), classes, size);
  gradient(absolute(data), all, bounds, classes, off);
  const last = found.length - classes;
  const penalised = (i: number) => (i < last ? penalties[Math.floor(i / classes)] * w[i] : 0);
  const exact = sum.map((one, i) => (i < last || intercept ? scale * one + penalised(i) : 0));
  return ratio(found, exact, (i) => {
    const error = off[i] + gamma(data.count + 1 + UNPACKED) * (size[i] + off[i]) + TINY * data.count;
    return scale * error + gamma(3) * (scale * (size[i] + off[i]) + Math.abs(penalised(i))) + TINY;
  });
}

/** Error ÷ bound of ∇²F·v = scale·Xᵀ·(s ⊙ (u − s·u)) + penalties·v, u = X·v. */
export function curvatureRatio(
  data: Rows,
  problem: ObjectiveProblem,
  z: Float64Array,
  v: FloatArray,
  found: Float64Array,
): number {
  const { classes } = problem;
  const all = range(data.count);
  const u = logits(data, all, v, classes);
  const uBounds = logitBounds(data, v, classes);
  const bounds = new Float64Array(u.length);
  for (let n = 0; n < data.count; n++) {
    const first = n * classes;
    const weight = data.weights ? data.weights[n] : 1;
    const { p, relative } = softmaxBounds(z.slice(first, first + classes));
    const off = p.map((_, k) => uBounds[first + k]);
    const mean = p.reduce((sum, pk, k) => sum + pk * u[first + k], 0);
    const meanOff = p.reduce(
      (sum, pk, k) =>
        sum + pk * (Math.abs(u[first + k]) * (Math.expm1(relative[k]) + gamma(classes)) + off[k]),
      0,
    );
    p.forEach((pk, k) => {
      const apart = u[first + k] - mean;
      const spread = off[k] + meanOff + U * (Math.abs(u[first + k]) + Math.abs(mean));
      bounds[first + k] =
        weight *
          (pk * Math.expm1(relative[k]) * (Math.abs(apart) + spread) +
            pk * spread +
            4 * U * pk * Math.abs(apart)) +
        TINY * (1 + Math.abs(apart));
    });
  }
  hessianResidual(data, all, z, u, classes);
  return sumRatio(data, u, bounds, v, found, problem);
}

function total(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}
