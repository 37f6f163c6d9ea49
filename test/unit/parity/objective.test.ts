/**
 * Tests parity of the solvers lbfgs and newton: 0 for the reference, below 1 for correct f32, above 1 for
 * every fault, at its own stage.
 */
import { describe, expect, test } from "vitest";
import type { Placement } from "../../../src/engine/engine.js";
import type { Objective, ObjectiveProblem } from "../../../src/engine/objective.js";
import type { FloatArray } from "../../../src/core/rows.js";
import { referenceEngine } from "../../../src/engine/reference/engine.js";
import { loadModel, train } from "../../../src/index.js";
import { objectiveParity } from "../../../src/parity/objective.js";
import type { Stage } from "../../../src/parity/stages.js";
import { range } from "../../../src/core/random.js";
import { randomRows, randomWeights } from "../../conformance/problems.js";
import { clouds } from "../../support/examples.js";

const data = clouds(400, 6, 4, 0.7);
const SOLVERS = ["lbfgs", "newton"] as const;
const STAGES = ["logits", "loss", "gradient", "curvature"] as const;

describe.each(SOLVERS)("%s", (solver) => {
  const options = { solver, l2: 0.01, tolerance: 1e-5, parity: true } as const;

  test("on the reference has a parity of 0, at points on the way and at the end", async () => {
    const { parity, iterations } = await train(data, { ...options, engine: "reference" });
    expect(parity).toEqual({
      rho: 0,
      stages: { logits: 0, loss: 0, gradient: 0, curvature: 0 },
      steps: parity?.steps,
      examples: 256 * (parity?.steps ?? 0),
    });
    expect(parity?.steps).toBeGreaterThanOrEqual(1);
    expect(parity?.steps).toBeLessThanOrEqual(2 + Math.log10(iterations));
  });

  test("on wasm is within the bound, but not exact, and the same with and without being looked at", async () => {
    const model = await train(data, { ...options, engine: "wasm" });
    for (const stage of STAGES) {
      expect(model.parity?.stages[stage], stage).toBeGreaterThan(0);
      expect(model.parity?.stages[stage], stage).toBeLessThan(1);
    }
    const unseen = await train(data, { ...options, engine: "wasm", parity: false });
    expect(model.weights).toEqual(unseen.weights);
    expect(unseen.parity).toBeUndefined();
    expect(loadModel(await model.save()).parity).toEqual(model.parity);
  });

  test("on wasm is within the bound where bytes are standardised and targets soft", async () => {
    const x = Uint8Array.from(data.x, (value) => 100 + 50 * value);
    const y = Float32Array.from({ length: 1600 }, (_, i) =>
      data.y[Math.floor(i / 4)] === i % 4 ? 0.7 : 0.1,
    );
    const model = await train(
      { x, y, features: 6, classes: [0, 1, 2, 3] },
      { ...options, engine: "wasm", standardize: true, intercept: false },
    );
    expect(model.parity?.rho).toBeLessThan(1);
  });
});

const SHAPE = { count: 300, features: 9, classes: 5 };
const rows = randomRows(SHAPE, "f32", 3);
const problem: ObjectiveProblem = {
  classes: 5,
  intercept: true,
  scale: 1 / 300,
  penalties: new Float64Array(9).fill(0.05),
  rows: range(300),
};

/** A placement whose objectives have one fault. */
function faulty(placement: Placement, wrong: (objective: Objective) => Partial<Objective>): Placement {
  return {
    ...placement,
    async objective(of) {
      const objective = await placement.objective(of);
      const bound = new Proxy(objective, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
      const changed = wrong(objective);
      return new Proxy(bound, {
        get: (target, name) => Reflect.get(Object.hasOwn(changed, name) ? changed : target, name),
      });
    },
  };
}

/** Changes the largest value by a ten-thousandth of it. */
function off(values: FloatArray): FloatArray {
  let largest = 0;
  values.forEach((value: number, i: number) => {
    if (Math.abs(value) > Math.abs(values[largest])) largest = i;
  });
  return Float64Array.from(values, (value, i) => (i === largest ? value * (1 + 1e-4) : value));
}

describe("every fault goes past 1 at its own stage", () => {
  const faults: readonly {
    readonly fault: string;
    readonly stages: readonly Stage[];
    readonly wrong: (objective: Objective) => Partial<Objective>;
  }[] = [
    { fault: "nothing", stages: [], wrong: () => ({}) },
    {
      fault: "a logit is off by a ten-thousandth",
      stages: ["logits"],
      wrong: (objective) => ({ logits: async () => off(await objective.logits()) }),
    },
    {
      fault: "the loss is off by a thousandth",
      stages: ["loss"],
      wrong: (objective) => ({
        async linearize(w, g) {
          const sums = await objective.linearize(w, g);
          return { ...sums, loss: sums.loss * 1.001 };
        },
      }),
    },
    {
      fault: "the penalty is left out of the gradient",
      stages: ["gradient"],
      wrong: (objective) => ({
        linearize(w, g) {
          const sums = objective.linearize(w, g);
          objective.space.combine(g, [
            [1, g],
            [-problem.penalties[0], w],
          ]);
          return sums;
        },
      }),
    },
    {
      fault: "the curvature is that along another direction",
      stages: ["curvature"],
      wrong: (objective) => ({
        curvature(v, to) {
          objective.curvature(v, to);
          objective.space.combine(to, [[1 + 1e-4, to]]);
        },
      }),
    },
    {
      fault: "the loss is not a number",
      stages: ["loss"],
      wrong: (objective) => ({
        linearize: async (w, g) => ({ ...(await objective.linearize(w, g)), loss: Number.NaN }),
      }),
    },
  ];

  test.each(faults)("$fault", async ({ stages, wrong }) => {
    const placement = faulty(await referenceEngine().place(rows), wrong);
    const parity = await objectiveParity(placement, rows, problem, randomWeights(SHAPE, 4));
    expect(STAGES.filter((stage) => !((parity.stages[stage] ?? Number.NaN) <= 1))).toEqual(stages);
    expect(parity.rho > 1).toBe(stages.length > 0);
    expect(parity).toMatchObject({ steps: 1, examples: 256 });
  });
});
