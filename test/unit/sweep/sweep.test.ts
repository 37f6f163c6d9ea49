/** Tests sweeps: folds, the choice of C, and concurrent fits. */
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { idleResources, runtimeWith } from "../../support/engines.js";
import {
  DataError,
  type Evaluation,
  OptionError,
  type SweepEntry,
  type SweepProgress,
  type TrainingData,
  sweep,
  train,
} from "../../../src/index.js";
import { createFolds } from "../../../src/sweep/folds.js";
import { runChains } from "../../../src/sweep/chains.js";
import { bestOf, entryOf, oneStandardErrorOf } from "../../../src/sweep/table.js";
import fixture from "../../fixtures/sweep/sweep.json";
import { clouds } from "../../support/examples.js";
import { dataSet } from "../../support/optima.js";

const { digits, balanced, elastic } = fixture;

/** Raw digits scaled to [0, 1], or the rows of them that `keep` selects. */
function digitsData(keep: (label: number, row: number) => boolean = () => true) {
  const { x, labels, features } = dataSet("digits", "raw");
  const rows = Array.from(labels.keys()).filter((row) => keep(labels[row], row));
  const kept = rows.flatMap((row) => Array.from(x.subarray(row * features, (row + 1) * features)));
  return { x: Uint8Array.from(kept), scale: 1 / 16, features, y: rows.map((row) => labels[row]) };
}

function irisData(): TrainingData<number> {
  const { x, labels, features } = dataSet("iris", "standardised");
  return { x, y: labels, features };
}

/** The value that the promise rejects with. */
function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => Promise.reject(new Error("It did not reject.")),
    (reason: unknown) => reason,
  );
}

/** (folds, values) */
const scoresOf = (table: readonly SweepEntry[], scoring: "accuracy" | "loss") =>
  table[0].folds.map((_, fold) => table.map((entry) => entry.folds[fold][scoring]));

describe("stratified folds", () => {
  test.each([
    ...fixture.folds.map(({ labels, folds, numbers }) => ({ labels: labels.map(String), folds, numbers })),
    {
      labels: Array.from(dataSet("digits", "raw").labels, String),
      folds: 5,
      numbers: Array.from(digits.numbers, Number),
    },
  ])("are scikit-learn's: $folds of $labels.length rows", ({ labels, folds, numbers }) => {
    const classes = [...new Set(labels)].sort();
    const rows = {
      count: labels.length,
      labels: Uint32Array.from(labels, (label) => classes.indexOf(label)),
    };
    const found = createFolds(folds, rows, classes);
    const all = numbers.map((fold, row) => ({ fold, row }));
    const wanted = Array.from({ length: folds }, (_, fold) => ({
      train: Uint32Array.from(all.filter((one) => one.fold !== fold).map(({ row }) => row)),
      heldOut: Uint32Array.from(all.filter((one) => one.fold === fold).map(({ row }) => row)),
    }));
    expect(found).toEqual(wanted);
  });
});

/**
 * Compares losses up to the rounding of f32, and accuracies to the row, except for one that is almost a tie,
 * which f32 may decide otherwise than f64.
 */
function expectScores(table: readonly SweepEntry[], wanted: { accuracies: number[][]; losses: number[][] }) {
  const [accuracies, losses] = [scoresOf(table, "accuracy"), scoresOf(table, "loss")];
  losses.flat().forEach((loss, n) => {
    const right = wanted.losses.flat()[n];
    expect(Math.abs(loss - right)).toBeLessThan(2e-4 * right);
  });
  const away = accuracies.flat().map((accuracy, n) => Math.abs(accuracy - wanted.accuracies.flat()[n]));
  expect(Math.max(...away)).toBeLessThan(1 / 190); // the smallest fold has 194 rows
  expect(away.filter((one) => one > 0).length).toBeLessThan(3);
}

