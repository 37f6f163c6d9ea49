/** Tests a model's logits, probabilities, predictions and evaluation. */
import { describe, expect, test } from "vitest";
import { inspect } from "node:util";
import { version } from "../../../package.json" with { type: "json" };
import { DataError, SoftmaxModel, loadModel, train } from "../../../src/index.js";
import { distance } from "../../support/arrays.js";
import { modelOf } from "../../support/models.js";
import { rejectedBy, thrownBy } from "../../support/untyped.js";

// Two features, three classes: z = [x₀ + 1, x₁, −x₀ − x₁].
const model = modelOf<string>(
  ["a", "b", "c"],
  [
    [1, 0, -1],
    [0, 1, -1],
  ],
  [1, 0, 0],
);

describe("logits", () => {
  test("are x·W + b", () => {
    expect(
      model.logits([
        [1, 2],
        [0, 0],
        [-3, 0.5],
      ]),
    ).toEqual(Float64Array.of(2, 2, -3, 1, 0, 0, -2, 0.5, 2.5));
  });

  test("are the same for every type of x, and for { x }", () => {
    const expected = model.logits([
      [1, 2],
      [3, 4],
    ]);
    expect(model.logits(Float32Array.of(1, 2, 3, 4))).toEqual(expected);
    expect(model.logits(Float64Array.of(1, 2, 3, 4))).toEqual(expected);
    expect(model.logits({ x: Uint8Array.of(1, 2, 3, 4), scale: 1 })).toEqual(expected);
  });

  test("of bytes need a scale when the training was on floats", async () => {
    const message = /x is bytes, but the model was trained on floats: pass scale/;
    expect(() => model.predict(Uint8Array.of(1, 2))).toThrow(message);
    await expect(model.evaluate({ x: Uint8Array.of(1, 2), y: [model.classes[0]] })).rejects.toThrow(message);
  });

  test("of bytes use the scale of the training", () => {
    const scaled = modelOf(["a", "b"], [[1, -1]], [0, 0], { scale: 0.25 });
    expect(scaled.logits(Uint8Array.of(4, 8))).toEqual(Float64Array.of(1, -1, 2, -2));
    expect(scaled.logits(Float32Array.of(4))).toEqual(Float64Array.of(4, -4));
  });

  test("of more rows than are computed at a time are those of each row by itself", () => {
    const x = Float64Array.from({ length: 2 * 9000 }, (_, i) => Math.sin(i));
    const z = model.logits(x);
    expect(z).toHaveLength(3 * 9000);
    for (const row of [0, 4095, 4096, 8191, 8192, 8999]) {
      expect(z.subarray(3 * row, 3 * row + 3)).toEqual(model.logits(x.slice(2 * row, 2 * row + 2)));
    }
  });
});

describe("predictProba", () => {
  test("is the softmax of the logits", () => {
    const [a, b, c] = model.predictProba([[1, 2]]); // of the logits 2, 2, −3
    const sum = 2 * Math.exp(2) + Math.exp(-3);
    expect(a).toBeCloseTo(Math.exp(2) / sum, 15);
    expect(b).toBe(a);
    expect(c).toBeCloseTo(Math.exp(-3) / sum, 15);
  });

  test("adds up to 1 in every row, however large the logits", () => {
    const p = model.predictProba([
      [1e4, -1e4],
      [-1e4, 5],
      [0.1, 0.2],
    ]);
    for (let row = 0; row < 3; row++) {
      expect(p[3 * row] + p[3 * row + 1] + p[3 * row + 2]).toBeCloseTo(1, 15);
    }
    expect([...p.subarray(0, 3)]).toEqual([1, 0, 0]);
    expect(Math.min(...p)).toBeGreaterThanOrEqual(0);
  });
});

describe("predict", () => {
  test("gives the class of the largest logit, the first of equals", () => {
    expect(
      model.predict([
        [1, 2],
        [0, 0],
        [-3, 0.5],
        [0, 2],
      ]),
    ).toEqual(["a", "a", "c", "b"]);
  });
});

