/** Checks gradient descent against the derivation: single steps, convergence, and separable data. */
import { describe, expect, test } from "vitest";
import { type SoftmaxModel, type TrainOptions, train } from "../../../src/index.js";
import type { Rows } from "../../../src/core/rows.js";
import { norm } from "../../support/arrays.js";
import { clouds, randomRows } from "../../support/examples.js";
import { gradientAt, passesOf, problemOf } from "../../support/passes.js";

const GD = { engine: "reference", solver: "gd" } as const;

/** (features + 1, classes) the model's weights, with its intercept last. */
function stackedOf(model: SoftmaxModel<number>): Float64Array {
  return Float64Array.from([...model.weights, ...model.bias]);
}

function dataOf(rows: Rows) {
  return { x: Float64Array.from(rows.x), y: [...rows.labels], features: rows.features };
}

describe("one epoch of gd", () => {
  const K = 4;
  const rows = randomRows(24, 5, K);
  const rate = 0.125;

  test("with the sum is exactly W ← W − α·∂J/∂W", async () => {
    const start = new Float64Array(6 * K);
    const { gradient } = await gradientAt(rows, K, start);
    const model = await train(dataOf(rows), { ...GD, reduction: "sum", epochs: 1, learningRate: rate });
    expect(stackedOf(model)).toEqual(Float64Array.from(gradient, (g) => Math.fround(0 - rate * g)));
    expect(model.iterations).toBe(1);
  });

  test("with the mean is the same with α/N", async () => {
    const mean = await train(dataOf(rows), { ...GD, epochs: 1, learningRate: rate });
    const sum = await train(dataOf(rows), {
      ...GD,
      reduction: "sum",
      epochs: 1,
      learningRate: rate / rows.count,
    });
    // α·(G/N) has one rounding more than (α/N)·G, so the f32 weights may differ in their last bit.
    stackedOf(mean).forEach((w, i) =>
      expect(Math.abs(w - stackedOf(sum)[i])).toBeLessThanOrEqual(2 ** -23 * Math.abs(w)),
    );
    expect(norm(mean.weights)).toBeGreaterThan(0.01);
  });

  test("starts from any weights: each step subtracts α times the gradient at the weights before it", async () => {
    const weights = Float64Array.from({ length: 6 * K }, (_, i) => Math.cos(i));
    const steps = await passesOf(rows, problemOf(K, rows.count), weights, [
      { learningRate: 0.5 },
      { learningRate: 0.25 },
    ]);
    expect(steps.map(({ number }) => number)).toEqual([1, 2]);
    expect(steps[0].before.weights).toEqual(weights);
    expect(steps[1].before.weights).toEqual(steps[0].after.weights);
    for (const { before, after, gradient, step } of steps) {
      expect(after.weights).toEqual(
        Float64Array.from(before.weights, (w, i) => w - step.learningRate * gradient[i]),
      );
    }
    const again = await gradientAt(rows, K, steps[1].before.weights);
    expect(steps[1].gradient).toEqual(again.gradient);
  });

  test("after epoch leads downhill, to a gradient of zero", async () => {
    const model = await train(dataOf(rows), { ...GD, l2: 0.01, epochs: 1500, learningRate: 1 });
    const losses = model.history.map(({ loss }) => loss);
    expect(losses[0]).toBeCloseTo(Math.log(K), 12); // at zero weights
    expect(Math.max(...losses.slice(1).map((loss, i) => loss - losses[i]))).toBeLessThanOrEqual(1e-12);
    expect(norm(await penalisedGradient(rows, model, 0.01))).toBeLessThan(1e-5);
  });
});

/** Σ G/N + l2·W, with an unpenalised intercept. */
async function penalisedGradient(rows: Rows, model: SoftmaxModel<number>, l2: number): Promise<Float64Array> {
  const weights = stackedOf(model);
  const { gradient } = await gradientAt(rows, model.classes.length, weights);
  const penalised = model.weights.length;
  return Float64Array.from(gradient, (g, i) => g / rows.count + (i < penalised ? l2 * weights[i] : 0));
}

