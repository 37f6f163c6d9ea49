/** Tests trainings that draw their examples by importance. */
import { describe, expect, test } from "vitest";
import { type SoftmaxModel, type TrainOptions, train } from "../../../../src/index.js";
import { distance, norm } from "../../../support/arrays.js";
import { clouds } from "../../../support/examples.js";

const { x, y, features } = clouds(150, 4, 3, 0.8);
const weights = Float32Array.from({ length: 150 }, (_, row) => [1, 0, 2, 0.5][row % 4]);

const fit = (options: TrainOptions<number> = {}, weighted = false) =>
  train(
    { x, y, features, ...(weighted && { weights }) },
    {
      engine: "reference",
      solver: "sgd",
      sampling: "importance",
      batchSize: 10,
      epochs: 5,
      seed: 3,
      ...options,
    },
  );

function bits(model: SoftmaxModel<number>): number[] {
  return [...model.weights, ...model.bias];
}

test("the same seed gives the same bits, another seed others, and uniform sampling others", async () => {
  const [one, again, another, once] = await Promise.all([
    fit(),
    fit(),
    fit({ seed: 4 }),
    fit({ sampling: "uniform" }),
  ]);
  expect(bits(again)).toEqual(bits(one));
  expect(bits(another)).not.toEqual(bits(one));
  expect(bits(once)).not.toEqual(bits(one));
});

test("uniform sampling is what is done when nothing is said", async () => {
  const [once, unsaid] = await Promise.all(
    ["uniform", "unsaid"].map((sampling) =>
      train(
        { x, y, features },
        { engine: "reference", solver: "sgd", ...(sampling === "uniform" && { sampling }) },
      ),
    ),
  );
  expect(bits(unsaid)).toEqual(bits(once));
});

test("of all examples at once uniform sampling is gradient descent, and importance sampling is not", async () => {
  const whole = { batchSize: 150, learningRate: 0.5 };
  const [once, drawn] = await Promise.all([fit({ ...whole, sampling: "uniform" }), fit(whole)]);
  const gd = await train(
    { x, y, features },
    { engine: "reference", solver: "gd", epochs: 5, learningRate: 0.5 },
  );
  expect(distance(bits(once), bits(gd))).toBeLessThan(1e-6);
  expect(distance(bits(drawn), bits(gd))).toBeGreaterThan(1e-3);
});

describe.each([
  { name: "no weights", weighted: false, options: {} },
  { name: "weights of rows", weighted: true, options: {} },
  { name: "weights of rows and classes", weighted: true, options: { classWeight: { 0: 3, 1: 0.5, 2: 1 } } },
])("with $name", ({ weighted, options }) => {
  test("it goes where lbfgs goes, and reports loss and accuracy of the data by their own weights", async () => {
    const learningRate = { kind: "cosine", rate: 0.5 } as const;
    const long = { ...options, l2: 0.01, epochs: 80, learningRate };
    const [drawn, once] = await Promise.all([
      fit(long, weighted),
      fit({ ...long, sampling: "uniform" }, weighted),
    ]);
    const best = await train(
      { x, y, features, ...(weighted && { weights }) },
      { engine: "reference", solver: "lbfgs", l2: 0.01, tolerance: 1e-9, ...options },
    );
    expect(distance(bits(drawn), bits(best)) / norm(bits(best))).toBeLessThan(0.03);
    const last = (model: SoftmaxModel<number>, of: "loss" | "accuracy") =>
      model.history.slice(-20).reduce((sum, epoch) => sum + epoch[of], 0) / 20;
    expect(last(drawn, "loss") / last(once, "loss")).toBeCloseTo(1, 1);
    expect(last(drawn, "accuracy") / last(once, "accuracy")).toBeCloseTo(1, 1);
  });
});

describe.each(["reference", "wasm"] as const)("on %s", (engine) => {
  test("parity is of the weights that rows have when a step is taken", async () => {
    const model = await fit({ engine, parity: true, classWeight: "balanced" }, true);
    expect(model.parity?.steps).toBe(4);
    expect(model.parity?.rho).toBeLessThan(1);
  });

  test("examples to watch keep their weights", async () => {
    const validation = { ...clouds(40, 4, 3, 0.8, 9), weights: weights.subarray(0, 40) };
    const model = await fit({ engine, validation }, true);
    const { loss, accuracy } = await model.evaluate(validation);
    expect(model.history.at(-1)?.validation?.loss).toBeCloseTo(loss, 5);
    expect(model.history.at(-1)?.validation?.accuracy).toBeCloseTo(accuracy, 6);
  });
});