describe("on the digits", () => {
  test("it finds what scikit-learn's LogisticRegressionCV finds, and chooses the same C", async () => {
    const { table, best, model } = await sweep(digitsData(), {
      C: digits.C,
      engine: "wasm",
      tolerance: 1e-7,
    });
    expectScores(table, digits);
    expect(best.C).toBe(digits.chosen);
    expect(model.engine.name).toBe("wasm");
    expect(best.l2).toBe(1 / (best.C * 1797));
    expect(table.map(({ C }) => C)).toEqual(digits.C);
  });

  test("class weights count in training, by the rows of all, and not in scores, as scikit-learn has it", async () => {
    const some = digitsData((label, row) => label === 0 || row % 4 === 0);
    const options = { C: balanced.C, folds: 3, tolerance: 1e-7, engine: "wasm" } as const;
    const { table, best } = await sweep(some, { ...options, classWeight: "balanced" });
    expectScores(table, balanced);
    expect(best.C).toBe(balanced.chosen);
  });
});

describe("an elastic net on the wine", () => {
  const { x, labels: y, features } = dataSet("wine", "standardised");
  const wine = { x, y, features };
  const { C, l1Ratio } = elastic;

  test.each([
    { engine: "wasm", within: 2e-3 }, // sums in f32
    { engine: "reference", within: 1e-4 },
  ] as const)(
    "has the scores that scikit-learn's LogisticRegressionCV finds, on $engine",
    async ({ engine, within }) => {
      const options = { C, l1Ratio, folds: 4, engine, tolerance: 1e-9, maxIterations: 1000 } as const;
      const { table, best, model } = await sweep(wine, options);
      expect(table.map((one) => [one.l1Ratio, one.C])).toEqual(
        l1Ratio.flatMap((ratio) => C.map((one) => [ratio, one])),
      );
      table.forEach(({ folds }, n) => {
        const [ratio, one] = [Math.floor(n / C.length), n % C.length];
        folds.forEach(({ accuracy, loss }, fold) => {
          expect(accuracy).toBeCloseTo(elastic.accuracies[fold][ratio][one], 12);
          expect(Math.abs(loss / elastic.losses[fold][ratio][one] - 1)).toBeLessThan(within);
        });
      });
      expect(best).toMatchObject(elastic.chosen);
      const { best: likeliest } = await sweep(wine, { ...options, scoring: "loss" });
      const losses = table.map((_, n) =>
        elastic.losses.map((fold) => fold.flat()[n]).reduce((a, b) => a + b),
      );
      const { C: one, l1Ratio: ratio } = table[losses.indexOf(Math.min(...losses))];
      expect(likeliest).toMatchObject({ C: one, l1Ratio: ratio });
      const alone = await train(wine, { l1: best.l1, l2: best.l2 });
      model.weights.forEach((w, i) => expect(Math.abs(w - alone.weights[i])).toBeLessThan(0.01));
    },
  );

  test("splits 1 / (C · rows) into l1 and l2, for the rows of each fit", async () => {
    const { table, model } = await sweep(wine, { C: [2], l1Ratio: [0.25], folds: 2 });
    const [{ l1, l2, folds }] = table;
    expect(l1).toBeCloseTo(0.25 / (2 * 178), 12);
    expect(l2).toBeCloseTo(0.75 / (2 * 178), 12);
    expect(folds[0].l1 / l1).toBeCloseTo(2, 12);
    expect(model.options).toMatchObject({ l1, l2 });
  });

  test("tries every l1 with every l2, and is each of them the training's", async () => {
    const { table } = await sweep(wine, { l1: [0.01, 0.1], l2: [0.02, 0], folds: 2, tolerance: 1e-7 });
    expect(table.map(({ l1, l2 }) => [l1, l2])).toEqual([
      [0.01, 0.02],
      [0.1, 0.02],
      [0.01, 0],
      [0.1, 0],
    ]);
    const { table: alone } = await sweep(wine, { l1: [0.1], folds: 2, tolerance: 1e-7 });
    expect(alone[0]).toMatchObject({ l1: 0.1, l2: 0, l1Ratio: 1 });
    expect(alone[0].C).toBeCloseTo(1 / (0.1 * 178), 12);
    expect(Math.abs(table[3].loss / alone[0].loss - 1)).toBeLessThan(1e-4);
  });
});

