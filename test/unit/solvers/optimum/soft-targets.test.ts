/** Compares label smoothing and soft targets with the textbook cross-entropy of targets, in f64. */
import { describe, expect, test } from "vitest";
import { type ModelParts, type Progress, type TrainOptions, train } from "../../../../src/index.js";
import { range } from "../../../../src/core/random.js";
import type { Rows } from "../../../../src/core/rows.js";
import { referenceEngine } from "../../../../src/engine/reference/engine.js";
import { SoftTargetObjective, targetTermsOf } from "../../../../src/solvers/optimum/soft-targets.js";
import { distance, norm } from "../../../support/arrays.js";
import { clouds } from "../../../support/examples.js";

const [COUNT, FEATURES, CLASSES] = [90, 4, 3];
const { x, y } = clouds(COUNT, FEATURES, CLASSES, 0.8);
const weights = Float32Array.from({ length: COUNT }, (_, row) => row % 4);
const L2 = 0.02;
const EPSILON = 0.15;
const classes = [0, 1, 2];

/** (rows, classes) a distribution around the label of each row. */
const soft = Float64Array.from({ length: COUNT * CLASSES }, (_, i) => {
  const [row, k] = [Math.floor(i / CLASSES), i % CLASSES];
  const share = (row % 5) / 10;
  return k === y[row] ? 1 - share : k === (y[row] + 1) % CLASSES ? share / 4 : (3 * share) / 4;
});
const hard = Float64Array.from(soft, (_, i) => (y[Math.floor(i / CLASSES)] === i % CLASSES ? 1 : 0));
const smoothed = (targets: Float64Array) => targets.map((t) => (1 - EPSILON) * t + EPSILON / CLASSES);

/**
 * −Σ weight·Σ t·log s ÷ Σ weight, and ∇F: (features + 1, classes), written out independently of what it
 * checks.
 */
function crossEntropy(
  model: Pick<ModelParts, "weights" | "bias">,
  targets: Float64Array,
  rowWeights: ArrayLike<number>,
) {
  const gradient = Float64Array.from([...model.weights, ...model.bias], (w, i) =>
    i < FEATURES * CLASSES ? L2 * w : 0,
  );
  const total = Array.from(rowWeights).reduce((a, b) => a + b, 0);
  let loss = 0;
  for (let row = 0; row < COUNT; row++) {
    const own = [...x.subarray(row * FEATURES, (row + 1) * FEATURES), 1];
    const w = [...model.weights, ...model.bias];
    const z = classes.map((k) => own.reduce((sum, value, d) => sum + value * w[d * CLASSES + k], 0));
    const sum = z.reduce((a, zk) => a + Math.exp(zk), 0);
    for (const k of classes) {
      const [t, s] = [targets[row * CLASSES + k], Math.exp(z[k]) / sum];
      loss -= (rowWeights[row] / total) * t * Math.log(s);
      own.forEach((value, d) => (gradient[d * CLASSES + k] += (rowWeights[row] / total) * value * (s - t)));
    }
  }
  return { loss, gradient };
}

const ones = new Float32Array(COUNT).fill(1);
const SOLVERS = ["lbfgs", "newton"] as const;
const ENGINES = ["wasm", "reference"] as const;
const CASES = SOLVERS.flatMap((solver) => ENGINES.map((engine) => ({ solver, engine })));

const TARGETS = [
  { of: "smoothed labels", labels: y, targets: smoothed(hard), smoothing: EPSILON, weights: ones },
  { of: "soft targets", labels: soft, targets: soft, smoothing: 0, weights: ones },
  {
    of: "smoothed soft targets of weighted rows",
    labels: soft,
    targets: smoothed(soft),
    smoothing: EPSILON,
    weights,
  },
];

