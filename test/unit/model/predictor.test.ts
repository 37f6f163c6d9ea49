/** Tests predictions on engines against those of the model itself, in f64. */
import { describe, expect, test } from "vitest";
import { RuntimeClosedError, type SoftmaxModel, createRuntime } from "../../../src/index.js";
import { modelOf } from "../../support/models.js";
import { rejectedBy } from "../../support/untyped.js";

const [ROWS, FEATURES, CLASSES] = [5000, 37, 23];

/** A model whose logits are about 3 in size, and rows with a mean of `mean` for it. */
function problem(mean = 0): { model: SoftmaxModel<string>; x: Float32Array } {
  const names = Array.from({ length: CLASSES }, (_, k) => `c${k}`);
  const weights = Array.from({ length: FEATURES }, (_, d) =>
    names.map((_, k) => Math.sin(1 + 7 * d + 3 * k)),
  );
  const single = weights.map((row) => row.map(Math.fround));
  const bias = names.map((_, k) => -single.reduce((sum, row) => sum + mean * row[k], 0));
  const x = Float32Array.from({ length: ROWS * FEATURES }, (_, i) => mean + Math.sin(i * i));
  return { model: modelOf(names, weights, bias), x };
}

describe.each(["wasm", "reference"] as const)("a predictor on %s", (engine) => {
  test.each([0, 3000])(
    "agrees with the model to 1e-5, also where features have a mean of %d",
    async (mean) => {
      const { model, x } = problem(mean);
      const predictor = await model.predictor({ engine });
      const exact = model.logits(x);
      const logits = await predictor.predict(x, { output: "logits" });
      expect(predictor.engine).toMatchObject({ name: engine, why: `engine is ${engine}` });
      expect(farthest(logits, exact)).toBeLessThan(1e-5);
      expect(
        farthest(await predictor.predict(x, { output: "probabilities" }), model.predictProba(x)),
      ).toBeLessThan(1e-5);

      const labels = await predictor.predict(x);
      const top = await predictor.predict(x, { output: "top", k: 3 });
      const proba = model.predictProba(x);
      expect(labels).toHaveLength(ROWS);
      labels.forEach((label, row) => {
        const own = proba.subarray(row * CLASSES, (row + 1) * CLASSES);
        const sorted = [...own].toSorted((a, b) => b - a);
        const places = [0, 1, 2].map((n) => 3 * row + n);
        expect(own[model.classes.indexOf(label)]).toBeCloseTo(sorted[0], 5);
        expect(places.map((at) => own[model.classes.indexOf(top.labels[at])])).toEqual(
          sorted.slice(0, 3).map((p) => expect.closeTo(p, 5)),
        );
        expect(places.map((at) => top.probabilities[at])).toEqual(
          sorted.slice(0, 3).map((p) => expect.closeTo(p, 5)),
        );
      });
      await predictor.close();
    },
  );

  test("scores as the model does in f64", async () => {
    const { model, x } = problem();
    const y = model.predict(x).map((label, row) => (row % 3 === 0 ? "c7" : label));
    const weights = y.map((_, row) => row % 4);
    const data = { x, y, weights };
    const exact = await model.evaluate(data, { engine: "reference", auc: true });
    const found = await model.evaluate(data, { engine, auc: true });
    expect(found.examples).toBe(exact.examples);
    for (const score of ["loss", "accuracy", "brier", "calibrationError"] as const) {
      expect(found[score], score).toBeCloseTo(exact[score], 4);
    }
    expect(found.auc?.macro).toBeCloseTo(exact.auc?.macro ?? Number.NaN, 5);
    const [scores, others] = [
      await model.examples(data, { engine }),
      await model.examples(data, { engine: "reference" }),
    ];
    for (const score of ["loss", "margin", "el2n", "gradientNorm"] as const) {
      expect(farthest(scores[score], others[score]), score).toBeLessThan(1e-5);
    }
    const { temperature } = await model.calibrate(data, { engine });
    expect(temperature).toBeCloseTo((await model.calibrate(data, { engine: "reference" })).temperature, 5);
  });
});