describe("any score of evaluate", () => {
  const { x, y, features } = clouds(240, 3, 3, 0.5);
  const weights = y.map((_, row) => 1 + (row % 3));
  const offsets = Float64Array.from({ length: 3 * y.length }, (_, i) => Math.sin(i));
  const folds = y.map((_, row) => Math.floor(row / 7) % 3);
  const part = (keep: (fold: number) => boolean) => {
    const rows = folds.flatMap((fold, row) => (keep(fold) ? [row] : []));
    return {
      x: rows.map((row) => Array.from(x.subarray(row * features, (row + 1) * features))),
      y: rows.map((row) => y[row]),
      weights: rows.map((row) => weights[row]),
      offsets: Float64Array.from(rows.flatMap((row) => [...offsets.subarray(3 * row, 3 * row + 3)])),
    };
  };
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const of = {
    accuracy: (scores: Evaluation) => scores.accuracy,
    loss: (scores: Evaluation) => scores.loss,
    topK: (scores: Evaluation) => scores.topK.accuracy,
    brier: (scores: Evaluation) => scores.brier,
    calibrationError: (scores: Evaluation) => scores.calibrationError,
    f1: (scores: Evaluation) => mean(scores.perClass.map(({ f1 }) => f1)),
    auc: (scores: Evaluation) => scores.auc?.macro ?? Number.NaN,
    aucWeighted: (scores: Evaluation) => scores.auc?.weighted ?? Number.NaN,
  };

  test.each(["reference", "wasm"] as const)("is that of a training's evaluation, on %s", async (engine) => {
    const options = { engine, tolerance: 1e-7, classWeight: { 0: 2 } } as const;
    for (const [name, scoreOf] of Object.entries(of)) {
      const scoring = Object.keys(of).find((one): one is keyof typeof of => one === name);
      const { table } = await sweep(
        { x, y, features, weights, offsets },
        { ...options, l2: [0.01], folds, scoring },
      );
      const scores: number[] = [];
      for (const [fold, { score, loss, accuracy }] of table[0].folds.entries()) {
        const model = await train(
          part((one) => one !== fold),
          { ...options, l2: 0.01 },
        );
        const scored = await model.evaluate(
          part((one) => one === fold),
          { auc: true },
        );
        expect(score).toBeCloseTo(scoreOf(scored), 4);
        expect(loss).toBeCloseTo(scored.loss, 4);
        expect(accuracy).toBeCloseTo(scored.accuracy, 4);
        scores.push(score);
      }
      expect(table[0].score).toBeCloseTo(mean(scores), 12);
    }
  });

  test("chooses the lowest of those of which lower is better", async () => {
    const options = { C: [1e-4, 1, 100], folds, engine: "reference" } as const;
    for (const scoring of ["brier", "calibrationError"] as const) {
      const { table, best } = await sweep({ x, y, features }, { ...options, scoring });
      expect(best.score).toBe(Math.min(...table.map(({ score }) => score)));
      expect(new Set(table.map(({ score }) => score)).size).toBe(3);
    }
  });

  test("may be a function of them, of which higher is better", async () => {
    const recall = ({ perClass }: Evaluation) => perClass[1].recall;
    const options = { C: [1e-4, 1, 100], folds, engine: "reference" } as const;
    const { table, best } = await sweep({ x, y, features }, { ...options, scoring: recall });
    expect(best.score).toBe(Math.max(...table.map(({ score }) => score)));
    expect(best.score).toBeGreaterThan(0.3);
  });

  test.each([
    { what: "an area where a fold has one class", scoring: "auc", message: /score auc of fold 2 is NaN/ },
    {
      what: "a function without a result",
      scoring: () => {},
      message: /score of scoring of fold \d is undefined/,
    },
  ])("is a DataError where it is no number: $what", async ({ scoring, message }) => {
    const options = { C: [1], folds: y.map((label, row) => (label === 1 && row < 9 ? 2 : row % 2)), scoring };
    const error = await rejection(Reflect.apply(sweep, undefined, [{ x, y, features }, options]));
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ message: expect.stringMatching(message) });
  });
});

test("the model records its own penalty, so that its statistics follow", async () => {
  const data = clouds(200, 3, 3, 0.8);
  const { model, best } = await sweep(data, { C: [0.1, 10, 1000], folds: 4, scoring: "loss" });
  expect(model.options).toMatchObject({ l2: best.l2, l1: 0 });
  const { standardErrors } = await model.statistics(data);
  expect(standardErrors.every((one) => one > 0)).toBe(true);
});

