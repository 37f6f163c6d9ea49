/**
 * Checks that weights mean repetition: weight n is n copies of a row, weight 0 is none, and a common factor
 * changes nothing.
 */
import { describe, expect, test } from "vitest";
import { range } from "../../../src/core/random.js";
import { type SoftmaxModel, type SweepOptions, type TrainOptions, sweep, train } from "../../../src/index.js";
import { parseOptions } from "../../../src/train/options.js";
import { featureMoments } from "../../../src/solvers/optimum/preconditioner.js";
import { drawRates } from "../../../src/solvers/minibatch/sampling.js";
import { prepareTask } from "../../../src/train/prepare.js";
import { createTask } from "../../../src/train/problem.js";
import { Warnings } from "../../../src/core/warnings.js";
import { distance } from "../../support/arrays.js";
import { clouds } from "../../support/examples.js";

const { x: clean, y, features } = clouds(90, 4, 3, 0.8);
/** 0 to 3, all of which occur in every class, and more in the first class than in the last. */
const weights = Float64Array.from(
  y,
  (label, row) => (Math.floor(row / 3) % 4) + (row % 5 === 0 ? 2 - label : 0),
);
/** Rows of weight 0 hold values that would spoil any sum. */
const x = Float64Array.from(clean, (value, i) => {
  if (weights[Math.floor(i / features)] > 0) return value;
  return i % 3 === 0 ? 1e300 : -999_999;
});
const copies = Array.from(y.keys()).flatMap((row) => Array.from({ length: weights[row] }, () => row));
const pick = (rows: readonly number[]) => ({
  x: Float64Array.from(rows.flatMap((row) => Array.from(x.subarray(row * features, (row + 1) * features)))),
  y: rows.map((row) => y[row]),
  features,
});
const weighted = { x, y, features, weights };
const repeated = pick(copies);
const scaled = (factor: number) => ({ ...weighted, weights: weights.map((weight) => factor * weight) });
const FACTORS = [1e-30, 1e-3, 7, 1e30];

const task = (data: typeof weighted | typeof repeated, options: TrainOptions<number>) =>
  createTask(data, parseOptions(options), new Warnings(() => {}));

/** Some of these rows were trained on, others are new. */
const probabilities = (model: SoftmaxModel<number>) => model.predictProba({ x: clean, features });

const OPTIONS: TrainOptions<number>[] = (["lbfgs", "newton"] as const).flatMap((solver) => [
  { solver, l2: 0.01 },
  { solver, l2: 0 },
  { solver, C: 2 },
  { solver, l2: 0.01, standardize: true },
  { solver, l2: 0.01, classWeight: "balanced" },
  { solver, l2: 0.01, classWeight: { 0: 3, 1: 0.5 } },
  { solver, l2: 0.01, init: "centroids" },
  { solver, l2: 0.01, intercept: false },
  { solver, l2: 0.01, labelSmoothing: 0.1 },
  ...(solver === "lbfgs"
    ? [
        { solver, l1: 0.01 },
        { solver, l1: 0.01, l2: 0.01 },
      ]
    : []),
]);

