/** Tests where a training starts, and how much of the way that saves. */
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import {
  type Progress,
  type SoftmaxModel,
  type TrainingData,
  type TrainOptions,
  train,
  trainer,
} from "../../../src/index.js";
import { distance } from "../../support/arrays.js";
import { clouds } from "../../support/examples.js";
import { dataSet } from "../../support/optima.js";
import { thrownBy, untypedTrainer } from "../../support/untyped.js";

const FEATURES = 4;
const data = clouds(120, FEATURES, 3, 0.9);
const OPTIONS = { engine: "reference", solver: "lbfgs", l2: 0.01, tolerance: 1e-7 } as const;

/** The first report, at the weights before any step. */
async function beginning(of: TrainingData<number>, options: TrainOptions<number>): Promise<Progress> {
  for await (const progress of trainer(of, options)) return progress;
  throw new Error("The training reported nothing.");
}

/** The rows with one of these labels. */
function only(labels: readonly number[]): TrainingData<number> {
  const rows = data.y.flatMap((label, row) => (labels.includes(label) ? [row] : []));
  return {
    x: rows.map((row) => data.x.subarray(row * FEATURES, (row + 1) * FEATURES)),
    y: rows.map((row) => data.y[row]),
  };
}

describe("from a model", () => {
  test.each(["lbfgs", "newton"] as const)("%s goes on where it stood", async (solver) => {
    const model = await train(data, OPTIONS);
    const again = await train(data, { ...OPTIONS, solver, init: model });
    expect(again.iterations).toBeLessThanOrEqual(1);
    expect(model.iterations).toBeGreaterThan(4);
    expect(again.history.at(-1)?.loss ?? model.history.at(-1)?.loss).toBeCloseTo(
      model.history.at(-1)?.loss ?? 0,
      6,
    );
  });

  test("a first-order solver goes on where it stood", async () => {
    const model = await train(data, OPTIONS);
    const again = await train(data, {
      engine: "wasm",
      solver: "gd",
      learningRate: 1e-9,
      epochs: 1,
      init: model,
    });
    const centred = (weights: Float32Array | Float64Array) =>
      Float64Array.from(weights, (w, i) => {
        const row = Array.from(weights.subarray(i - (i % 3), i - (i % 3) + 3));
        return w - row.reduce((a, b) => a + b, 0) / 3;
      });
    expect(distance(again.weights, centred(model.weights))).toBeLessThan(1e-6);
    expect(distance(again.bias, centred(model.bias))).toBeLessThan(1e-6);
  });

  test("a file that was loaded, or no more than its weights, is as good", async () => {
    const { classes, features, weights, bias } = await train(data, OPTIONS);
    const again = await train(data, { ...OPTIONS, init: { classes, features, weights, bias } });
    expect(again.iterations).toBeLessThanOrEqual(1);
  });

  test("of fewer classes, those that it knows start from what it knows", async () => {
    const two = await train(only([0, 1]), OPTIONS);
    const [warm, cold] = await Promise.all([
      beginning(data, { ...OPTIONS, init: two }),
      beginning(data, OPTIONS),
    ]);
    expect(warm.loss).toBeLessThan(cold.loss);
    const model = await train(data, { ...OPTIONS, init: two });
    const optimum = await train(data, OPTIONS);
    expect(model.classes).toEqual([0, 1, 2]);
    expect(distance(model.weights, optimum.weights)).toBeLessThan(1e-4);
  });

  test.each<{ kind: string; list: (values: ArrayLike<number>) => ArrayLike<number> }>([
    { kind: "plain arrays", list: (values) => Array.from(values) },
    { kind: "f64", list: (values) => Float64Array.from(values) },
    {
      kind: "arrays of another realm",
      list: (values) => runInNewContext(`[${Array.from(values).join(",")}]`),
    },
  ])("its numbers in $kind are as good", async ({ list }) => {
    const { classes, features, weights, bias } = await train(data, OPTIONS);
    const init = { classes: list(classes), features, weights: list(weights), bias: list(bias) };
    const [plain, typed] = await Promise.all([
      beginning(data, { ...OPTIONS, init }),
      beginning(data, { ...OPTIONS, init: { classes, features, weights, bias } }),
    ]);
    expect(plain.loss).toBe(typed.loss);
  });

  test("its intercept is that at its origin", async () => {
    const model = await train(data, OPTIONS);
    const origin = Float64Array.of(3, -1, 1e6, 0.5);
    const bias = model.bias.map((b, k) =>
      origin.reduce((sum, one, d) => sum + one * model.weights[d * 3 + k], b),
    );
    const [moved, plain] = await Promise.all([
      beginning(data, { ...OPTIONS, init: { ...model, bias, origin } }),
      beginning(data, { ...OPTIONS, init: model }),
    ]);
    expect(moved.loss).toBeCloseTo(plain.loss, 6);
  });

  test("what all its classes have in common is left out, whatever classes are new", async () => {
    const two = await train(only([0, 1]), OPTIONS);
    const shifted = {
      ...two,
      weights: two.weights.map((w) => w + 3),
      bias: two.bias.map((b) => b - 2),
    };
    const [plain, moved] = await Promise.all([
      beginning(data, { ...OPTIONS, init: two }),
      beginning(data, { ...OPTIONS, init: shifted }),
    ]);
    expect(moved.loss).toBeCloseTo(plain.loss, 5);
  });

  test("of more classes, those that are left start from what it knows", async () => {
    const three = await train(data, OPTIONS);
    const some = only([2, 0]);
    const [warm, cold] = await Promise.all([
      beginning(some, { ...OPTIONS, init: three }),
      beginning(some, OPTIONS),
    ]);
    expect(warm.loss).toBeLessThan(cold.loss - 0.1);
    expect((await train(some, { ...OPTIONS, init: three })).classes).toEqual([0, 2]);
  });

  test("standardised or not, it says the same of a row", async () => {
    const raw = dataSet("wine", "raw");
    const wine = { x: raw.x, y: raw.labels, features: raw.features };
    const model = await train(wine, { ...OPTIONS, standardize: true });
    const again = await beginning(wine, { ...OPTIONS, standardize: true, init: model });
    expect(again.loss).toBeCloseTo(model.history.at(-1)?.loss ?? 0, 5);
  });

  test("without an intercept its own is left out", async () => {
    const model = await train(data, OPTIONS);
    const again = await train(data, { ...OPTIONS, intercept: false, init: model });
    expect([...again.bias]).toEqual([0, 0, 0]);
  });
});

