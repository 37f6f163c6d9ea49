/** Checks that trainings with l1 end at their optimum, which was computed in extended precision. */
import { expect, test } from "vitest";
import type { EngineName } from "../../src/engine/engine.js";
import { type SoftmaxModel, type TrainOptions, train } from "../../src/index.js";
import { type DataSet, type SparseOptimum, dataSet, penalisedAt } from "../support/optima.js";

export function fit(data: DataSet, options: TrainOptions<number>): Promise<SoftmaxModel<number>> {
  const { x, labels, features } = data;
  const shared = { y: labels, features, ...(x instanceof Uint8Array && { scale: 1 }) };
  return train({ x, ...shared }, { solver: "lbfgs", ...options });
}

export const all = ({ weights, bias }: SoftmaxModel<number>) => Float64Array.from([...weights, ...bias]);

/** The largest distance from 0 of a component of the subdifferential of F + l1·Σ|w|, intercepts included. */
export function farthest(gradient: Float64Array, w: Float64Array, penalised: number, l1: number): number {
  const each = gradient.map((g, i) => {
    if (i >= penalised) return Math.abs(g);
    return w[i] === 0 ? Math.max(0, Math.abs(g) - l1) : Math.abs(g + l1 * Math.sign(w[i]));
  });
  return Math.max(...each);
}

/** Tests that fits with a tolerance of 1e-6 end at the optima. */
export function reachesOptima(engine: EngineName, optima: readonly SparseOptimum[]): void {
  test.each(optima)("$set, $kind, l1 = $l1, l2 = $l2, ends at the optimum", async (optimum) => {
    const { set, kind, l1, l2 } = optimum;
    const data = dataSet(set, kind);
    const model = await fit(data, { engine, l1, l2, tolerance: 1e-6 });
    expect(model.converged).toBe(true);
    const w = all(model);
    const { objective, gradient } = penalisedAt(data, w, optimum);
    expect(Math.abs(objective / optimum.objective - 1)).toBeLessThan(1e-6);
    // The engine's own gradient is within the tolerance; with features up to 16, f32 rounding sets it this
    // far apart from the f64 gradient.
    const penalised = data.features * data.classes;
    expect(farthest(gradient, w, penalised, l1)).toBeLessThan(kind === "raw" ? 4e-6 : 1.5e-6);

    // Weights are 0 where the optimum's are 0 and its gradient is below l1 by a margin; weights above 0.01 in
    // the optimum have its signs.
    const at = penalisedAt(data, optimum.weights, optimum).gradient;
    const zeros = (chosen: (i: number) => boolean) => [...w.keys()].filter((i) => i < penalised && chosen(i));
    const certain = zeros((i) => optimum.weights[i] === 0 && Math.abs(at[i]) < 0.99 * l1);
    const others = zeros((i) => Math.abs(optimum.weights[i]) > 1e-2);
    expect(certain.length).toBeGreaterThan(0);
    expect(certain.filter((i) => w[i] !== 0)).toEqual([]);
    expect(others.filter((i) => Math.sign(w[i]) !== Math.sign(optimum.weights[i]))).toEqual([]);
  });
}