describe("x that does not fit the model", () => {
  test.each([
    { x: Float32Array.of(1, 2, 3), message: "x has 3 values, which do not divide into rows of 2 features" },
    { x: [[1, 2, 3]], message: "x has rows of 3 features, but the model was trained on 2" },
    { x: [[1, Number.NaN]], message: "x is NaN at row 0, column 1" },
    { x: [], message: "x is empty" },
  ])("is a DataError: $message", ({ x, message }) => {
    for (const method of ["logits", "predict", "predictProba"] as const) {
      const error = thrownBy(() => model[method](x));
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toContain(message);
    }
  });

  test("is one where features says so, though the values would divide into rows of the model's", () => {
    for (const method of ["logits", "predict", "predictProba"] as const) {
      const x = new Float32Array(6);
      const error = thrownBy(() => model[method]({ x, features: 3 }));
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toBe("x has rows of 3 features, but the model was trained on 2.");
      expect(thrownBy(() => model[method]({ x, features: 4 })).message).toContain(
        "x has 6 values, which do not divide into rows of 4 features",
      );
      expect(model[method]({ x, features: 2 })).toHaveLength(method === "predict" ? 3 : 9);
    }
  });

  test("is one in evaluate too, as are labels that are not among the model's classes", async () => {
    const x = Float32Array.of(1, 2, 3);
    expect((await rejectedBy(model.evaluate({ x, y: ["a"], features: 3 }))).message).toBe(
      "x has rows of 3 features, but the model was trained on 2.",
    );
    expect((await rejectedBy(model.evaluate({ x: [[1, 2]], y: ["z"] }))).message).toContain(
      'y[0] is "z", which is not among the 3 classes',
    );
    expect((await rejectedBy(model.evaluate({ x: [[1, 2]], y: ["a", "b"] }))).message).toContain(
      "x has 1 rows of 2 features and y has 2 labels",
    );
  });
});

describe("evaluate", () => {
  // One feature whose value is the first logit; the second logit is 0.
  const one = modelOf<string>(["yes", "no"], [[1, 0]]);
  const ln3 = Math.fround(Math.log(3));
  // p(yes) = 3/4, 1/4, 3/4, 1/2: predicted yes, no, yes, yes (ties go to the lower index).
  const x = [[ln3], [-ln3], [ln3], [0]];

  test("agrees with a calculation by hand", async () => {
    const { loss, accuracy, confusion, perClass, examples, calibrationError } = await one.evaluate({
      x,
      y: ["yes", "no", "no", "no"],
    });
    expect(examples).toBe(4);
    expect(loss).toBeCloseTo((2 * Math.log(4 / 3) + Math.log(4) + Math.log(2)) / 4, 7);
    expect(accuracy).toBe(0.5);
    expect(confusion).toEqual([
      [1, 0], // 1 row of yes: 1 predicted yes
      [2, 1], // 3 rows of no: 2 predicted yes, 1 no
    ]);
    expect(perClass).toEqual([
      { label: "yes", precision: 1 / 3, recall: 1, f1: 0.5, support: 1 },
      { label: "no", precision: 1, recall: 1 / 3, f1: 0.5, support: 3 },
    ]);
    // Three examples at 75 %, two of them right, and one at 50 % that is wrong.
    expect(calibrationError).toBeCloseTo(Math.abs(2.25 - 2) / 4 + 0.5 / 4, 7);
  });

  test("has the truth in the rows of the confusion matrix, and the predictions in its columns", async () => {
    const { confusion } = await one.evaluate({ x: [[5], [5], [5]], y: ["no", "no", "yes"] });
    expect(confusion).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });

  test("counts every example by its weight", async () => {
    const y = ["yes", "no", "no", "no"];
    const weighted = await one.evaluate({ x, y, weights: [1, 2, 0, 3] });
    const rows = [0, 1, 1, 3, 3, 3];
    const repeated = await one.evaluate({ x: rows.map((row) => x[row]), y: rows.map((row) => y[row]) });
    expect(weighted).toEqual({
      ...repeated,
      examples: 3,
      loss: expect.closeTo(repeated.loss, 12),
      calibrationError: expect.closeTo(repeated.calibrationError, 12),
    });
  });

  test("has a precision of NaN for a class that was never said, and a recall of NaN for one without examples", async () => {
    const [yes, no] = (await one.evaluate({ x: [[5], [5]], y: ["yes", "yes"] })).perClass;
    expect(yes).toEqual({ label: "yes", precision: 1, recall: 1, f1: 1, support: 2 });
    expect(no).toEqual({
      label: "no",
      precision: Number.NaN,
      recall: Number.NaN,
      f1: Number.NaN,
      support: 0,
    });
    const [, missed] = (await one.evaluate({ x: [[5], [5]], y: ["yes", "no"] })).perClass;
    expect(missed).toEqual({ label: "no", precision: Number.NaN, recall: 0, f1: 0, support: 1 });
  });

  test("agrees with the probabilities of predictProba", async () => {
    const inputs = Array.from({ length: 50 }, (_, row) => [Math.sin(row), Math.cos(7 * row)]);
    const y = inputs.map((_, row) => ["a", "b", "c"][row % 3]);
    const p = model.predictProba(inputs);
    const predictions = model.predict(inputs);
    const { loss, accuracy } = await model.evaluate({ x: inputs, y });
    expect(loss).toBeCloseTo(y.reduce((sum, _, row) => sum - Math.log(p[3 * row + (row % 3)]), 0) / 50, 12);
    expect(accuracy).toBeCloseTo(predictions.filter((label, row) => label === y[row]).length / 50, 12);
  });

  test("is finite where a probability is zero: the loss comes from the logits", async () => {
    const { loss } = await one.evaluate({ x: [[-2000]], y: ["yes"] });
    expect(loss).toBe(2000);
  });

  test("has a calibration error of 0 where the model is as sure as it is right", async () => {
    const quarter = await one.evaluate({ x: [[ln3], [ln3], [ln3], [ln3]], y: ["yes", "yes", "no", "yes"] });
    expect(quarter.calibrationError).toBeCloseTo(0, 7);
    const wrong = await one.evaluate({ x: [[50], [50]], y: ["no", "no"] });
    expect(wrong.calibrationError).toBeCloseTo(1, 12);
  });
});