describe("on the iris", () => {
  const C = [10, 0.01, 1];
  const options = { engine: "reference", tolerance: 1e-9 } as const;

  test.each(["lbfgs", "newton"] as const)(
    "every score is that of a training of its own: %s",
    async (solver) => {
      const data = irisData();
      const rows = { count: 150, labels: Uint32Array.from(data.y) };
      const { table } = await sweep(data, { ...options, C, folds: 3, solver });
      const folds = createFolds(3, rows, [0, 1, 2]);
      const part = (chosen: Uint32Array) => ({
        x: Array.from(chosen, (row) => Array.from({ length: 4 }, (_, d) => Number(data.x[4 * row + d]))),
        y: Array.from(chosen, (row) => data.y[row]),
      });
      for (const [fold, { train: rest, heldOut }] of folds.entries()) {
        for (const [n, value] of C.entries()) {
          const alone = await (
            await train(part(rest), { ...options, C: value, solver })
          ).evaluate(part(heldOut));
          expect(Math.abs(table[n].folds[fold].loss - alone.loss)).toBeLessThan(1e-6);
          expect(table[n].folds[fold].accuracy).toBe(alone.accuracy);
        }
      }
    },
  );

  test("the model is a training's of all rows, with the value chosen", async () => {
    const found = await sweep(irisData(), { ...options, C, scoring: "loss" });
    const alone = await train(irisData(), { ...options, solver: "lbfgs", C: found.best.C });
    expect(found.model.classes).toEqual([0, 1, 2]);
    found.model.weights.forEach((w, i) => expect(w).toBeCloseTo(alone.weights[i], 5));
    expect(found.model.converged).toBe(true);
    expect(found.model.iterations).toBeLessThan(alone.iterations); // it starts at the folds' mean
  });

  test("the model may be the one within a standard error", async () => {
    const found = await sweep(irisData(), { ...options, C, choose: "oneStandardError" });
    expect(found.oneStandardError.C).toBeLessThan(found.best.C);
    const alone = await train(irisData(), { ...options, solver: "lbfgs", C: found.oneStandardError.C });
    found.model.weights.forEach((w, i) => expect(w).toBeCloseTo(alone.weights[i], 5));
  });

  test("features are standardised by all rows, and the model is of the features themselves", async () => {
    const { x, labels, features } = dataSet("iris", "raw");
    const raw = { x, y: labels, features };
    const found = await sweep(raw, { ...options, C, standardize: true });
    const beforehand = await sweep(irisData(), { ...options, C });
    scoresOf(found.table, "loss").forEach((losses, fold) =>
      losses.forEach((loss, n) => expect(loss).toBeCloseTo(beforehand.table[n].folds[fold].loss, 8)),
    );
    expect((await found.model.evaluate(raw)).loss).toBeCloseTo(
      (await beforehand.model.evaluate(irisData())).loss,
      6,
    );
  });

  test("smoothed labels are trained on, and scores are of the labels themselves", async () => {
    const found = await sweep(irisData(), { ...options, C: [100], labelSmoothing: 0.2 });
    const alone = await train(irisData(), { ...options, solver: "lbfgs", C: 100, labelSmoothing: 0.2 });
    found.model.weights.forEach((w, i) => expect(w).toBeCloseTo(alone.weights[i], 5));
  });

  test.each(["wasm", "reference"] as const)(
    "penalty factors are those of every fit, on %s",
    async (engine) => {
      const [penaltyFactors, folds] = [[0.25, 0, 4, 1], Array.from({ length: 150 }, (_, row) => row % 3)];
      const { x, y } = irisData();
      const found = await sweep(irisData(), { ...options, engine, l2: [1, 0.01], folds, penaltyFactors });
      const rows = (keep: (fold: number) => boolean) =>
        folds.flatMap((fold, row) => (keep(fold) ? [row] : []));
      const part = (some: number[]) => ({
        x: some.map((row) => Array.from({ length: 4 }, (_, d) => Number(x[4 * row + d]))),
        y: some.map((row) => Number(y[row])),
      });
      for (const { l2, folds: fits } of found.table) {
        for (const [n, { loss }] of fits.entries()) {
          const alone = await train(part(rows((fold) => fold !== n)), { engine, l2, penaltyFactors });
          const scored = await alone.evaluate(part(rows((fold) => fold === n)));
          expect(Math.abs(loss / scored.loss - 1)).toBeLessThan(2e-3);
        }
      }
      const alone = await train(irisData(), { engine, l2: found.best.l2, penaltyFactors });
      found.model.weights.forEach((w, i) => expect(Math.abs(w - alone.weights[i])).toBeLessThan(0.02));
      const wrong = await rejection(sweep(irisData(), { C: [1], penaltyFactors: [1] }));
      expect(wrong).toBeInstanceOf(OptionError);
    },
  );

  test("l2 is of the mean objective of any fold, and C is in other words", async () => {
    const byL2 = await sweep(irisData(), { ...options, l2: [0.1, 0.01], folds: 3 });
    const byC = await sweep(irisData(), { ...options, C: [0.1, 1], folds: 3 }); // fits on 100 of 150 rows
    expect(scoresOf(byL2.table, "loss")).toEqual(scoresOf(byC.table, "loss"));
    expect(byL2.table[0].C).toBeCloseTo(1 / 15, 12);
    expect(byC.table[0].l2).toBeCloseTo(1 / 15, 12);
    expect(byC.table[0].folds[0].l2).toBeCloseTo(0.1, 12);
  });

  test("it gives the wasm engine's memory back", async () => {
    const kept = idleResources.take();
    idleResources.giveBack(kept); // keeps it only if nothing is left in it
    const given = { runtime: runtimeWith(), engine: "wasm", C: [1], classWeight: { 0: 2 } } as const;
    await sweep(irisData(), given);
    const failing = sweep(irisData(), { ...given, signal: AbortSignal.timeout(1) }).catch(() => {});
    await failing;
    expect(idleResources.take()).toBe(kept);
    idleResources.giveBack(kept);
  });
});