describe.each([
  { engine: "reference", within: 1e-9 },
  { engine: "wasm", within: 1e-5 },
] as const)("on $engine", ({ engine, within }) => {
  const fit = (data: typeof weighted | typeof repeated, options: TrainOptions<number>) =>
    train(data, {
      engine,
      ...(options.solver !== "gd" && { tolerance: engine === "wasm" ? 1e-7 : 1e-9 }),
      ...options,
    });

  test.each(OPTIONS)("a row of weight n is n rows, and one of weight 0 none: %o", async (options) => {
    const [one, many] = [await fit(weighted, options), await fit(repeated, options)];
    expect(one.converged).toBe(true);
    expect(many.converged).toBe(true);
    expect(distance(probabilities(one), probabilities(many))).toBeLessThan(within);
    expect(one.history.at(-1)?.loss).toBeCloseTo(many.history.at(-1)?.loss ?? 0, 6);
    expect(one.history.at(-1)?.accuracy).toBeCloseTo(many.history.at(-1)?.accuracy ?? 0, 9);
  });

  test.each(OPTIONS.filter(({ C }) => C === undefined))("a factor changes nothing: %o", async (options) => {
    const plain = probabilities(await fit(weighted, options));
    for (const factor of FACTORS) {
      const model = await fit(scaled(factor), options);
      expect(model.converged).toBe(true);
      expect(distance(probabilities(model), plain)).toBeLessThan(within);
    }
  });

  test("a factor of the weights is one of C", async () => {
    const plain = probabilities(await fit(weighted, { C: 2 }));
    for (const factor of FACTORS) {
      const model = await fit(scaled(factor), { C: 2 / factor });
      expect(distance(probabilities(model), plain)).toBeLessThan(within);
    }
  });

  test.each<TrainOptions<number>>([
    { solver: "gd", epochs: 10 },
    { solver: "sgd", epochs: 3, batchSize: 7 },
    { solver: "sgd", epochs: 3, batchSize: 7, sampling: "importance" },
    { solver: "adam", epochs: 3, batchSize: 7, standardize: true },
    { solver: "sgd", epochs: 3, batchSize: 7, validation: 0.2 },
    { solver: "sgd", epochs: 3, batchSize: 7, init: "centroids", classWeight: "balanced" },
    { solver: "lbfgs", validation: 0.2 },
  ])("rows of weight 0 are in no batch and no fraction: %o", async (options) => {
    const present = Array.from(y.keys()).filter((row) => weights[row] > 0);
    const without = { ...pick(present), weights: Float64Array.from(present, (row) => weights[row]) };
    const [one, other] = [
      await train(weighted, { engine, ...options }),
      await train(without, { engine, ...options }),
    ];
    expect(one.weights).toEqual(other.weights);
    expect(one.bias).toEqual(other.bias);
    const last = (model: SoftmaxModel<number>) => ({ ...model.history.at(-1), elapsed: 0 });
    expect(last(one)).toEqual(last(other));
  });

  test("a step over all rows is that over their copies", async () => {
    const options = { solver: "gd", epochs: 10, l2: 0.01 } as const;
    const [one, many] = [await fit(weighted, options), await fit(repeated, options)];
    expect(distance(probabilities(one), probabilities(many))).toBeLessThan(within);
  });

  test.each<TrainOptions<number>>([
    { solver: "gd", epochs: 5 },
    { solver: "sgd", epochs: 2, batchSize: 8, l2: 0.01 },
    { solver: "sgd", epochs: 3, batchSize: 7, sampling: "importance" },
    { solver: "adam", epochs: 2, batchSize: 8 },
  ])("a factor of the weights changes no step: %o", async (options) => {
    const plain = probabilities(await train(weighted, { engine, ...options }));
    for (const factor of FACTORS) {
      const model = await train(scaled(factor), { engine, ...options });
      expect(distance(probabilities(model), plain)).toBeLessThan(within);
    }
  });

  test("the examples to watch are weighed likewise", async () => {
    const watch = async (validation: typeof weighted | typeof repeated) => {
      const model = await fit(repeated, { solver: "lbfgs", l2: 0.01, validation });
      return model.history.at(-1)?.validation;
    };
    const [one, many] = [await watch(weighted), await watch(repeated)];
    expect(one?.loss).toBeCloseTo(many?.loss ?? 0, 6);
    expect(one?.accuracy).toBeCloseTo(many?.accuracy ?? 0, 9);
    for (const factor of FACTORS) {
      const same = await watch(scaled(factor));
      expect(same?.loss).toBeCloseTo(many?.loss ?? 0, 6);
      expect(same?.accuracy).toBeCloseTo(many?.accuracy ?? 0, 9);
    }
  });
});

describe("what is known before an engine is opened", () => {
  test("balanced class weights are Σw ÷ (K·Σw of the class)", () => {
    const { classFactors } = task(weighted, { classWeight: "balanced" });
    const ofClass = [0, 1, 2].map((k) => copies.filter((row) => y[row] === k).length);
    expect(new Set(ofClass).size).toBe(3);
    ofClass.forEach((count, k) => expect(classFactors?.[k]).toBeCloseTo(copies.length / (3 * count), 12));
    expect(task(repeated, { classWeight: "balanced" }).classFactors).toEqual(classFactors);
  });

  test.each<TrainOptions<number>>([
    { init: "centroids", l2: 0.01 },
    { init: "centroids", l2: 0.01, standardize: true },
    { init: "centroids", l2: 0.01, classWeight: "balanced" },
    { init: "centroids", solver: "sgd" },
  ])("centroids are those of the copies: %o", async (options) => {
    const { start: many } = await prepareTask(task(repeated, options));
    // A search finds the temperature, so the starts agree only approximately.
    for (const factor of [1, ...FACTORS]) {
      const { start } = await prepareTask(task(scaled(factor), options));
      expect(distance(start, many)).toBeLessThan(1e-7);
    }
  });

  test("so are the units of features, and the moments of the preconditioner", async () => {
    for (const standardize of [true, false]) {
      const [one, many] = await Promise.all(
        [weighted, repeated].map((data) => prepareTask(task(data, { standardize, l2: 0.01 }))),
      );
      expect(distance(one.units?.origin ?? [], many.units?.origin ?? [1])).toBeLessThan(1e-12);
      expect(distance(one.units?.unit ?? [], many.units?.unit ?? [1])).toBeLessThan(1e-12);
      const [a, b] = await Promise.all(
        [one, many].map(({ rows, examples }) => featureMoments(rows, examples.train, true)),
      );
      expect(distance(a.mean, b.mean)).toBeLessThan(1e-6);
      expect(distance(a.bound, b.bound)).toBeLessThan(1e-6);
    }
  });

  test("rows are placed with a mean weight of 1, and those of weight 0 not at all", () => {
    for (const factor of [1, ...FACTORS]) {
      const { rows, kept, examples } = task(scaled(factor), { l2: 0.01 });
      expect(rows.count).toBe(weights.filter((weight) => weight > 0).length);
      expect([...(kept ?? [])].every((row) => weights[row] > 0)).toBe(true);
      expect(examples.meanWeight).toBeCloseTo(1, 12);
      expect(rows.weights?.[0]).toBeCloseTo((weights[kept?.[0] ?? 0] * rows.count) / copies.length, 12);
    }
  });
});

