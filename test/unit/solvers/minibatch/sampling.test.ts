/** Tests how mini-batch solvers draw rows, uniformly and by importance. */
import { describe, expect, test } from "vitest";
import { randomIntegers, range } from "../../../../src/core/random.js";
import type { Placement } from "../../../../src/engine/engine.js";
import type { Descent } from "../../../../src/engine/descent.js";
import type { Rows } from "../../../../src/core/rows.js";
import { referenceEngine } from "../../../../src/engine/reference/engine.js";
import { logits } from "../../../../src/math/passes.js";
import { exampleScores } from "../../../../src/model/examples.js";
import {
  Importance,
  type Sampling,
  drawRows,
  drawRates,
  uniform,
} from "../../../../src/solvers/minibatch/sampling.js";
import { softened } from "../../../conformance/problems.js";
import { distance, norm } from "../../../support/arrays.js";
import { clouds } from "../../../support/examples.js";
import { gradientAt, passesOf, problemOf } from "../../../support/passes.js";

const CLASSES = 3;
const FEATURES = 4;
const BATCH = 20;
const DRAWS = 1000;

/** Weights that fit the clouds, (features + 1, classes). */
function fitted(scale: number): Float64Array {
  return Float64Array.from({ length: (FEATURES + 1) * CLASSES }, (_, i) =>
    Math.floor(i / CLASSES) === i % CLASSES ? scale : 0,
  );
}

/** Rows that the weights of `fitted` classify with confidence, except for one in ten. */
function mostlyEasy(count: number): Rows {
  const { x, y } = clouds(count, FEATURES, CLASSES, 3, 3);
  const labels = Uint32Array.from(y, (label, row) => (row % 10 === 0 ? (label + 1) % CLASSES : label));
  return { count, features: FEATURES, x, scale: 1, labels };
}

const easy = mostlyEasy(200);
const weighted: Rows = {
  ...easy,
  weights: Float32Array.from({ length: 200 }, (_, row) => [1, 0, 2.5, 0.5, 1][row % 5]),
};

interface Opened {
  readonly placement: Placement;
  readonly descent: Descent;
  readonly sampling: Sampling;
}

/** Importance sampling of the rows at the weights `at`. */
async function opened(rows: Rows, train: Uint32Array, at = fitted(2), seed = 1): Promise<Opened> {
  const placement = await referenceEngine().place(rows);
  const problem = problemOf(CLASSES, train.length);
  const descent = await placement.descent(problem, at);
  const sampling = new Importance({ placement, descent, problem, rows, train, random: randomIntegers(seed) });
  return { placement, descent, sampling };
}

/** (count, (features + 1) · classes) the gradient of each row, times its weight. */
async function gradients(rows: Rows, at: Float64Array): Promise<number[][]> {
  return Promise.all(
    Array.from(range(rows.count), async (row) => {
      const one = {
        ...rows,
        count: 1,
        x: rows.x.slice(row * FEATURES, (row + 1) * FEATURES),
        labels: rows.labels.slice(row, row + 1),
        ...(rows.weights && { weights: rows.weights.slice(row, row + 1) }),
      };
      return Array.from((await gradientAt(one, CLASSES, at)).gradient);
    }),
  );
}

/**
 * Gradients of steps over many draws, each the mean over a batch of the rows' gradients times their
 * importance.
 */
async function batches({ sampling }: Pick<Opened, "sampling">, whole: readonly (readonly number[])[]) {
  const found: number[][] = [];
  const weights = sampling.rows.weights;
  for (let draw = 0; draw < DRAWS; draw++) {
    const batch = (await sampling.next()).subarray(0, BATCH);
    const importance = (row: number) => {
      const now = sampling.rows.weights?.[row] ?? 1;
      const first = weights?.[row] ?? 1;
      return first === 0 ? now : now / first;
    };
    found.push(added(Array.from(batch, (row) => whole[row].map((g) => (importance(row) * g) / BATCH))));
  }
  const mean = added(found).map((sum) => sum / DRAWS);
  const squares = added(found.map((one) => one.map((g, i) => (g - mean[i]) ** 2)));
  const variance = squares.map((square) => square / (DRAWS - 1));
  return {
    mean,
    variance: added(variance.map((v) => [v]))[0],
    error: variance.map((v) => Math.sqrt(v / DRAWS)),
  };
}

function countsOf(order: Uint32Array, rows: number): number[] {
  const counts = Array.from({ length: rows }, () => 0);
  for (const row of order) counts[row]++;
  return counts;
}