test("rows of whole weights are as many rows of the same fold", async () => {
  const { x, y, features } = clouds(90, 4, 3, 0.8);
  const folds = y.map((_, row) => Math.floor(row / 3) % 4);
  const weights = y.map((_, row) => Math.floor(row / 5) % 3); // some rows of every class and fold are 0
  const repeated = weights.flatMap((weight, row) => Array.from({ length: weight }, () => row));
  const options = { engine: "reference", C: [0.5, 5], tolerance: 1e-10 } as const;
  const weighted = await sweep({ x, y, features, weights }, { ...options, folds });
  const repeats = await sweep(
    {
      x: repeated.map((row) => Array.from(x.subarray(row * features, (row + 1) * features))),
      y: repeated.map((row) => y[row]),
    },
    { ...options, folds: Uint8Array.from(repeated, (row) => folds[row]) },
  );
  scoresOf(weighted.table, "loss")
    .flat()
    .forEach((loss, n) => expect(loss).toBeCloseTo(scoresOf(repeats.table, "loss").flat()[n], 7));
  expect(weighted.table.map(({ accuracy }) => accuracy)).toEqual(
    repeats.table.map(({ accuracy }) => accuracy),
  );
});

describe("the choice", () => {
  /** An entry whose folds have these accuracies, and their error rates as losses. */
  const entry = (by: "accuracy" | "loss", C: number, ...accuracies: number[]) =>
    entryOf(
      { C, l1Ratio: 0, l1: 0, l2: 1 / C },
      accuracies.map((accuracy) => ({
        accuracy,
        loss: 1 - accuracy,
        score: by === "loss" ? 1 - accuracy : accuracy,
        l1: 0,
        l2: 1 / C,
        iterations: 3,
        converged: C < 100,
      })),
    );
  const tableBy = (by: "accuracy" | "loss") => [
    entry(by, 1, 0.5, 0.7, 0.6), // mean 0.6
    entry(by, 100, 0.9, 0.8, 0.7), // mean 0.8, error 0.1/√3 = 0.0577
    entry(by, 10, 0.75, 0.75, 0.73), // mean 0.743, within one error of the best
    entry(by, 1000, 0.7, 0.9, 0.8), // as good as the best, but later
    entry(by, 5, 0.74, 0.74, 0.74), // mean 0.74, not within one error
  ];

  test("has means, their standard errors, and what the fits came to", () => {
    const table = tableBy("loss");
    expect(table[1].score).toBeCloseTo(0.2, 12);
    expect(table[1].scoreError).toBeCloseTo(0.1 / Math.sqrt(3), 12);
    expect(table[1].accuracy).toBeCloseTo(0.8, 12);
    expect(table[1].accuracyError).toBeCloseTo(0.1 / Math.sqrt(3), 12);
    expect(table[1].loss).toBeCloseTo(0.2, 12);
    expect(table[1].lossError).toBeCloseTo(0.1 / Math.sqrt(3), 12);
    expect(table[1].iterations).toBe(9);
    expect(table.map(({ converged }) => converged)).toEqual([true, false, true, false, true]);
  });

  test.each(["accuracy", "loss"] as const)(
    "by %s is the best, or the most penalised within its error",
    (by) => {
      const table = tableBy(by);
      expect(bestOf(table, by)).toBe(table[1]);
      expect(oneStandardErrorOf(table, by)).toBe(table[2]);
    },
  );

  test.each(["accuracy", "loss"] as const)("by %s is the first of equals", (by) => {
    const equals = [3, 1, 2].map((C) => entry(by, C, 0.5, 0.5));
    expect(bestOf(equals, by)).toBe(equals[0]);
    expect(oneStandardErrorOf(equals, by)).toBe(equals[1]);
    const sparser = { ...equals[1], l1Ratio: 0.5 };
    expect(oneStandardErrorOf([...equals, sparser], by)).toBe(sparser);
  });
});

