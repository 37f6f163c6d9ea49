/** What an objective makes of vectors where there is a penalty l1·‖w‖₁, held against f64: which case each element is, exactly. */
import type { Objective } from "../../src/engine/engine.js";
import { TINY, U, larger, ratio } from "../../src/parity.js";
import { type Shape, randomWeights } from "./problems.js";

/** A number of f32, so that both have the same. */
const L1 = 0.25;
const ZEROS = [0, -0];

/** The larger error ÷ bound of a subgradient and of a step within an orthant: one rounding each. */
export async function orthantRatio(objective: Objective, shape: Shape, seed: number): Promise<number> {
  const intercept = shape.features * shape.classes;
  const [w, g, p] = vectorsOf(shape, seed);
  const [weights, gradient, direction] = [w, g, p].map((values) => objective.vector(values));
  const [smallest, within] = [p, p].map((values) => objective.vector(values)); // all of it must be written over
  objective.subgradient(smallest, L1, weights, gradient);
  objective.orthant(within, weights, direction, smallest);
  const d = Float64Array.from(await objective.read(smallest));
  const subgradients = Float64Array.from(w, (wi, i) => (i < intercept ? nearest(wi, g[i]) : g[i]));
  const steps = Float64Array.from(w, (wi, i) => {
    const moved = wi + p[i];
    return i >= intercept || Math.sign(moved) === Math.sign(wi || -d[i]) ? moved : 0;
  });
  const rounding = (exact: Float64Array) => (i: number) => U * Math.abs(exact[i]) + TINY;
  const found = await objective.read(within);
  return larger(ratio(d, subgradients, rounding(subgradients)), ratio(found, steps, rounding(steps)));
}

/** Of all g + l1·s, s between −1 and 1 where w is 0 and otherwise its sign, the one nearest to 0. */
function nearest(w: number, g: number): number {
  const [low, high] = w > 0 ? [1, 1] : w < 0 ? [-1, -1] : [-1, 1];
  if (g + L1 * low > 0) return g + L1 * low;
  return Math.min(0, g + L1 * high);
}

/** Weights, many of them 0 of either sign; gradients, some at ±l1; and steps, many across 0 and some to it. */
function vectorsOf(shape: Shape, seed: number): readonly [Float32Array, Float32Array, Float32Array] {
  const w = randomWeights(shape, seed).map((value, i) => (i % 3 === 0 ? ZEROS[i % 2] : value));
  const g = randomWeights(shape, seed + 1).map((value, i) => (i % 7 === 0 ? Math.sign(value) * L1 : value));
  const p = randomWeights(shape, seed + 2, 1).map((value, i) => (i % 5 === 0 ? -w[i] : value));
  return [w, g, p];
}
