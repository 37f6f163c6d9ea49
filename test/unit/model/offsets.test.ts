/** Tests models that were trained with offsets, which predictions and scores need too. */
import { beforeAll, describe, expect, test } from "vitest";
import { DataError, SoftmaxModel, loadModel, train } from "../../../src/index.js";
import { clouds } from "../../support/examples.js";
import { rejectedBy, thrownBy } from "../../support/untyped.js";

const ROWS = 200;
const { x, y } = clouds(ROWS, 3, 3, 0.8);
const offsets = Float64Array.from({ length: 3 * ROWS }, (_, i) => Math.sin(i * i));

describe("a model with offsets", () => {
  let model: SoftmaxModel<number>;
  beforeAll(async () => {
    model = await train({ x, y, features: 3, offsets }, { engine: "reference" });
  });

  test("adds them to the logits, as they are given", () => {
    const plain = withoutOffsets(model).logits({ x, features: 3 });
    const found = model.logits({ x, features: 3, offsets });
    found.forEach((z, i) => expect(z - plain[i]).toBeCloseTo(offsets[i], 12));
    const rows = Array.from({ length: ROWS }, (_, row) => offsets.slice(3 * row, 3 * row + 3));
    expect(model.logits({ x, features: 3, offsets: rows })).toEqual(found);
  });

  test.each(["wasm", "reference"] as const)("predicts and is scored with them on %s", async (engine) => {
    const predictor = await model.predictor({ engine });
    const labels = await predictor.predict({ x, offsets });
    expect(labels).toEqual(model.predict({ x, offsets }));
    const { accuracy, loss } = await model.evaluate({ x, y, offsets }, { engine });
    expect(accuracy).toBeCloseTo(labels.filter((label, row) => label === y[row]).length / ROWS, 12);
    const p = model.predictProba({ x, offsets });
    const own = y.reduce((sum, label, row) => sum - Math.log(p[3 * row + label]), 0);
    expect(loss).toBeCloseTo(own / ROWS, 5);
    await predictor.close();
  });

  test("has statistics at the optimum that they make, and not without them", async () => {
    expect((await model.statistics({ x, y, features: 3, offsets })).z.every(Number.isFinite)).toBe(true);
    const others = offsets.map((one) => 2 * one);
    expect((await rejectedBy(model.statistics({ x, y, offsets: others }))).message).toMatch(
      /not the optimum/,
    );
  });

  test("needs them, in its file too, and others refuse them", async () => {
    const again = loadModel(await model.save());
    for (const one of [model, again]) {
      const error = thrownBy(() => one.predict({ x }));
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toBe(
        "offsets is missing, but the training has them: pass 200 rows of 3 classes.",
      );
    }
    const short = thrownBy(() => model.predict({ x, offsets: offsets.subarray(3) }));
    expect(short.message).toMatch(/^offsets has 597 values, and must have 600/);
    const plain = withoutOffsets(model);
    expect(thrownBy(() => plain.predict({ x, features: 3, offsets })).message).toMatch(
      /^offsets is given, but/,
    );
  });

  test("is not calibrated, since a temperature would divide the offsets too", async () => {
    expect((await rejectedBy(model.calibrate({ x, y, offsets }))).message).toMatch(/trained with offsets/);
  });
});

test("statistics know the factors of the penalty", async () => {
  const options = { engine: "reference", tolerance: 1e-8, C: 0.01, penaltyFactors: [0, 1, 4] } as const;
  const model = await train({ x, y, features: 3 }, options);
  expect((await model.statistics({ x, y, features: 3 })).z.every(Number.isFinite)).toBe(true);
});

function withoutOffsets<L extends number>(model: SoftmaxModel<L>): SoftmaxModel<L> {
  const { classes, weights, bias } = model;
  return new SoftmaxModel({ classes, weights, bias });
}