test("its progress rises from 0 to the last fit, and the table grows from the most penalised", async () => {
  const reports: SweepProgress[] = [];
  const options = { engine: "reference", C: [1, 0.1], folds: 3 } as const;
  const { table } = await sweep(irisData(), { ...options, onProgress: (one) => reports.push(one) });
  const fractions = reports.map(({ fraction }) => fraction);
  expect(fractions[0]).toBe(0);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(fractions.at(-1)).toBeCloseTo(1, 12);
  expect(reports.at(-1)).toMatchObject({ fits: 7, of: 7 });
  expect(reports.at(-1)?.table).toEqual([table[1], table[0]]);
});

test("without options has nothing to sweep", async () => {
  const error = await rejection(Reflect.apply(sweep, undefined, [irisData()]));
  expect(error).toBeInstanceOf(OptionError);
  expect(error).toMatchObject({ message: expect.stringContaining("There is nothing to sweep") });
});

describe("an aborted sweep", () => {
  test("rejects with the signal's reason, before it begins and on its way", async () => {
    const reason = new Error("enough");
    const options = { engine: "reference", C: [1, 10, 100] } as const;
    expect(await rejection(sweep(irisData(), { ...options, signal: AbortSignal.abort(reason) }))).toBe(
      reason,
    );
    const controller = new AbortController();
    const reports: SweepProgress[] = [];
    const aborted = sweep(irisData(), {
      ...options,
      signal: controller.signal,
      onProgress(one) {
        reports.push(one);
        if (one.fits === 6) controller.abort(reason);
      },
    });
    expect(await rejection(aborted)).toBe(reason);
    expect(Math.max(...reports.map(({ fits }) => fits))).toBeLessThanOrEqual(10); // running fits may end
  });

  test("is heard in the last fit too", async () => {
    const controller = new AbortController();
    const aborted = sweep(irisData(), {
      engine: "reference",
      C: [1],
      folds: 2,
      signal: controller.signal,
      onProgress: ({ fits }) => fits === 2 && controller.abort("late"),
    });
    expect(await rejection(aborted)).toBe("late");
  });
});

describe("folds of groups", () => {
  // As scikit-learn's GroupKFold(3) deals them.
  const groups = [
    6, 5, 3, 3, 5, 6, 6, 4, 3, 2, 5, 6, 6, 0, 4, 3, 2, 5, 6, 6, 5, 1, 4, 4, 2, 5, 6, 6, 5, 1, 4,
  ];
  const foldOf = [2, 0, 1, 2, 2, 1, 0];
  const labels = Uint32Array.from(groups, (_, row) => row % 2);

  test("hold out whole groups, of any labels", () => {
    for (const named of [groups, groups.map((group) => `patient ${group}`)]) {
      const folds = createFolds(3, { labels, count: 31 }, [0, 1], { count: 31 }, named);
      expect(folds.map(({ heldOut }) => Array.from(heldOut))).toEqual(
        [0, 1, 2].map((fold) => groups.flatMap((group, row) => (foldOf[group] === fold ? row : []))),
      );
    }
  });

  test("are the folds of a sweep", async () => {
    const data = { x: groups.map((group, row) => [group, row % 2]), y: groups.map((_, row) => row % 2) };
    const named = groups.map((group) => foldOf[group]);
    const [found, wanted] = [
      await sweep(data, { C: [1], folds: 3, groups, engine: "reference" }),
      await sweep(data, { C: [1], folds: named, engine: "reference" }),
    ];
    expect(found.table).toEqual(wanted.table);
  });
});

