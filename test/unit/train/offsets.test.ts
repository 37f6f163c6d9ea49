/** Tests trainings with offsets: what is the same with other offsets, and what has them. */
import { describe, expect, test } from "vitest";
import {
  DataError,
  type Progress,
  type SoftmaxModel,
  type TrainOptions,
  type TrainingData,
  loadModel,
  sweep,
  train,
  trainer,
} from "../../../src/index.js";
import { clouds } from "../../support/examples.js";

const [COUNT, FEATURES, CLASSES] = [120, 4, 3];
const { x, y, features } = clouds(COUNT, FEATURES, CLASSES, 0.8);
const offsets = Float64Array.from({ length: COUNT * CLASSES }, (_, i) => 2 * Math.sin(5 * i + i * i));
const data = { x, y, features };
const added = { ...data, offsets };

/** The chosen rows of the data, with their offsets. */
function part(keep: (row: number) => boolean): TrainingData<number> {
  const rows = Array.from({ length: COUNT }, (_, row) => row).filter(keep);
  const of = (values: ArrayLike<number>, width: number) =>
    rows.map((row) => Array.from({ length: width }, (_, i) => values[row * width + i]));
  return { x: of(x, FEATURES), y: rows.map((row) => y[row]), offsets: of(offsets, CLASSES) };
}

/** The mean of −Σ t·log s of the model's logits with the offsets, and the part of right predictions. */
function scoreOf(model: SoftmaxModel<number>, targets: (row: number, k: number) => number) {
  const z = model.logits({ x, features, offsets });
  let [loss, hits] = [0, 0];
  for (let row = 0; row < COUNT; row++) {
    const own = Array.from(z.subarray(row * CLASSES, (row + 1) * CLASSES));
    const sum = own.reduce((total, one) => total + Math.exp(one), 0);
    own.forEach((one, k) => (loss -= targets(row, k) * (one - Math.log(sum))));
    if (own.indexOf(Math.max(...own)) === y[row]) hits++;
  }
  return { loss: loss / COUNT, accuracy: hits / COUNT };
}

const isLabel = (row: number, k: number) => Number(y[row] === k);

const apart = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, one, i) => Math.max(most, Math.abs(one - b[i])), 0);

const WAYS: readonly TrainOptions<number>[] = [
  { solver: "lbfgs", tolerance: 1e-7 },
  { solver: "newton", tolerance: 1e-7 },
  { solver: "lbfgs", l1: 0.01, tolerance: 1e-7 },
  { solver: "gd", l2: 0.01, epochs: 50 },
  { solver: "adam", batchSize: 32, epochs: 5 },
  { solver: "sgd", batchSize: 32, epochs: 5, sampling: "importance" },
];

describe.each(["reference", "wasm"] as const)("on %s", (engine) => {
  describe.each(WAYS)("%j", (options) => {
    const fit = (given: TrainingData<number>) => train(given, { engine, ...options });

    test("the loss and the accuracy are those of logits with offsets", async () => {
      const seen: Progress[] = [];
      const validated = { ...options, validation: added, onProgress: (one: Progress) => seen.push(one) };
      const model = await train(added, { engine, ...validated });
      const { loss, accuracy } = scoreOf(model, isLabel);
      expect(seen.at(-1)?.validation?.loss).toBeCloseTo(loss, 5);
      expect(seen.at(-1)?.validation?.accuracy).toBeCloseTo(accuracy, 6);
      const without = await fit(data);
      expect(apart(model.weights, without.weights)).toBeGreaterThan(0.01);
    });

    test("what is the same for all classes of a row changes nothing", async () => {
      const shifted = offsets.map((one, i) => one + 8 * (Math.floor(i / CLASSES) % 5));
      const [found, wanted] = [await fit({ ...data, offsets: shifted }), await fit(added)];
      expect(apart(found.weights, wanted.weights)).toBeLessThan(1e-5);
    });

    test("rows of weight 0 do not count", async () => {
      if (options.solver === "sgd" || options.solver === "adam") return; // batches have other rows
      const keep = (row: number) => row % 4 > 0;
      const weighed = { ...added, weights: y.map((_, row) => Number(keep(row))) };
      const [found, wanted] = [await fit(weighed), await fit(part(keep))];
      expect(apart(found.weights, wanted.weights)).toBeLessThan(1e-5);
    });
  });

  test.each(["lbfgs", "newton"] as const)(
    "%s: offsets of a class are taken off its intercept",
    async (solver) => {
      const shared = Float64Array.from({ length: COUNT * CLASSES }, (_, i) => [1, -2, 0.5][i % CLASSES]);
      const options = { engine, solver, tolerance: 1e-8 } as const;
      const [found, without] = [
        await train({ ...data, offsets: shared }, options),
        await train(data, options),
      ];
      expect(apart(found.weights, without.weights)).toBeLessThan(1e-4);
      const moved = found.bias.map((b, k) => b + [1, -2, 0.5][k]);
      const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / CLASSES;
      expect(apart(moved.map((b) => b - mean(moved)), without.bias)).toBeLessThan(1e-3); // prettier-ignore
    },
  );

  test.each(["lbfgs", "newton", "gd"] as const)(
    "%s: soft and smoothed targets have offsets",
    async (solver) => {
      const share = (row: number, k: number) =>
        (y[row] === k ? 0.7 : 0.15) + (k === 0 ? 0.1 : -0.05) * (row % 2);
      const soft = Float64Array.from({ length: COUNT * CLASSES }, (_, i) =>
        share(Math.floor(i / CLASSES), i % CLASSES),
      );
      const given = { x, y: soft, features, classes: [0, 1, 2], offsets };
      const own = solver === "gd" ? { epochs: 3000, learningRate: 0.5 } : { tolerance: 1e-9 };
      const options = { engine, solver, l2: 0.05, labelSmoothing: 0.2, validation: given, ...own } as const;
      const model = await train(given, options);
      const exact = await train(given, {
        engine: "reference",
        solver: "newton",
        l2: 0.05,
        labelSmoothing: 0.2,
      });
      expect(apart(model.weights, exact.weights)).toBeLessThan(2e-3);
      const last = model.history.at(-1);
      const smoothed = (row: number, k: number) => 0.8 * share(row, k) + 0.2 / 3;
      expect(last?.validation?.loss).toBeCloseTo(scoreOf(model, share).loss, 5);
      expect(Math.abs((last?.loss ?? 0) - scoreOf(model, smoothed).loss)).toBeLessThan(1e-4);
    },
  );

  test("its passes are held against the reference", async () => {
    for (const solver of ["lbfgs", "adam"] as const) {
      const model = await train(added, { engine, solver, parity: true });
      expect(model.parity?.rho).toBeLessThan(1);
    }
    const [count, width] = [600, 40];
    const big = clouds(count, width, 8, 1); // a sample of its rows is checked
    const own = Float32Array.from({ length: count * 8 }, (_, i) => Math.sin(i));
    const large = { x: big.x, y: big.y, features: width, offsets: own };
    const model = await train(large, { engine, solver: "gd", epochs: 4, parity: true });
    expect(model.parity?.rho).toBeLessThan(1);
  });

  test("a sweep's fits and scores have them", async () => {
    const foldOf = (row: number) => Math.floor(row / 3) % 3;
    const folds = y.map((_, row) => foldOf(row));
    const found = await sweep(added, { engine, l2: [0.1, 0.01], folds, scoring: "loss" });
    for (const { l2, folds: fits } of found.table) {
      for (const [n, { loss }] of fits.entries()) {
        const held = part((row) => foldOf(row) === n);
        const alone = await train(part((row) => foldOf(row) !== n), { engine, l2, validation: held }); // prettier-ignore
        expect(Math.abs(loss / (alone.history.at(-1)?.validation?.loss ?? 0) - 1)).toBeLessThan(2e-3);
      }
    }
    const alone = await train(added, { engine, l2: found.best.l2 });
    expect(apart(found.model.weights, alone.weights)).toBeLessThan(1e-2);
    expect(found.model.offsets).toBe(true);
  });
});

