/** Checks that a model with an origin says of x what the same model without one says of x − origin. */
import { describe, expect, test } from "vitest";
import { DataError, type SoftmaxModel, train } from "../../../src/index.js";
import { weigh } from "../../../bench/page/train/objective.js";
import { createDataset } from "../../../src/data/dataset.js";
import { clouds } from "../../support/examples.js";
import { modelOf } from "../../support/models.js";
import { thrownBy } from "../../support/untyped.js";

const [COUNT, FEATURES, CLASSES] = [300, 4, 3];
const cloud = clouds(COUNT, FEATURES, CLASSES, 0.6);
/** Far from 0 relative to how much features vary, except for the last. Powers of 2 keep x − origin exact. */
const ORIGIN = Float64Array.of(2 ** 40, -(2 ** 20), 64, 0);
const near = { ...cloud, x: Float64Array.from(cloud.x, (value) => Math.round(value * 2 ** 10) / 2 ** 10) };
const far = { ...near, x: near.x.map((value, i) => value + ORIGIN[i % FEATURES]) };

const atZero = await train(near, { engine: "reference", l2: 0, tolerance: 1e-9 });
const atOrigin = moved(atZero);

function moved(model: SoftmaxModel<number>): SoftmaxModel<number> {
  const k = model.classes.length;
  const rows = Array.from({ length: FEATURES }, (_, d) => [...model.weights.subarray(d * k, (d + 1) * k)]);
  return modelOf(model.classes, rows, [...model.bias], { origin: ORIGIN });
}

describe("with an origin, what a model tells of x is what it tells of x − origin", () => {
  test("in logits, to the bit", () => {
    expect(atOrigin.logits(far.x)).toEqual(atZero.logits(near.x));
    expect(atOrigin.logits(far.x)).not.toEqual(atZero.logits(far.x));
  });

  test("in predictions", () => {
    expect(atOrigin.predict(far.x)).toEqual(atZero.predict(near.x));
    expect(atOrigin.predictProba(far.x)).toEqual(atZero.predictProba(near.x));
  });

  test("in evaluations, scores of examples and label errors", async () => {
    expect(await atOrigin.evaluate(far)).toEqual(await atZero.evaluate(near));
    expect(await atOrigin.examples(far)).toEqual(await atZero.examples(near));
    expect(await atOrigin.labelErrors(far)).toEqual(await atZero.labelErrors(near));
  });

  test("in calibration, which keeps the origin", async () => {
    const [found, wanted] = [await atOrigin.calibrate(far), await atZero.calibrate(near)];
    expect(found.temperature).toBe(wanted.temperature);
    expect(found.model.origin).toEqual(ORIGIN);
    expect(found.model.logits(far.x)).toEqual(wanted.model.logits(near.x));
  });

  test("in statistics, whose intercept is that at the origin", async () => {
    const weights = near.y.map((_, row) => 1 + (row % 3));
    expect(await atOrigin.statistics(far)).toEqual(await atZero.statistics(near));
    const weighted = await train({ ...near, weights }, { engine: "reference", l2: 0.1, tolerance: 1e-9 });
    expect(await moved(weighted).statistics({ ...far, weights }, { l2: 0.1 })).toEqual(
      await weighted.statistics({ ...near, weights }, { l2: 0.1 }),
    );
    // Without the origin the columns are constant up to rounding.
    await expect(atZero.statistics(far)).rejects.toThrow(DataError);
  });

  test("in what the page weighs solvers by", () => {
    expect(weigh(atOrigin, createDataset(far).rows, 0.1)).toEqual(
      weigh(atZero, createDataset(near).rows, 0.1),
    );
  });

  test("of bytes, after their scale", () => {
    const x = Uint8Array.of(0, 51, 255, 102);
    const [scale, origin] = [1 / 255, Float64Array.of(0.2, 1)];
    const model = modelOf(
      [0, 1],
      [
        [1, -1],
        [2, 0.5],
      ],
      [0.25, 0],
      { scale, origin },
    );
    const plain = modelOf(
      [0, 1],
      [
        [1, -1],
        [2, 0.5],
      ],
      [0.25, 0],
    );
    const centred = Float64Array.from(x, (byte, i) => scale * byte - origin[i % 2]);
    expect(model.logits(x)).toEqual(plain.logits(centred));
  });

  test("over many blocks of rows", () => {
    const many = { x: new Float64Array(20_000 * FEATURES), features: FEATURES };
    const plain = many.x.map((_, i) => near.x[i % near.x.length]);
    many.x.set(plain.map((value, i) => value + ORIGIN[i % FEATURES]));
    expect(atOrigin.predict(many.x)).toEqual(atZero.predict(plain));
  });
});

test("the intercept keeps digits that an f32 has not", () => {
  const model = modelOf([0, 1], [[1, 0]], [-1_699_999_999_999.5, 0]);
  expect(model.predict([[1_700_000_000_000], [1_699_999_999_999]])).toEqual([0, 1]);
  expect(model.logits([[1_700_000_000_000]])[0]).toBe(0.5);
});

test("features that are too large for a model are a DataError, not a prediction", () => {
  const model = modelOf(["a", "b"], [[3e38, -3e38]]);
  expect(model.predict([[1e150]])).toEqual(["a"]);
  for (const ask of ["logits", "predict", "predictProba"] as const) {
    const error = thrownBy(() => model[ask]([[1], [1e151]]));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain("x is 1e+151 at row 1, column 0, beyond 1e+150");
  }
});