test("a fold that lacks a class is scored by the rows that it has", async () => {
  const y = Array.from({ length: 20 }, (_, row) => (row === 3 || row === 9 ? 2 : row % 2));
  const x = y.map((label, row) => [label + Math.sin(row), Math.cos(row)]);
  const { best } = await sweep({ x, y }, { C: [1], folds: 5, engine: "reference" });
  expect(best.folds).toHaveLength(5);
  const folds = createFolds(5, { labels: Uint32Array.from(y), count: 20 }, [0, 1, 2]);
  expect(folds.filter(({ heldOut }) => heldOut.some((row) => y[row] === 2))).toHaveLength(2);
  expect(best.folds.every(({ accuracy, loss }) => accuracy >= 0 && Number.isFinite(loss))).toBe(true);
});

describe("chains of fits", () => {
  /**
   * The order in which steps end, as "chain.step", where each step of a chain takes its number of
   * milliseconds.
   */
  async function done(milliseconds: readonly number[], steps: number, atOnce: number): Promise<string[]> {
    const ended: string[] = [];
    await runChains(milliseconds.length, steps, atOnce, undefined, async (chain, step) => {
      await setTimeout(milliseconds[chain]);
      ended.push(`${chain}.${step}`);
    });
    return ended;
  }

  test("wait for no other where each has a lane", async () => {
    expect(await done([100, 0], 3, 2)).toEqual(["1.0", "1.1", "1.2", "0.0", "0.1", "0.2"]);
  });

  test("keep step where there are fewer lanes", async () => {
    expect(await done([0, 0, 0], 2, 1)).toEqual(["0.0", "1.0", "2.0", "0.1", "1.1", "2.1"]);
    expect((await done([0, 20, 0], 2, 2)).slice(0, 3).sort()).toEqual(["0.0", "0.1", "2.0"]);
  });

  test("are stopped and waited for where one fails, whose error is what is thrown", async () => {
    const failure = new Error("of the second");
    const milliseconds = [30, 0, 20, 10];
    const ended: number[] = [];
    const running = runChains(4, 2, 3, undefined, async (chain, _, signal) => {
      await setTimeout(milliseconds[chain]);
      ended.push(chain);
      if (chain === 1) throw failure;
      signal.throwIfAborted();
    });
    expect(await rejection(running)).toBe(failure);
    expect(ended).toEqual([1, 2, 0]); // the last was not started
  });
});