test("the model says that it was trained with offsets, and its file too", async () => {
  const model = await train(added, { engine: "reference" });
  expect(model.offsets).toBe(true);
  expect(loadModel(await model.save()).offsets).toBe(true);
  expect(loadModel(model.toJSON()).offsets).toBe(true);
  const without = await train(data, { engine: "reference" });
  expect(without.offsets).toBeUndefined();
  expect(without.toJSON()).not.toHaveProperty("offsets");
  const damaged = { ...model.toJSON(), offsets: 1 };
  expect(() => loadModel(JSON.stringify(damaged))).toThrow("offsets is 1, and must be true or false");
});

test("offsets are copied before anything is awaited", async () => {
  const own = offsets.slice();
  const training = trainer({ ...data, offsets: own }, { engine: "reference" });
  own.fill(0);
  for await (const _ of training);
  expect(training.model.weights).toEqual((await train(added, { engine: "reference" })).weights);
});

test("centroids are those of data without offsets", async () => {
  const options = {
    engine: "reference",
    solver: "gd",
    epochs: 1,
    learningRate: 1e-12,
    init: "centroids",
  } as const;
  const [found, without] = [await train(added, options), await train(data, options)];
  expect(apart(found.weights, without.weights)).toBeLessThan(1e-9);
});

test("validation data have offsets where the training has, and none where it has none", () => {
  const message = (given: TrainingData<number>, validation: TrainingData<number>) => {
    expect(() => trainer(given, { validation })).toThrow(DataError);
    return () => trainer(given, { validation });
  };
  expect(message(added, data)).toThrow("validation.offsets is missing, but the training has them");
  expect(message(data, added)).toThrow("validation.offsets is given, but the training has none");
  expect(() => trainer(added, { validation: 0.2 })).not.toThrow();
});

test("offsets that tell all rows right do not make classes separable", async () => {
  const right = Float64Array.from({ length: COUNT * CLASSES }, (_, i) =>
    y[Math.floor(i / CLASSES)] === i % CLASSES ? 5 : 0,
  );
  const mixed = { ...data, y: y.map((label, row) => (row % 3 > 0 ? label : 0)), offsets: right };
  const model = await train(mixed, { engine: "reference", l2: 0 });
  expect(model.converged).toBe(true);
  const separable = { x: [[1], [1], [1], [1]], y: [0, 1, 0, 1], offsets: [[9, 0], [0, 9], [9, 0], [0, 9]] }; // prettier-ignore
  const bound = await train(separable, { engine: "reference", l2: 0 });
  expect(bound).toMatchObject({ converged: true });
  expect(bound.weights.every((w) => Math.abs(w) < 1e-3)).toBe(true);
});

test.each(["lbfgs", "newton"] as const)("%s never converges where X tells all rows right", async (solver) => {
  const separable = { x: [[-2], [-1], [1], [2]], y: [0, 0, 1, 1], offsets: [[9, 0], [0, 4], [3, 0], [0, 1]] }; // prettier-ignore
  for (const engine of ["wasm", "reference"] as const) {
    const model = await train(separable, { engine, solver, l2: 0, maxIterations: 100 });
    expect(model).toMatchObject({ converged: false, reasonCode: "separable" });
    const bounded = await train(separable, { engine, solver, l2: 0.01 });
    expect(bounded.converged).toBe(true);
  }
});