describe.each(CASES)("$solver on $engine", ({ solver, engine }) => {
  const options = { solver, engine, l2: L2, tolerance: 1e-6 } as const;

  test.each(TARGETS)("ends where the gradient of $of is zero, and says its loss", async (one) => {
    const model = await train(
      { x, y: one.labels, features: FEATURES, classes, weights: one.weights },
      { ...options, labelSmoothing: one.smoothing },
    );
    const { loss, gradient } = crossEntropy(model, one.targets, one.weights);
    expect(model.converged).toBe(true);
    expect(norm(gradient)).toBeLessThan(1e-5);
    expect(model.history.at(-1)?.loss).toBeCloseTo(loss, 5);
  });

  test("without an intercept only the weights count", async () => {
    const model = await train({ x, y: soft, features: FEATURES, classes }, { ...options, intercept: false });
    const { gradient } = crossEntropy(model, soft, ones);
    expect([...model.bias]).toEqual([0, 0, 0]);
    expect(norm(gradient.subarray(0, FEATURES * CLASSES))).toBeLessThan(1e-5);
  });
});

describe.each(ENGINES)("gradient descent on %s", (engine) => {
  test.each(TARGETS.flatMap((one) => [true, false].map((intercept) => ({ ...one, intercept }))))(
    "ends where the gradient of $of is zero, too, intercept: $intercept",
    async ({ intercept, ...one }) => {
      const data = { x, y: one.labels, features: FEATURES, classes, weights: one.weights };
      const options = { engine, l2: L2, intercept, labelSmoothing: one.smoothing } as const;
      const model = await train(data, { ...options, solver: "gd", epochs: 3000, parity: true });
      const { loss, gradient } = crossEntropy(model, one.targets, one.weights);
      expect(norm(intercept ? gradient : gradient.subarray(0, FEATURES * CLASSES))).toBeLessThan(1e-5);
      expect(model.history.at(-1)?.loss).toBeCloseTo(loss, 5);
      expect(model.parity?.rho).toBeLessThan(1);
      const optimum = await train(data, { ...options, solver: "lbfgs", tolerance: 1e-6 });
      expect(distance(model.weights, optimum.weights)).toBeLessThan(1e-4);
      expect(distance(model.bias, optimum.bias)).toBeLessThan(1e-4);
    },
  );

  test("whose features are standardised and classes weighted, from their centroids on, it ends where lbfgs does", async () => {
    const classWeight = new Map([
      [0, 0.5],
      [2, 3],
    ]);
    const options = {
      engine,
      l2: L2,
      labelSmoothing: EPSILON,
      standardize: true,
      classWeight,
      init: "centroids",
    } as const;
    const data = { x, y, features: FEATURES, classes, weights };
    const model = await train(data, { ...options, solver: "gd", epochs: 3000 });
    const optimum = await train(data, { ...options, solver: "lbfgs", tolerance: 1e-6 });
    expect(distance(model.weights, optimum.weights)).toBeLessThan(1e-4);
    const unsmoothed = await train(data, { ...options, solver: "gd", epochs: 3000, labelSmoothing: 0 });
    expect(distance(unsmoothed.weights, optimum.weights)).toBeGreaterThan(0.1);
  });
});

const OPTIONS = {
  engine: "reference",
  solver: "newton",
  l2: L2,
  tolerance: 1e-10,
} as const satisfies TrainOptions<number>;

test("a soft target is as many rows with a part of the weight each", async () => {
  const model = await train({ x, y: soft, features: FEATURES, classes }, OPTIONS);
  const rows = Array.from({ length: COUNT * CLASSES }, (_, i) => {
    const row = Math.floor(i / CLASSES);
    return x.subarray(row * FEATURES, (row + 1) * FEATURES);
  });
  const parts = await train({ x: rows, y: rows.map((_, i) => i % CLASSES), weights: soft }, OPTIONS);
  expect(distance(model.weights, parts.weights)).toBeLessThan(1e-6);
});

test("targets of one class each are labels, and f32 will do", async () => {
  const targets = await train({ x, y: Float32Array.from(hard), features: FEATURES, classes }, OPTIONS);
  const labels = await train({ x, y, features: FEATURES }, OPTIONS);
  expect(distance(targets.weights, labels.weights)).toBeLessThan(1e-6);
  expect(targets.history.at(-1)?.accuracy).toBe(labels.history.at(-1)?.accuracy);
});