describe("on separable data", () => {
  const { x, y, features } = clouds(30, 3, 3, 3);
  const fit = (options: TrainOptions<number>) =>
    train({ x, y, features }, { ...GD, learningRate: 2, ...options });

  test("the weights grow without bound: every doubling of the epochs adds about as much again", async () => {
    const models = await Promise.all([250, 500, 1000, 2000].map((epochs) => fit({ epochs })));
    const norms = models.map((model) => norm(model.weights));
    const grown = norms.slice(1).map((n, i) => n - norms[i]);
    // ‖W‖ grows as log t (Soudry et al. 2018): by the same amount for each doubling, without end.
    expect(Math.min(...grown)).toBeGreaterThan(0.3);
    expect(grown[2] / grown[1]).toBeGreaterThan(0.8);
    expect(grown[2] / grown[1]).toBeLessThan(1.25);
    const losses = models.map((model) => model.history.at(-1)?.loss ?? Number.NaN);
    losses.slice(1).forEach((loss, i) => expect(loss).toBeLessThan(0.7 * losses[i]));
    expect((await models[3].evaluate({ x, y, features })).accuracy).toBe(1);
  });

  test("l2 stops them: the norm settles, and the gradient of the penalised objective goes to zero", async () => {
    const l2 = 0.02;
    const [early, late] = await Promise.all([2000, 4000].map((epochs) => fit({ epochs, l2 })));
    expect(Math.abs(norm(late.weights) - norm(early.weights))).toBeLessThan(1e-5);

    const rows = { count: 30, features, x, scale: 1, labels: Uint32Array.from(y) };
    const gradient = norm(await penalisedGradient(rows, late, l2));
    expect(gradient).toBeLessThan(1e-6);
    // Without the penalty it is not near an optimum, so the penalty is what stopped it.
    expect(norm(await penalisedGradient(rows, late, 0))).toBeGreaterThan(1e-2);
    // F is l2-strongly convex in the weights, so they are within ‖∇F‖ / l2 of the optimum (Boyd &
    // Vandenberghe, 9.1.2).
    expect(gradient / l2).toBeLessThan(1e-4);
  });

  test("a larger l2 keeps them smaller", async () => {
    const models = await Promise.all([0.01, 0.1, 1].map((l2) => fit({ epochs: 300, l2, learningRate: 0.5 })));
    const norms = models.map((model) => norm(model.weights));
    expect(norms[0]).toBeGreaterThan(1.5 * norms[1]);
    expect(norms[1]).toBeGreaterThan(1.5 * norms[2]);
  });
});

describe("the intercept", () => {
  test("is never penalised: under a crushing l2 it still fits the frequencies of the classes", async () => {
    const y = ["a", "a", "a", "a", "a", "a", "b", "b", "b", "c"];
    const x = y.map((_, row) => [Math.sin(row), Math.cos(5 * row)]);
    const model = await train({ x, y }, { ...GD, l2: 100, learningRate: 0.01, epochs: 5000 });
    expect(norm(model.weights)).toBeLessThan(0.01);
    const probabilities = model.predictProba([[0, 0]]);
    [0.6, 0.3, 0.1].forEach((share, k) => expect(probabilities[k]).toBeCloseTo(share, 2));
  });

  test("has no step of the penalty in it, whatever its value", async () => {
    const rows = randomRows(6, 2, 3);
    const weights = Float64Array.from({ length: 9 }, (_, i) => i + 1);
    const [passes] = await passesOf(rows, problemOf(3, 6), weights, [{ learningRate: 0.5, penalty: 0.25 }]);
    const { gradient, after } = passes;
    after.weights.forEach((w, i) => {
      const penalty = i < 6 ? 0.25 * weights[i] : 0;
      expect(w).toBeCloseTo(weights[i] - 0.5 * (gradient[i] + penalty), 12);
    });
  });
});
