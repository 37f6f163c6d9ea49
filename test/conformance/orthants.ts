/**
 * Checks vector operations with l1 penalties against f64, including the exact case that each element falls
 * into.
 */
import type { VectorSpace } from "../../src/engine/vectors.js";
import type { FloatArray } from "../../src/core/rows.js";
import { TINY, U, ratio } from "../../src/parity/step.js";
import { maxOrInfinity } from "../../src/parity/stages.js";
import { type Shape, randomWeights } from "./problems.js";

const ZEROS = [0, -0];

/**
 * The largest error ÷ bound of a subgradient, of a step within an orthant, and of a vector restricted to the
 * free weights. The first two have one rounding, the last has none. `l1` is the objective's, in f32 numbers.
 */
export async function orthantRatio(
  space: VectorSpace,
  shape: Shape,
  seed: number,
  l1: FloatArray = new Float32Array(shape.features),
): Promise<number> {
  const intercept = shape.features * shape.classes;
  const penalties = Float64Array.from({ length: intercept }, (_, i) => l1[Math.floor(i / shape.classes)]);
  const [w, g, p] = vectorsOf(shape, penalties, seed);
  const [weights, gradient, direction] = [w, g, p].map((values) => space.vector(values));
  // All three must be overwritten.
  const [smallest, within, free] = [p, p, g].map((values) => space.vector(values));
  space.subgradient(smallest, weights, gradient);
  space.orthant(within, weights, direction, smallest);
  space.restrict(free, direction, weights, smallest);
  const d = Float64Array.from(await space.read(smallest));
  const subgradients = Float64Array.from(w, (wi, i) =>
    i < intercept ? nearest(wi, g[i], penalties[i]) : g[i],
  );
  const isFree = (i: number) => i >= intercept || penalties[i] === 0; // without l1
  const steps = Float64Array.from(w, (wi, i) => {
    const moved = wi + p[i];
    return isFree(i) || Math.sign(moved) === Math.sign(wi || -d[i]) ? moved : 0;
  });
  const restricted = Float64Array.from(p, (pi, i) => (isFree(i) || w[i] !== 0 || d[i] !== 0 ? pi : 0));
  const rounding = (exact: Float64Array) => (i: number) => U * Math.abs(exact[i]) + TINY;
  return [
    ratio(d, subgradients, rounding(subgradients)),
    ratio(await space.read(within), steps, rounding(steps)),
    ratio(await space.read(free), restricted, () => TINY),
  ].reduce(maxOrInfinity);
}

/** The element nearest to 0 among g + l1·s, where s is the sign of w, or anything in [−1, 1] where w is 0. */
function nearest(w: number, g: number, l1: number): number {
  const [low, high] = w > 0 ? [1, 1] : w < 0 ? [-1, -1] : [-1, 1];
  if (g + l1 * low > 0) return g + l1 * low;
  return Math.min(0, g + l1 * high);
}

/**
 * Weights, many of them 0 of either sign; gradients, every other one ±l1 (0 for the intercept); and steps,
 * many of them across 0 and some that end at 0.
 */
function vectorsOf(
  shape: Shape,
  l1: Float64Array,
  seed: number,
): readonly [Float32Array, Float32Array, Float32Array] {
  const w = randomWeights(shape, seed).map((value, i) => (i % 3 === 0 ? ZEROS[i % 2] : value));
  const g = randomWeights(shape, seed + 1).map((value, i) =>
    i % 2 === 0 ? Math.sign(value) * (l1[i] ?? 0) : value,
  );
  const p = randomWeights(shape, seed + 2, 1).map((value, i) => (i % 5 === 0 ? -w[i] : value));
  return [w, g, p];
}
