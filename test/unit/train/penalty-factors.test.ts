/** Tests the option penaltyFactors: what factors mean to each solver. */
import { describe, expect, test } from "vitest";
import { type SoftmaxModel, type TrainOptions, train } from "../../../src/index.js";
import { shiftClasses } from "../../../src/solvers/optimum/class-shift.js";
import { clouds } from "../../support/examples.js";
import { dataSet } from "../../support/optima.js";

const { x, labels, features } = dataSet("wine", "standardised");
const data = { x, y: labels, features };
const FACTORS = Array.from({ length: features }, (_, d) => (d === 4 ? 0 : 2 ** ((d % 5) - 2)));

const fit = (options: TrainOptions<number>) => train(data, { engine: "reference", ...options });

type Weighted = Pick<SoftmaxModel<number>, "weights">;

/** The largest difference between two weights. */
function apart(found: Weighted, wanted: Weighted): number {
  return found.weights.reduce((most, w, i) => Math.max(most, Math.abs(w - wanted.weights[i])), 0);
}

/** Weights of three classes less their mean. */
function centred(weights: Float32Array): Float32Array {
  return weights.map((w, i) => {
    const first = i - (i % 3);
    return w - (weights[first] + weights[first + 1] + weights[first + 2]) / 3;
  });
}

describe.each(["reference", "wasm"] as const)("on %s", (engine) => {
  test.each([
    { solver: "lbfgs", C: 1 },
    { solver: "newton", C: 1 },
    { solver: "lbfgs", l1: 0.01 },
    { solver: "adam", l2: 0.1, epochs: 2 },
  ] as const)("factors of 1 change no bit: %j", async (options) => {
    const penaltyFactors = new Uint8Array(features).fill(1);
    const [found, without] = [
      await fit({ engine, ...options, penaltyFactors }),
      await fit({ engine, ...options }),
    ];
    expect(found.weights).toEqual(without.weights);
    expect(found.bias).toEqual(without.bias);
  });

  test.each(["gd", "adam", "adamw"] as const)("%s comes to the optimum of lbfgs", async (solver) => {
    const shared = { engine, l2: 0.1, penaltyFactors: FACTORS };
    const steps = { learningRate: solver === "gd" ? 0.5 : 0.05, epochs: 2000 };
    const own = solver === "gd" ? {} : { batchSize: 178, ...(solver === "adamw" && { weightDecay: 0 }) };
    const found = await fit({ ...shared, solver, ...steps, ...own });
    const optimum = await fit({ ...shared, tolerance: 1e-8 });
    // Nothing holds the mean of a free feature's weights over the classes, which softmax does not see.
    expect(apart({ weights: centred(found.weights) }, { weights: centred(optimum.weights) })).toBeLessThan(
      1e-3,
    );
  });
});

test("the same factor for all is that times the penalty", async () => {
  const penaltyFactors = new Float64Array(features).fill(4);
  const options = { tolerance: 1e-9 };
  const [found, wanted] = [
    await fit({ ...options, l2: 0.02, penaltyFactors }),
    await fit({ ...options, l2: 0.08 }),
  ];
  expect(apart(found, wanted)).toBeLessThan(1e-6);
  const elastic = { l1: 0.01, l2: 0.02, penaltyFactors };
  const net = await fit({ ...options, l1: 0.04, l2: 0.08 });
  expect(apart(await fit({ ...options, ...elastic }), net)).toBeLessThan(1e-6);
});

test("weightDecay has no factors", async () => {
  const options = { solver: "adamw", epochs: 3, weightDecay: 0.5 } as const;
  const penaltyFactors = new Float64Array(features);
  expect((await fit({ ...options, l2: 1, penaltyFactors })).weights).toEqual((await fit(options)).weights);
});

test("with standardize they are for the standardised weights", async () => {
  const raw = dataSet("wine", "raw");
  const options = { engine: "reference", l2: 0.05, penaltyFactors: FACTORS, tolerance: 1e-10 } as const;
  const found = await train({ x: raw.x, y: raw.labels, features }, { ...options, standardize: true });
  const beforehand = await fit(options);
  const deviations = Array.from({ length: features }, (_, d) => deviationOf(raw.x, d));
  found.weights.forEach((w, i) =>
    expect(w * deviations[Math.floor(i / 3)]).toBeCloseTo(beforehand.weights[i], 5),
  );
});

function deviationOf(values: ArrayLike<number>, d: number): number {
  const column = Array.from(values).filter((_, i) => i % features === d);
  const mean = column.reduce((a, b) => a + b, 0) / column.length;
  return Math.sqrt(column.reduce((sum, one) => sum + (one - mean) ** 2, 0) / column.length);
}

describe("no factor above 0 is no penalty", () => {
  const penaltyFactors = [0, 0, 0, 0];

  test("separable classes then never converge", async () => {
    const separable = { x: [-2, -1, 1, 2].map((one) => [one, 0, 0, 0]), y: ["a", "a", "b", "b"] };
    const found = await train(separable, { engine: "reference", penaltyFactors, maxIterations: 50 });
    expect(found).toMatchObject({ converged: false, reasonCode: "separable" });
  });

  test("others have the optimum without one", async () => {
    const table = clouds(90, 4, 3, 0.8);
    const options = { engine: "reference", tolerance: 1e-9 } as const;
    const found = await train(table, { ...options, l2: 0.1, penaltyFactors });
    expect(apart(found, await train(table, { ...options, l2: 0 }))).toBeLessThan(1e-4);
  });
});

test("weights without a penalty are shifted by their mean", () => {
  const net = { classes: 3, l1: Float64Array.of(1, 0), l2: Float64Array.of(0, 0) };
  expect([...shiftClasses(Float64Array.of(0, 1, 5, 0, 1, 5, 7, 8, 9), net)]).toEqual([
    -1, 0, 4, -2, -1, 3, 7, 8, 9,
  ]);
});