describe("bad input is rejected before an engine is opened", () => {
  const { x, y, features } = clouds(12, 2, 3, 1);
  const data = { x, y, features };
  const even = y.map((_, row) => Math.floor(row / 3) % 2);
  const refused = (given: object, options: object): Promise<unknown> =>
    rejection(Reflect.apply(sweep, undefined, [{ ...data, ...given }, options]));

  test.each([
    [{}, /nothing to sweep: give C, or l1, or l2/],
    [{ C: [1], l1: [1, 2] }, /C has 1 values and l1 has 2: give l1Ratio with C/],
    [{ l2: [1], l1Ratio: [0.5] }, /l1Ratio has 1 values, but there is no C/],
    [{ C: [1], l1Ratio: [1.5] }, /l1Ratio\[0\] is 1.5, and must be a number from 0 to 1/],
    [{ C: [1], l1Ratio: [0, 0.5], solver: "newton" }, /l1Ratio has 0.5, but solver is "newton"/],
    [{ l1: [0.5], solver: "newton" }, /l1 has 0.5, but solver is "newton"/],
    [{ C: [1], l2: [1, 2] }, /C has 1 values and l2 has 2.*give one/],
    [{ C: [] }, /C is empty/],
    [{ C: 1 }, /C is 1, and must be a list of numbers/],
    [{ C: [1, 0] }, /C\[1\] is 0, and must be a number above 0, or Infinity for no penalty/],
    [{ C: [1, -2] }, /C\[1\] is -2/],
    [{ C: [Number.NaN] }, /C\[0\] is NaN/],
    [{ l2: [-1] }, /l2\[0\] is -1, and must be a finite number ≥ 0/],
    [{ C: [1, 2, 1] }, /C\[0\] and C\[2\] are both 1: leave one out/],
    [{ C: [1], folds: 1 }, /folds is 1, and must be a whole number ≥ 2/],
    [{ C: [1], folds: 2.5 }, /folds is 2.5/],
    [{ C: [1], folds: 13 }, /folds is 13, but there are 12 rows/],
    [{ C: [1], folds: [0, 1] }, /folds has 2 numbers for 12 rows/],
    [{ C: [1], folds: even.with(4, 0.5) }, /folds\[4\] is 0.5, and must be the whole number.*0 to 11/],
    [{ C: [1], folds: even.with(4, 12) }, /folds\[4\] is 12/],
    [{ C: [1], folds: even.with(4, -1) }, /folds\[4\] is -1/],
    [{ C: [1], folds: even.with(4, 3) }, /names fold 3, but no row is in fold 2/],
    [{ C: [1], folds: even.map(() => 0) }, /fold 0 only/],
    [{ C: [1], groups: [1, 2] }, /groups has 2 values for 12 rows/],
    [{ C: [1], groups: "abc" }, /groups is "abc", and must be a list/],
    [{ C: [1], groups: y }, /groups names 3 groups, and folds is 5: use 3 folds at most/],
    [{ C: [1], groups: y, folds: even }, /groups is given, and folds names/],
    [{ C: [1], solver: "adam" }, /solver is "adam", and must be one of "lbfgs", "newton"/],
    [{ C: [1], scoring: "mse" }, /scoring is "mse", and must be one of "accuracy", "loss", "topK"/],
    [{ C: [1], scoring: 3 }, /scoring is 3/],
    [{ C: [1], choose: "worst" }, /choose is "worst"/],
    [{ C: [1], epochs: 3 }, /epochs is no option of a sweep. The options are C, l1Ratio, l1, l2, folds/],
    [{ C: [1], validation: 0.1 }, /validation is no option/],
    [{ C: [1], tolerance: -1 }, /tolerance is -1/],
    [{ C: [1], memory: 3, solver: "newton" }, /memory is 3, but solver is "newton"/],
    [{ C: [1], folds: 2, classWeight: { 1: 0 } }, /classWeight of class 1 is 0.*Drop them/],
  ])("%o", async (options: object, message: RegExp) => {
    const error = await refused({}, options);
    expect(error).toBeInstanceOf(OptionError);
    expect(error).toMatchObject({ message: expect.stringMatching(message) });
  });

  test.each([
    [{ y: y.with(2, 9) }, { folds: 2 }, /y has 1 rows of class 9, and needs 2.*Drop it or add rows/],
    [{ classes: [0, 1, 2, 3] }, { folds: 2 }, /y has 0 rows of class 3/],
    [
      {},
      { folds: y.map((label, row) => (label === 1 ? 0 : row % 2)) },
      /All 4 rows of class 1 are in fold 0/,
    ],
    [{ weights: even }, { folds: even }, /weights of all 6 rows of fold 0 are 0/],
    [
      { weights: y.map((label) => (label === 1 ? 0 : 1)) },
      { folds: even },
      /y has 0 rows of class 1 that weigh anything/,
    ],
    [{ weights: y.map((label) => (label === 1 ? 0 : 1)) }, { folds: 2 }, /y has 0 rows of class 1/],
    [
      { y: Float32Array.from({ length: 36 }, (_, i) => Number(i % 3 === 0)), classes: [0, 1, 2] },
      {},
      /y is soft targets, and a sweep scores by labels/,
    ],
    [{ x: [[1]], features: undefined }, {}, /x has 1 rows of 1 features and y has 12 labels/],
  ])("%o with %o", async (given: object, options: object, message: RegExp) => {
    const error = await refused(given, { C: [1], ...options });
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ message: expect.stringMatching(message) });
  });
});