describe("from centroids", () => {
  test.each(["iris", "wine", "breast_cancer", "digits"] as const)(
    "most of %s are right before the first step",
    async (set) => {
      const { x, labels, features, count } = dataSet(set, "raw");
      const of = { x, y: labels, features, ...(x instanceof Uint8Array && { scale: 1 }) };
      const first = await beginning(of, { engine: "wasm", solver: "lbfgs", init: "centroids" });
      expect(first.accuracy).toBeGreaterThan(0.9);
      const away = count > 0 ? Math.log(new Set(labels).size) : 0;
      expect(first.loss).toBeLessThan(away / 3);
    },
  );

  test("log-odds are those of clouds with the same variance about their means, as far as they go", async () => {
    // Two classes at ±1 in the only feature, both with variance 1: the weights are 2·1 apart, and the
    // intercepts equal.
    const x = Float64Array.from({ length: 4000 }, (_, row) => {
      const quantile = (Math.floor(row / 2) + 0.5) / 2000;
      return (row % 2 === 0 ? 1 : -1) + normalQuantile(quantile);
    });
    const of = { x, y: Array.from(x, (_, row) => row % 2), features: 1 };
    const model = await train(of, {
      engine: "reference",
      solver: "gd",
      learningRate: 1e-9,
      epochs: 1,
      init: "centroids",
    });
    expect(model.weights[0] - model.weights[1]).toBeCloseTo(2, 1);
    expect(model.bias[0] - model.bias[1]).toBeCloseTo(0, 6);
  });

  test("weights of rows and a class without any are taken in", async () => {
    const weights = data.y.map((label) => (label === 0 ? 0 : 1));
    const first = await beginning(
      { ...data, weights, classes: [0, 1, 2, 3] },
      { ...OPTIONS, init: "centroids" },
    );
    expect(first.loss).toBeLessThan(Math.log(3));
  });

  test("features that are the same everywhere do no harm", async () => {
    const constant = {
      x: new Float64Array(40).fill(3),
      y: Array.from({ length: 20 }, (_, row) => row % 2),
      features: 2,
    };
    const first = await beginning(constant, { ...OPTIONS, init: "centroids" });
    expect(first.loss).toBeCloseTo(Math.log(2), 6);
  });
});

