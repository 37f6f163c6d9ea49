/**
 * Compares fits with penalty factors and with offsets with optima computed in extended precision by
 * `test/fixtures/optima/adjusted.py`, which defines the objective.
 */
import { expect, test } from "vitest";
import { type TrainOptions, train } from "../../src/index.js";
import { LONG } from "../support/long.js";
import { ADJUSTED, type AdjustedOptimum, adjustedAt, dataSet } from "../support/optima.js";

function fit({ set, l1, l2, factors, offsets }: AdjustedOptimum, options: TrainOptions<number>) {
  const { x, labels, features } = dataSet(set, "standardised");
  const data = { x, y: labels, features, ...(offsets && { offsets }) };
  return train(data, { l2, ...(l1 > 0 && { l1 }), ...(factors && { penaltyFactors: factors }), ...options });
}

const named = ADJUSTED.map((optimum) => ({
  ...optimum,
  with: [optimum.factors && "factors", optimum.offsets && "offsets"].filter(Boolean).join(" and "),
}));

const SOLVERS = ["lbfgs", "newton"] as const;
const ENGINES = ["wasm", "reference"] as const;

test.each(
  named.flatMap((optimum) =>
    ENGINES.flatMap((engine) => SOLVERS.map((solver) => ({ ...optimum, engine, solver }))).filter(
      ({ engine, solver, l1, set }) =>
        !(l1 > 0 && solver === "newton") && (LONG || set !== "digits" || engine === "wasm"),
    ),
  ),
)("$solver on $engine ends at the optimum: $set, l1 $l1, l2 $l2, $with", async (optimum) => {
  const { engine, solver } = optimum;
  const model = await fit(optimum, { engine, solver, tolerance: 1e-6 });
  expect(model.converged).toBe(true);
  const { objective, subgradientMax } = adjustedAt(optimum, [...model.weights, ...model.bias]);
  expect(Math.abs(objective / optimum.objective - 1)).toBeLessThan(1e-6);
  expect(subgradientMax).toBeLessThan(2e-6);
  if (optimum.l1 === 0) return;
  const certain = optimum.weights.flatMap((w, i) => (w === 0 ? [i] : []));
  expect(certain.length).toBeGreaterThan(0);
  expect(certain.filter((i) => Math.abs(model.weights[i]) > 1e-4)).toEqual([]);
});

test.each(named.filter(({ set }) => set !== "digits"))(
  "in f64 the weights are those of the optimum: $set, l1 $l1, l2 $l2, $with",
  async (optimum) => {
    const model = await fit(optimum, { engine: "reference", tolerance: 1e-11 });
    model.weights.forEach((w, i) => expect(w).toBeCloseTo(optimum.weights[i], 4));
  },
);
