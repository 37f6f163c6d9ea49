/** Tests that every engine must pass. An engine's own test file calls `conformance` with a way to open it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { range } from "../../src/core/random.js";
import type { Engine } from "../../src/engine/engine.js";
import type { DescentProblem } from "../../src/engine/descent.js";
import type { Rows } from "../../src/core/rows.js";
import { referenceEngine } from "../../src/engine/reference/engine.js";
import { STEP_STAGES } from "../../src/parity/stages.js";
import { logitsConform } from "./logits-conformance.js";
import { objectiveConforms } from "./objective-conformance.js";
import {
  RULES,
  type Shape,
  factorsOf,
  kindsOf,
  offset,
  parityOfAll,
  plan,
  randomRows,
  randomWeights,
  runAll,
  softened,
} from "./problems.js";
import { objectiveOf } from "./objectives.js";
import { LONG } from "../support/long.js";
import { weighing } from "./weighing.js";

/** Sizes that are no multiple of a tile, except for one shape whose sizes are multiples of all tiles. */
const SHAPES: readonly (Shape & { readonly batchSize: number })[] = [
  { count: 1, features: 1, classes: 2, batchSize: 1 },
  { count: 2, features: 3, classes: 2, batchSize: 1 },
  { count: 7, features: 5, classes: 3, batchSize: 3 },
  { count: 64, features: 16, classes: 12, batchSize: 64 },
  { count: 129, features: 17, classes: 10, batchSize: 65 },
  { count: 131, features: 31, classes: 13, batchSize: 50 },
  { count: 50, features: 257, classes: 4, batchSize: 33 },
  { count: 90, features: 33, classes: 37, batchSize: 70 },
  { count: 300, features: 785, classes: 10, batchSize: 299 },
  { count: 21, features: 6, classes: 1001, batchSize: 20 },
  { count: 9, features: 2, classes: 4099, batchSize: 9 },
];