test("importance draws a row of weight n as often as n rows, and the expected gradient is that of all", () => {
  const norms = Float64Array.from(y, (_, row) => 1 + Math.sin(row));
  const present = range(90).filter((row) => weights[row] > 0);
  const rates = drawRates(
    Float64Array.from(present, (row) => norms[row]),
    Float64Array.from(present, (row) => weights[row]),
    copies.length,
  );
  const many = drawRates(
    Float64Array.from(copies, (row) => norms[row]),
    new Float64Array(copies.length).fill(1),
    copies.length,
  );
  present.forEach((row, n) => {
    const drawn = many.filter((_, i) => copies[i] === row).reduce((a, b) => a + b, 0);
    expect(rates[n]).toBeCloseTo(drawn, 10);
  });
  expect(rates.reduce((a, b) => a + b, 0)).toBeCloseTo(copies.length, 9);
});

describe("of a model", () => {
  const trained = train(repeated, { engine: "reference", l2: 0.01, tolerance: 1e-10 });

  test.each([1, ...FACTORS])("evaluations are those of the copies: weights times %d", async (factor) => {
    const model = await trained;
    const [one, many] = [await model.evaluate(scaled(factor)), await model.evaluate(repeated)];
    expect(one.loss).toBeCloseTo(many.loss, 12);
    expect(one.accuracy).toBeCloseTo(many.accuracy, 12);
    expect(one.calibrationError).toBeCloseTo(many.calibrationError, 12);
    one.perClass.forEach((score, k) => {
      expect(score.f1).toBeCloseTo(many.perClass[k].f1, 12);
      expect(score.support / (factor * many.perClass[k].support)).toBeCloseTo(1, 12);
    });
    expect((await model.calibrate(scaled(factor))).temperature).toBeCloseTo(
      (await model.calibrate(repeated)).temperature,
      6,
    );
  });

  test("a row of weight 0 whose logits overflow is no part of them", async () => {
    const model = await trained;
    const far = { ...weighted, x: x.map((value) => (Math.abs(value) > 100 ? 1e308 : value)) };
    expect(() => model.logits({ x: far.x, features })).toThrow(/beyond 1e\+150/);
    expect(await model.evaluate(far)).toEqual(await model.evaluate(weighted));
    expect((await model.calibrate(far)).temperature).toBe((await model.calibrate(weighted)).temperature);
  });

  test("statistics are those of the copies", async () => {
    const model = await trained;
    const [one, many] = await Promise.all(
      [weighted, repeated].map((data) => model.statistics(data, { l2: 0.01 })),
    );
    for (const name of ["coefficients", "standardErrors", "z", "p"] as const) {
      expect(distance(one[name], many[name])).toBeLessThan(1e-9);
    }
  });
});

describe("in a sweep", () => {
  const folds = y.map((_, row) => (Math.floor(row / 3) % 5) % 3);
  const options: SweepOptions<number> = { engine: "reference", l2: [0.001, 0.1], tolerance: 1e-10 };
  const table = async (data: typeof weighted | typeof repeated, more: SweepOptions<number>) =>
    (await sweep(data, { ...options, ...more })).table;
  const scores = (found: Awaited<ReturnType<typeof table>>) =>
    found.flatMap(({ loss, accuracy, folds: own }) => [loss, accuracy, ...own.map((fold) => fold.loss)]);

  test("fold numbers are those of the rows given, whatever rows weigh nothing", async () => {
    const one = scores(await table(weighted, { folds }));
    const many = scores(await table(repeated, { folds: copies.map((row) => folds[row]) }));
    expect(distance(one, many)).toBeLessThan(1e-7);
    for (const factor of FACTORS) {
      expect(distance(scores(await table(scaled(factor), { folds })), one)).toBeLessThan(1e-7);
    }
  });

  test("folds are dealt by the rows that weigh anything", async () => {
    const present = Array.from(y.keys()).filter((row) => weights[row] > 0);
    const without = { ...pick(present), weights: Float64Array.from(present, (row) => weights[row]) };
    const [one, other] = [await table(weighted, { folds: 3 }), await table(without, { folds: 3 })];
    expect(one).toEqual(other);
  });

  test("bad fold numbers are named by the rows given", async () => {
    const bad = folds.with(80, -1);
    await expect(sweep(weighted, { ...options, folds: bad })).rejects.toThrow("folds[80] is -1");
    await expect(sweep(weighted, { ...options, folds: bad.slice(1) })).rejects.toThrow(
      "folds has 89 numbers for 90 rows",
    );
  });
});