test.each<TrainOptions<number>>([OPTIONS, { engine: "reference", solver: "adam" }])(
  "validation of soft targets is their cross-entropy, that of labels has no smoothing: $solver",
  async (options) => {
    const reports: Progress[] = [];
    const held = { x, y: soft, features: FEATURES, classes };
    const model = await train(held, {
      ...options,
      labelSmoothing: EPSILON,
      validation: held,
      onProgress: (one) => reports.push(one),
    });
    expect(reports.at(-1)?.validation?.loss).toBeCloseTo(crossEntropy(model, soft, ones).loss, 6);
    const mixed = await train(held, { ...options, validation: { x, y, features: FEATURES } });
    expect(mixed.history.at(-1)?.validation?.loss).toBeCloseTo(crossEntropy(mixed, hard, ones).loss, 6);
  },
);

test("every trial along a line is what is seen where one goes there", async () => {
  const labels = Uint32Array.from(y);
  const offsets = Float64Array.from({ length: COUNT * CLASSES }, (_, i) => 2 * Math.sin(3 * i));
  const rows: Rows = {
    count: COUNT,
    features: FEATURES,
    x,
    scale: 1,
    labels,
    weights,
    targets: soft,
    offsets,
  };
  const all = range(COUNT);
  const placement = await referenceEngine().place(rows);
  const inner = await placement.objective({
    classes: CLASSES,
    intercept: true,
    scale: 1 / COUNT,
    penalties: new Float64Array(FEATURES),
    rows: all,
  });
  const objective = new SoftTargetObjective(
    inner,
    1 / COUNT,
    await targetTermsOf(rows, all, { classes: CLASSES, intercept: true, smoothing: EPSILON }),
  );
  const size = (FEATURES + 1) * CLASSES;
  const w = Float64Array.from({ length: size }, (_, i) => Math.sin(i));
  const p = Float64Array.from({ length: size }, (_, i) => Math.cos(2 * i));
  const { space } = objective;
  const [at, along, g] = [space.vector(w), space.vector(p), space.vector()];
  await objective.linearize(at, g);
  objective.setDirection(along);
  const [near, far] = await objective.evaluateAlong([0, 0.7]);
  const slopeOf = async () => (await space.products([[g, along]]))[0].sum * COUNT;
  expect(near.slope).toBeCloseTo(await slopeOf(), 9);
  space.combine(at, [
    [1, at],
    [0.7, along],
  ]);
  const there = await objective.step(0.7, at, g);
  expect(far.loss).toBeCloseTo(there.loss, 9);
  expect(far.slope).toBeCloseTo(await slopeOf(), 9);
  expect((await objective.evaluateAlong([0]))[0].loss).toBeCloseTo(there.loss, 9);
});

test("parity of the engine is that of its objective, which is of the labels", async () => {
  const options = { engine: "wasm", solver: "lbfgs", l2: L2, parity: true } as const;
  const model = await train({ x, y: soft, features: FEATURES, classes }, options);
  expect(model.parity?.rho).toBeLessThan(1);
});

test("smoothing leaves separable classes an optimum", async () => {
  const two = { x: Float32Array.of(-2, -1, 1, 2), y: ["a", "a", "b", "b"], features: 1 };
  const model = await train(two, { engine: "wasm", solver: "lbfgs", l2: 0, labelSmoothing: 0.1 });
  expect(model.converged).toBe(true);
});

test.each(["wasm", "reference"] as const)(
  "standardised features have the same targets, on %s",
  async (engine) => {
    const scaled = x.map((value, i) => 50 * value + (i % FEATURES) * 10);
    const model = await train(
      { x: scaled, y: soft, features: FEATURES, classes },
      { engine, solver: "lbfgs", l2: 1e-6, standardize: true, tolerance: 1e-6 },
    );
    const plain = await train(
      { x, y: soft, features: FEATURES, classes },
      { engine, solver: "lbfgs", l2: 1e-6, tolerance: 1e-6 },
    );
    expect(model.history.at(-1)?.loss).toBeCloseTo(plain.history.at(-1)?.loss ?? 0, 4);
  },
);