/** `typed` is for `kindsOf`. `some` are the features of the only shapes that are tried; default all. */
export function conformance(
  name: string,
  open: () => Promise<Engine>,
  typed?: readonly number[],
  some?: readonly number[],
): void {
  const shapes = SHAPES.filter(({ features }) => !some || some.includes(features));
  describe(`${name} conforms`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.close());

    const problemOf = (classes: number, batchSize: number, rule = RULES["adam"]): DescentProblem => ({
      classes,
      intercept: true,
      rule,
      batchSize,
    });

    describe.each(shapes)(
      "$count rows × $features features × $classes classes in batches of $batchSize",
      (shape) => {
        test.each(kindsOf(shape, typed))("every pass on %s is within its error bound", async (kind) => {
          const rows = randomRows(shape, kind, 11);
          const problem = problemOf(shape.classes, shape.batchSize);
          const { results } = await runAll(engine, rows, problem, randomWeights(shape, 12));

          expect(results).toHaveLength(Math.ceil(shape.count / shape.batchSize));
          const parity = parityOfAll(results, rows, problem);
          expect(parity.steps).toBe(results.length);
          for (const stage of STEP_STAGES) expect(parity.stages[stage], stage).toBeLessThan(1);
        });

        test("the sums of every step are those of its rows", async () => {
          const rows = randomRows(shape, "f32", 13);
          const { results } = await runAll(
            engine,
            rows,
            problemOf(shape.classes, shape.batchSize),
            randomWeights(shape, 14),
          );
          for (const { sums, passes } of results) {
            if (!passes) throw new Error("a captured step came without its passes");
            const weight = passes.rows.reduce((sum, row) => sum + (rows.weights?.[row] ?? 1), 0);
            expect(sums.weight).toBeCloseTo(weight, 3);
            expectNear(sums.loss, total(passes.losses));
            expect(sums.hits).toBeCloseTo(hitsOf(passes.logits, passes.rows, rows, shape.classes), 3);
          }
        });
      },
    );

    test.each(Object.entries(RULES))(
      "the update rule %s is followed, with and without an intercept",
      async (_, rule) => {
        const shape = { count: 120, features: 19, classes: 5 };
        const rows = randomRows(shape, "f32", 21);
        for (const intercept of [true, false]) {
          const problem = { ...problemOf(5, 30, rule), intercept };
          const start = randomWeights(shape, 22);
          if (!intercept) start.fill(0, 19 * 5);
          const { results, weights } = await runAll(engine, rows, problem, start);
          expect(parityOfAll(results, rows, problem).stages.update).toBeLessThan(1);
          const bias = weights.subarray(19 * 5);
          expect(bias.some((value) => value !== 0)).toBe(intercept);
        }
      },
    );

    // Shapes for which WebGPU's kernel table chooses whole steps, fused and tiled kernels, in this order.
    test.each([
      { count: 129, features: 17, classes: 3, batchSize: 65 },
      { count: 120, features: 785, classes: 3, batchSize: 119 },
      { count: 90, features: 33, classes: 37, batchSize: 70 },
    ])(
      "the penalty of each feature has its factor: $batchSize × $features × $classes",
      async ({ batchSize, ...shape }) => {
        const rows = randomRows(shape, "f32", 25);
        for (const rule of ["adamw", "nesterov"]) {
          const without = problemOf(shape.classes, batchSize, RULES[rule]);
          const problem = { ...without, penaltyFactors: factorsOf(shape.features) };
          const { results, weights } = await runAll(engine, rows, problem, randomWeights(shape, 26));
          expect(parityOfAll(results, rows, problem).rho).toBeLessThan(1);
          expect(parityOfAll(results, rows, without).stages.update).toBeGreaterThan(1);
          const again = await runAll(engine, rows, problem, randomWeights(shape, 26), false);
          expect(again.weights).toEqual(weights);
        }
      },
    );

    // For these shapes WebGPU's kernel table chooses whole steps, fused and tiled kernels, in this order.
    // Soft targets without smoothing are soft targets smoothed by 0.
    test.each(
      [
        { count: 129, features: 17, classes: 3, batchSize: 65 },
        { count: 120, features: 785, classes: 3, batchSize: 119 },
        { count: 90, features: 33, classes: 37, batchSize: 70 },
      ].flatMap((shape) => [
        { ...shape, of: "smoothed labels", soft: false, smoothing: 0.2 },
        ...(LONG || shape.features === 17
          ? [{ ...shape, of: "soft targets", soft: true, smoothing: 0 }]
          : []),
        { ...shape, of: "smoothed soft targets", soft: true, smoothing: 0.2 },
      ]),
    )(
      "steps of $batchSize × $features × $classes are of $of, and evaluations of what was not smoothed",
      async ({ classes, batchSize, soft, smoothing, ...rest }) => {
        const shape = { classes, ...rest };
        const labelled = randomRows(shape, "f32", 33);
        const rows = soft ? softened(labelled, classes, 35) : labelled;
        const unsmoothed = problemOf(classes, batchSize);
        const problem = { ...unsmoothed, smoothing };
        const start = randomWeights(shape, 34);
        const captured = await runAll(engine, rows, problem, start);
        const parity = parityOfAll(captured.results, rows, problem);
        for (const stage of STEP_STAGES) expect(parity.stages[stage], stage).toBeLessThan(1);
        expect(parityOfAll(captured.results, labelled, unsmoothed).rho).toBeGreaterThan(1);

        const { results, weights } = await runAll(engine, rows, problem, start, false);
        expect(weights).toEqual(captured.weights);
        expect(results.map(({ sums }) => sums)).toEqual(captured.results.map(({ sums }) => sums));

        const evaluated = async (one: Engine, how: DescentProblem) => {
          const placement = await one.place(rows);
          const descent = await placement.descent(how, start);
          const sums = await descent.evaluate(range(rows.count));
          descent.release();
          placement.release();
          return sums;
        };
        const found = await evaluated(engine, problem);
        const exact = await evaluated(referenceEngine(), unsmoothed);
        expectNear(found.loss, exact.loss);
        expect(found.hits).toBeCloseTo(exact.hits, 3);
        expect(found.weight).toBeCloseTo(exact.weight, 3);
      },
    );

    test.each(
      [
        { count: 129, features: 17, classes: 3, batchSize: 65 },
        { count: 120, features: 785, classes: 3, batchSize: 119 },
        { count: 90, features: 33, classes: 37, batchSize: 70 },
      ].flatMap((shape) => [
        { ...shape, of: "labels", soft: false, smoothing: 0 },
        ...(LONG || shape.features === 17
          ? [{ ...shape, of: "soft targets", soft: true, smoothing: 0 }]
          : []),
        { ...shape, of: "smoothed soft targets", soft: true, smoothing: 0.2 },
      ]),
    )(
      "steps of $batchSize × $features × $classes, of $of, and evaluations have the offsets of their rows",
      async ({ classes, batchSize, soft, smoothing, ...rest }) => {
        const shape = { classes, ...rest };
        const labelled = randomRows(shape, "bytes", 43);
        const without = soft ? softened(labelled, classes, 44) : labelled;
        const rows = offset(without, classes, 45);
        const problem = { ...problemOf(classes, batchSize), smoothing };
        const start = randomWeights(shape, 46);
        const captured = await runAll(engine, rows, problem, start);
        const parity = parityOfAll(captured.results, rows, problem);
        for (const stage of STEP_STAGES) expect(parity.stages[stage], stage).toBeLessThan(1);
        expect(parityOfAll(captured.results, without, problem).stages.logits).toBeGreaterThan(1);

        const { results, weights } = await runAll(engine, rows, problem, start, false);
        expect(weights).toEqual(captured.weights);
        expect(results.map(({ sums }) => sums)).toEqual(captured.results.map(({ sums }) => sums));

        const evaluated = async (one: Engine) => {
          const placement = await one.place(rows);
          const descent = await placement.descent(problem, start);
          const sums = await descent.evaluate(range(rows.count).filter((row) => row % 3 !== 1));
          descent.release();
          placement.release();
          return sums;
        };
        const [found, exact] = [await evaluated(engine), await evaluated(referenceEngine())];
        expectNear(found.loss, exact.loss);
        expect(found.hits).toBeCloseTo(exact.hits, 3);
      },
    );

    test("objectives of rows with soft targets are of their labels", async () => {
      const shape = { count: 70, features: 9, classes: 6 };
      const rows = softened(randomRows(shape, "f32", 36), 6, 37);
      const { targets: _, ...labelled } = rows;
      const looked = async (data: Rows) => {
        const placement = await engine.place(data);
        const objective = await placement.objective(objectiveOf(data, 6));
        const { space } = objective;
        const sums = await objective.linearize(space.vector(randomWeights(shape, 38)), space.vector());
        objective.release();
        placement.release();
        return sums;
      };
      expect(await looked(rows)).toEqual(await looked(labelled));
    });

    test("steps that are not captured end at the same weights, bit for bit, every time", async () => {
      const shape = { count: 513, features: 37, classes: 11 };
      const rows = randomRows(shape, "f32", 31);
      const problem = problemOf(11, 64, RULES["nesterov"]);
      const start = randomWeights(shape, 32);
      const captured = await runAll(engine, rows, problem, start, true);
      for (let repeat = 0; repeat < 2; repeat++) {
        const { weights, results } = await runAll(engine, rows, problem, start, false);
        expect(weights).toEqual(captured.weights);
        expect(results.map(({ sums }) => sums)).toEqual(captured.results.map(({ sums }) => sums));
      }
    });

    test("sums of small integers are exact, whatever their order", async () => {
      // Logits far apart make each row's softmax one-hot, so that R holds only −1, 0 and 1.
      const shape = { count: 200, features: 9, classes: 7 };
      const drawn = randomRows(shape, "bytes", 41);
      const rows: Rows = {
        ...drawn,
        x: Float32Array.from(drawn.x, (byte) => byte % 16),
        scale: 1,
        weights: onesOf(200),
      };
      const start = Float32Array.from(randomWeights(shape, 42, 40), Math.round);
      for (let k = 0; k < 7; k++) start[9 * 7 + k] = 5000 * k;
      const { results } = await runAll(engine, rows, problemOf(7, 200), start);
      const exact = await runAll(referenceEngine(), rows, problemOf(7, 200), start);
      const [found, wanted] = [results[0].passes, exact.results[0].passes];
      expect(Array.from(found?.logits ?? [])).toEqual(Array.from(wanted?.logits ?? [Number.NaN]));
      expect(Array.from(found?.residual ?? [])).toEqual(
        Array.from(wanted?.residual ?? [Number.NaN], (r) => r),
      );
      expect(Array.from(found?.gradient ?? [])).toEqual(Array.from(wanted?.gradient ?? [Number.NaN]));
    });

    test.each([1e4, -1e4])(
      "logits of %s give finite losses and residuals, within the bound",
      async (size) => {
        const shape = { count: 40, features: 1, classes: 6 };
        const rows: Rows = { ...randomRows(shape, "f32", 51), x: new Float32Array(40).fill(1) };
        const start = Float32Array.from({ length: 12 }, (_, i) => (i < 6 ? size * (1 - 0.1 * i) : 0));
        const problem = problemOf(6, 40);
        const { results } = await runAll(engine, rows, problem, start);
        expect(Number.isFinite(results[0].sums.loss)).toBe(true);
        expect(parityOfAll(results, rows, problem).rho).toBeLessThan(1);
      },
    );

    test("of equal logits the first class is the prediction", async () => {
      const shape = { count: 30, features: 4, classes: 9 };
      const rows = randomRows(shape, "f32", 61);
      const { results } = await runAll(engine, rows, problemOf(9, 30), new Float32Array(5 * 9));
      const first = rows.labels.reduce(
        (sum, label, row) => sum + (label === 0 ? (rows.weights?.[row] ?? 1) : 0),
        0,
      );
      expect(results[0].sums.hits).toBeCloseTo(first, 5);
      expect(results[0].sums.loss / results[0].sums.weight).toBeCloseTo(Math.log(9), 5);
    });

    test("rows of weight 0 change nothing", async () => {
      const shape = { count: 60, features: 8, classes: 4 };
      const rows = randomRows(shape, "f32", 71);
      const weights = new Float32Array(60).fill(1, 0, 40);
      const some = {
        ...rows,
        count: 40,
        x: rows.x.slice(0, 40 * 8),
        labels: rows.labels.slice(0, 40),
        weights: onesOf(40),
      };
      const start = randomWeights(shape, 72);
      const problem = problemOf(4, 60, RULES["sgd"]);
      const run = async (data: Rows) => {
        const placement = await engine.place(data);
        const descent = await placement.descent(problem, start);
        const step = {
          first: 0,
          rows: data.count,
          learningRate: 0.1,
          gradientScale: 1 / 40,
          penalty: 0,
          capture: false,
        };
        for await (const _ of descent.run([{ order: range(data.count), steps: [step] }]));
        const found = await descent.weights();
        descent.release();
        placement.release();
        return found;
      };
      const [all, without] = [await run({ ...rows, weights }), await run(some)];
      all.forEach((weight, i) => expect(weight).toBeCloseTo(without[i], 5));
    });

    test("evaluate counts the rows named, at the present weights, and changes nothing", async () => {
      const shape = { count: 5000, features: 12, classes: 6 };
      const rows = randomRows(shape, "f32", 81);
      const start = randomWeights(shape, 82, 0.1);
      const problem = problemOf(6, 100);
      const order = range(5000).filter((row) => row % 3 !== 0);
      const sumsOf = async (evaluated: Engine) => {
        const placement = await evaluated.place(rows);
        const descent = await placement.descent(problem, start);
        const sums = await descent.evaluate(order);
        const { order: all, steps } = plan(rows, 100, false);
        for await (const _ of descent.run([{ order: all, steps: steps.slice(0, 2) }]));
        const after = await descent.evaluate(order);
        const weights = await descent.weights();
        descent.release();
        placement.release();
        return { sums, after, weights };
      };
      const [found, exact] = [await sumsOf(engine), await sumsOf(referenceEngine())];
      for (const when of ["sums", "after"] as const) {
        expectNear(found[when].loss, exact[when].loss);
        expect(found[when].weight).toBeCloseTo(exact[when].weight, 2);
        expect(Math.abs(found[when].hits - exact[when].hits)).toBeLessThan(3);
      }
      expect(found.after.loss).not.toBe(found.sums.loss);
    });

    test("many small steps end where the reference's do", async () => {
      const shape = { count: 150, features: 4, classes: 3 };
      const rows = randomRows(shape, "f32", 95);
      const problem = problemOf(3, 150, RULES["sgd"]);
      const step = {
        first: 0,
        rows: 150,
        learningRate: 0.02,
        gradientScale: 1 / 150,
        penalty: 0.1,
        capture: false,
      };
      const end = async (one: Engine) => {
        const placement = await one.place(rows);
        const descent = await placement.descent(problem, randomWeights(shape, 96, 0.1));
        const steps = Array.from({ length: 700 }, () => step);
        let count = 0;
        for await (const { sums } of descent.run([{ order: range(150), steps: steps }]))
          if (sums.weight > 0) count++;
        const weights = await descent.weights();
        descent.release();
        placement.release();
        return { count, weights };
      };
      const [found, exact] = [await end(engine), await end(referenceEngine())];
      expect(found.count).toBe(700);
      exact.weights.forEach((weight, i) => expect(found.weights[i]).toBeCloseTo(weight, 4));
    });

    test.each([true, false])(
      "rows weigh what they were last given; with weights at first: %s",
      async (weighted) => {
        const { rho, off } = await weighing(engine, weighted);
        expect(rho).toBeLessThan(1);
        expect(off).toBe(0);
      },
    );

    // An objective reads features as the products of a step do.
    objectiveConforms(shapes, () => engine, typed?.slice(0, 1));
    logitsConform(shapes, () => engine, typed?.slice(0, 1));

    test("a run that nobody reads to its end stops, and its descent can be used again", async () => {
      const shape = { count: 400, features: 6, classes: 3 };
      const rows = randomRows(shape, "f32", 91);
      const placement = await engine.place(rows);
      const descent = await placement.descent(problemOf(3, 10), randomWeights(shape, 92));
      const { order, steps } = plan(rows, 10, false);
      for await (const _ of descent.run([{ order, steps }])) break;
      const results = [];
      for await (const result of descent.run([{ order, steps }])) results.push(result);
      expect(results).toHaveLength(40);
      descent.release();
      placement.release();
    });
  });
}

function total(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}

function onesOf(count: number): Float32Array {
  return new Float32Array(count).fill(1);
}

function hitsOf(logits: ArrayLike<number>, order: Uint32Array, rows: Rows, classes: number): number {
  let hits = 0;
  order.forEach((row, n) => {
    let top = 0;
    for (let k = 1; k < classes; k++) if (logits[n * classes + k] > logits[n * classes + top]) top = k;
    if (top === rows.labels[row]) hits += rows.weights?.[row] ?? 1;
  });
  return hits;
}

/** Compares sums of f32 losses, within the rounding error of their additions. */
function expectNear(found: number, exact: number): void {
  expect(Math.abs(found - exact)).toBeLessThan(1e-4 * Math.abs(exact) + 1e-5);
}