function added(vectors: readonly (readonly number[])[]): number[] {
  return vectors[0].map((_, i) => vectors.reduce((total, vector) => total + vector[i], 0));
}

describe.each([
  { name: "rows of one weight", rows: easy },
  { name: "weighted rows", rows: weighted },
])("importance sampling of $name", ({ rows }) => {
  const train = range(rows.count).filter((row) => row % 7 !== 3);
  const weightOf = (row: number) => rows.weights?.[row] ?? 1;

  test("draws a row as often as it says, rounded down or up, and counts it by the reciprocal", async () => {
    const { sampling } = await opened(rows, train);
    for (let epoch = 0; epoch < 20; epoch++) {
      const order = await sampling.next();
      expect(order).toHaveLength(train.length);
      const counts = countsOf(order, rows.count);
      for (const row of train) {
        const rate = weightOf(row) / (sampling.rows.weights?.[row] ?? Number.NaN);
        const wanted = weightOf(row) === 0 ? 0 : rate;
        expect(Math.abs(counts[row] - wanted), `row ${row}`).toBeLessThan(1);
      }
    }
  });

  test("keeps the gradient of a step unbiased: Σ wₙ/(N·pₙ)·gₙ over a batch, as over the whole data", async () => {
    const whole = await gradients(rows, fitted(2));
    const full = added(Array.from(train, (row) => whole[row])).map((g) => g / train.length);
    const { mean, error } = await batches(await opened(rows, train), whole);
    // 15 elements, each nearly normal after that many draws: in one of 10,000 seeds any is beyond 4.5
    // standard errors.
    mean.forEach((g, i) => expect(Math.abs(g - full[i]) / error[i], `element ${i}`).toBeLessThan(4.5));
  });

  test("leaves rows that are not trained on as they are, and draws none of them", async () => {
    const { placement, descent, sampling } = await opened(rows, train);
    const others = range(rows.count).filter((row) => row % 7 === 3);
    const before = await descent.evaluate(others);
    const order = await sampling.next();
    expect(await descent.evaluate(others)).toEqual(before);
    expect(order.some((row) => row % 7 === 3 || weightOf(row) === 0)).toBe(false);
    placement.release();
  });

  test("weighs rows by the gradients that model.examples finds, and those of weight 0 stay so", async () => {
    const { sampling } = await opened(rows, train);
    await sampling.next();
    const counted = train.filter((row) => weightOf(row) > 0);
    const z = logits(rows, range(rows.count), Float64Array.from(fitted(2)), CLASSES);
    const block = { first: 0, count: rows.count, z };
    const { gradientNorm } = await exampleScores(
      rows,
      CLASSES,
      undefined,
      (async function* () {
        yield block;
      })(),
    );
    const norms = Float64Array.from(counted, (row) => gradientNorm[row]);
    const rates = drawRates(norms, Float64Array.from(counted, weightOf), train.length);
    const wanted = Float32Array.from(range(rows.count), weightOf);
    counted.forEach((row, n) => (wanted[row] /= rates[n]));
    const found = Array.from(sampling.rows.weights ?? []);
    found.forEach((weight, row) => expect(weight, `row ${row}`).toBeCloseTo(wanted[row], 5));
    expect(found).toHaveLength(rows.count);
  });
});

test.each([
  { of: "smoothed labels", rows: easy, smoothing: 0.2 },
  { of: "soft targets", rows: softened(easy, CLASSES, 5), smoothing: 0 },
])("importance sampling of $of goes by the gradients of its targets", async ({ rows, smoothing }) => {
  const problem = problemOf(CLASSES, easy.count, { smoothing });
  const train = range(easy.count);
  const placement = await referenceEngine().place(rows);
  const descent = await placement.descent(problem, fitted(2));
  const sampling = new Importance({ placement, descent, problem, rows, train, random: randomIntegers(1) });
  await sampling.next();
  const [{ residual }] = await passesOf(rows, problem, fitted(2), [{}]);
  const norms = Float64Array.from(train, (row) => {
    const features = easy.x.subarray(row * FEATURES, (row + 1) * FEATURES);
    return norm(residual.subarray(row * CLASSES, (row + 1) * CLASSES)) * norm([...features, 1]);
  });
  const rates = drawRates(norms, new Float64Array(easy.count).fill(1), easy.count);
  const found = Array.from(sampling.rows.weights ?? []);
  expect(
    distance(
      found,
      Array.from(rates, (rate) => 1 / rate),
    ),
  ).toBeLessThan(1e-5);
});