describe("a start that cannot be", () => {
  test("is named: a word that means nothing", () => {
    const { message } = thrownBy(() => untypedTrainer(data, { init: "ones" }));
    expect(message).toBe('init is "ones", and must be "zeros", "centroids" or a model.');
  });

  const good = { classes: [0, 1, 2], features: 4, weights: Array(12).fill(0), bias: [0, 0, 0] };

  test.each<{ change: object; message: string }>([
    {
      change: { classes: undefined },
      message: "init.classes is undefined, and must be the list of its classes",
    },
    { change: { classes: "abc" }, message: 'init.classes is "abc"' },
    { change: { classes: [] }, message: "init.classes is an empty list" },
    { change: { features: -1 }, message: "init.features is -1, and must be a whole number ≥ 0" },
    { change: { features: "4" }, message: 'init.features is "4"' },
    {
      change: { weights: [1, 2] },
      message: "init.weights has 2 values, and must have 12: 4 features × 3 classes",
    },
    { change: { weights: null }, message: "init.weights is null, and must be a flat list of 12 numbers" },
    {
      change: { weights: Array.from({ length: 12 }, () => [0]) },
      message: "init.weights[0] is a list of 1 values",
    },
    {
      change: { weights: Array(12).fill(1e39) },
      message: "init.weights[0] is 1e+39, and must be a finite number",
    },
    { change: { bias: [0, 0] }, message: "init.bias has 2 values, and must have 3: 3 classes" },
    { change: { bias: [0, Number.NaN, 0] }, message: "init.bias[1] is NaN, and must be a finite number" },
    { change: { bias: [0n, 0n, 0n] }, message: "init.bias[0] is 0n" },
    { change: { origin: [1, 2] }, message: "init.origin has 2 values, and must have 4: 4 features" },
    { change: { origin: 1 }, message: "init.origin is 1, and must be a flat list of 4 numbers" },
  ])("is named: $message", ({ change, message }) => {
    expect(() => untypedTrainer(data, { init: good })).not.toThrow();
    const error = thrownBy(() => untypedTrainer(data, { init: { ...good, ...change } }));
    expect(error.name).toBe("OptionError");
    expect(error.message).toContain(message);
  });

  test("is named: features and classes of another model", async () => {
    const model: SoftmaxModel<number> = await train(data, OPTIONS);
    const wider = clouds(30, 5, 3, 1);
    expect(thrownBy(() => trainer(wider, { init: model })).message).toContain(
      "init is a model of 4 features, but x has rows of 5",
    );
    const others = { ...data, y: data.y.map((label) => label + 7) };
    expect(thrownBy(() => trainer(others, { init: model })).message).toMatch(
      /init is a model of 3 classes \(0, …\), none of which/,
    );
  });
});

/** Quantile of the normal distribution, by bisection of its distribution function. */
function normalQuantile(p: number): number {
  let [low, high] = [-9, 9];
  for (let n = 0; n < 60; n++) {
    const middle = (low + high) / 2;
    if (distribution(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The normal distribution function, by its series about 0 (Abramowitz & Stegun 26.2.10). */
function distribution(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / (2 * n);
    sum += term / (2 * n + 1);
  }
  return 0.5 + sum / Math.sqrt(2 * Math.PI);
}