test("f64 computes few rows, and an engine many", async () => {
  const { model, x } = problem();
  const predictor = await model.predictor();
  await predictor.predict(x.subarray(0, 10 * FEATURES));
  expect(predictor.engine).toMatchObject({ name: "reference" });
  await predictor.predict(x);
  expect(predictor.engine).toMatchObject({ name: "wasm" });
  await predictor.close();
});

test("more rows than are placed at a time have their own predictions", async () => {
  const rows = 2 ** 18 + 5; // of 64 bytes: 2^24 values are placed first, then five rows
  const weights = Array.from({ length: 64 }, (_, d) => [Math.cos(d), Math.sin(d)]);
  const model = modelOf(["a", "b"], weights, [0.1, 0], { scale: 1 / 255 });
  const x = Uint8Array.from({ length: 64 * rows }, (_, i) => i * 37 + (i >> 9));
  const predictor = await model.predictor({ engine: "wasm" });
  const found = await predictor.predict(x, { output: "logits" });
  const last = x.subarray(64 * (rows - 9));
  expect(found).toHaveLength(2 * rows);
  expect(farthest(found.subarray(2 * (rows - 9)), model.logits(last))).toBeLessThan(1e-5);
  await predictor.close();
});

test("100,000 classes are predicted and scored in blocks", async () => {
  const names = Array.from({ length: 100_000 }, (_, k) => k);
  const model = modelOf(names, [names.map((k) => Math.sin(k)), names.map((k) => Math.cos(k))]);
  const x = Float64Array.from({ length: 2 * 70 }, (_, i) => Math.sin(5 * i));
  const predictor = await model.predictor({ engine: "wasm" });
  const [labels, y] = [await predictor.predict(x), model.predict(x)];
  const z = model.logits(x);
  labels.forEach((label, row) => expect(z[row * 100_000 + label]).toBeCloseTo(z[row * 100_000 + y[row]], 5));
  const scores = await model.evaluate({ x, y }, { engine: "wasm" });
  expect(scores.accuracy).toBeGreaterThan(0.1); // many classes are as good as tied
  expect(scores.perClass).toHaveLength(100_000);
  expect(scores.loss).toBeCloseTo((await model.evaluate({ x, y }, { engine: "reference" })).loss, 4);
  await predictor.close();
});

test("a closed predictor predicts no more, and leaves a runtime that was given open", async () => {
  const { model, x } = problem();
  const predictor = await model.predictor({ engine: "wasm" });
  await predictor.predict(x);
  await predictor.close();
  expect(await rejectedBy(predictor.predict(x))).toBeInstanceOf(RuntimeClosedError);

  await using runtime = createRuntime();
  const others = await model.predictor({ engine: "wasm", runtime });
  await others.close();
  expect(await others.predict(x)).toHaveLength(ROWS);
});

test("an abort, a faulty option and features beyond f32 are named", async () => {
  const { model, x } = problem();
  const predictor = await model.predictor({ engine: "wasm" });
  const signal = AbortSignal.abort(new Error("enough"));
  expect((await rejectedBy(predictor.predict(x, { signal }))).message).toBe("enough");
  expect((await rejectedBy(predictor.predict(x, { output: "top", k: 0 }))).message).toBe(
    "k is 0, and must be a whole number ≥ 1.",
  );
  const far = Float64Array.from(x.subarray(0, 2 * FEATURES)).fill(1e39, FEATURES);
  expect((await rejectedBy(predictor.predict(far))).message).toMatch(
    /^x is 1e\+39 at row 1, column 0, beyond/,
  );
  expect((await rejectedBy(model.predictor(JSON.parse('{"motor":1}')))).message).toBe(
    "motor is no option here. The options are engine, device, adapter, runtime.",
  );
  await predictor.close();
});

function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < b.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}