test("logits of a model in f64 are those of its f32 weights, not of rounded sums", () => {
  const small = modelOf(
    ["a", "b"],
    [
      [0.1, 1],
      [1e8, 0],
    ],
  );
  expect(distance(small.logits([[1, 1]]), [Math.fround(0.1) + 1e8, 1])).toBe(0);
});

describe("a model of its parts", () => {
  const parts = { classes: ["cat", "dog"], weights: [0.5, -0.5, 1, -1] };

  test("needs classes and weights alone", async () => {
    const made = new SoftmaxModel(parts);
    expect(made.predict([[1, 2]])).toEqual(["cat"]);
    expect(made).toMatchObject({ features: 2, bias: new Float64Array(2), options: {}, converged: false });
    expect(loadModel(await made.save())).toEqual(made);
    const { training: _, labelType: __, ...minimal } = made.toJSON();
    expect(loadModel(minimal)).toEqual(made);
  });

  test.each([
    [{ weights: [1, 2, 3] }, /^weights has 3 values, and with 2 classes must have a multiple of 2:/],
    [{ features: 3 }, /^weights has 4 values, and with 2 classes and 3 features must have 6:/],
    [{ bias: [0] }, /^bias has 1 values, and there are 2 classes\./],
    [{ origin: [0, 0, 0] }, /^origin has 3 values, and there are 2 features\./],
    [{ weights: [1, 2, Number.NaN, 4] }, /^weights\[2\] is NaN, and must be a finite number that fits f32/],
    [{ weights: [1, 2, 3, 1e39] }, /^weights\[3\] is 1e\+39, and must be a finite number that fits f32/],
    [{ classes: ["cat"] }, /holds 1 class only/],
    [{ classes: ["cat", "cat"] }, /^classes names 2 classes but only 1 different/],
    [{ scale: 0 }, /^scale is 0, and must be a finite number other than 0/],
  ])("is refused, as with %o", (change, message) => {
    const error = thrownBy(() => new SoftmaxModel({ ...parts, ...change }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(message);
  });

  test("shows itself in a line", () => {
    expect(inspect(new SoftmaxModel(parts))).toBe("SoftmaxModel { 2 features × 2 classes }");
  });
});

test("a trained model records its options, its version and a hash of its data", async () => {
  const data = { x: [[0], [1], [2], [3]], y: ["a", "b", "a", "b"] };
  const lbfgs = await train(data, { C: 2, classWeight: { a: 3 }, engine: "reference" });
  expect(lbfgs.options).toMatchObject({
    solver: "lbfgs",
    C: 2,
    l2: 1 / 16,
    classWeight: [3, 1],
    seed: 0,
    init: "zeros",
  });
  expect(lbfgs.options).not.toHaveProperty("engine");
  expect(lbfgs.version).toBe(version);
  expect(lbfgs.data).toEqual({ rows: 4, features: 1, hash: expect.stringMatching(/^[\da-f]{16}$/) });

  const adam = await train(
    { ...data, y: ["a", "b", "b", "b"] },
    { solver: "adam", epochs: 2, init: lbfgs, validation: 0.25 },
  );
  expect(adam.options).toMatchObject({ epochs: 2, learningRate: 0.003, init: "model", validation: 0.25 });
  expect(adam.options).not.toHaveProperty("patience");
  expect(adam.data?.hash).not.toBe(lbfgs.data?.hash);
  expect(loadModel(await adam.save())).toEqual(adam);
});