test("importance sampling looks at gradients ever more rarely, and at the weights of then", async () => {
  const train = range(easy.count);
  const { placement, descent } = await opened(easy, train);
  const given: number[] = [];
  let epoch = 0;
  const counting = { ...placement, weigh: () => given.push(epoch) };
  const problem = problemOf(CLASSES, easy.count);
  const sampling = new Importance({
    placement: counting,
    descent,
    problem,
    rows: easy,
    train,
    random: randomIntegers(1),
  });
  const step = { rows: 200, learningRate: 1, gradientScale: 1 / 200, penalty: 0, capture: false };
  const seen = new Set<string>();
  for (epoch = 1; epoch <= 18; epoch++) {
    const order = await sampling.next();
    for await (const _ of descent.run([{ order, steps: [{ first: 0, ...step }] }]));
    seen.add(String(sampling.rows.weights));
  }
  expect(given).toEqual([1, 2, 3, 5, 9, 17]);
  expect(seen.size).toBe(6);
});

test("importance sampling's gradient varies less where most rows are easy", async () => {
  const train = range(easy.count);
  const whole = await gradients(easy, fitted(2));
  const { variance } = await batches(await opened(easy, train), whole);
  const once = await batches({ sampling: uniform(easy, train, true, randomIntegers(1)) }, whole);
  // A tenth of the rows has the whole gradient and half of the draws: a fifth of the variance, plus some for
  // the easy ones.
  expect(variance / once.variance).toBeLessThan(0.3);
  expect(variance / once.variance).toBeGreaterThan(0.1);
});

test("without an intercept a gradient has none: a row of zeros has no gradient, and is drawn by its weight alone", async () => {
  const rows: Rows = { ...mostlyEasy(12), x: new Float64Array(12 * FEATURES).fill(1, FEATURES) };
  const placement = await referenceEngine().place(rows);
  const problem = { ...problemOf(CLASSES, 12), intercept: false };
  const descent = await placement.descent(problem, fitted(0));
  const sampling = new Importance({
    placement,
    descent,
    problem,
    rows,
    train: range(12),
    random: randomIntegers(1),
  });
  await sampling.next();
  expect(sampling.rows.weights?.[0]).toBe(2); // its rate is ½, the part that goes by weight
});

describe("rates", () => {
  const ones = (count: number) => new Float64Array(count).fill(1);

  test("are half by gradient and half by weight, so that no row counts more than twice the mean", () => {
    expect(Array.from(drawRates(Float64Array.of(3, 1, 0, 0), ones(4), 4))).toEqual([2, 1, 0.5, 0.5]);
    expect(Array.from(drawRates(Float64Array.of(1, 1), Float64Array.of(3, 1), 8))).toEqual([6, 2]);
  });

  test("go by weight where nothing has a gradient", () => {
    expect(Array.from(drawRates(Float64Array.of(0, 0), Float64Array.of(3, 1), 8))).toEqual([6, 2]);
  });

  test("of 1 are a shuffle", () => {
    const draws = drawRows(ones(1000), 1000, randomIntegers(3));
    expect(draws).not.toEqual(range(1000));
    expect(draws.toSorted()).toEqual(range(1000));
  });

  test("are kept exactly on average over all places of the comb", () => {
    // Rates are multiples of ¼: four offsets, each in the middle of a quarter, draw a row four times its rate
    // in all.
    const rates = Float64Array.of(0.25, 1.5, 0.5, 2.75, 0.25, 3, 0.75);
    const totals = rates.map(() => 0);
    for (const offset of [0.125, 0.375, 0.625, 0.875]) {
      let asked = 0; // the first six numbers shuffle the rates, the next is the offset
      for (const row of drawRows(rates, 9, () => (asked++ === 6 ? offset * 2 ** 32 : 2 ** 31))) totals[row]++;
    }
    expect(totals).toEqual(rates.map((rate) => 4 * rate));
  });

  test("fill every draw, to the last place of the comb", () => {
    const rates = Float64Array.from({ length: 1000 }, (_, n) => 0.1 + (n % 7) / 3);
    const draws = drawRows(rates, 1000, () => 2 ** 32 - 1);
    expect(draws).toHaveLength(1000);
    expect(draws.every((row) => row < 1000)).toBe(true);
  });
});
