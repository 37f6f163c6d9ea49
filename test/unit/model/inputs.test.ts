/**
 * Tests what a model accepts: bytes that mean what those of the training meant, and arrays that stay the
 * caller's.
 */
import { describe, expect, test } from "vitest";
import { DataError, train, trainer } from "../../../src/index.js";
import { distance } from "../../support/arrays.js";
import { clouds } from "../../support/examples.js";
import { modelOf } from "../../support/models.js";
import { thrownBy } from "../../support/untyped.js";

describe("a model that was trained on bytes", () => {
  // Two pixels, whose bytes mean byte ÷ 255.
  const ofBytes = modelOf<string>(
    ["dark", "light"],
    [
      [-1, 1],
      [-1, 1],
    ],
    [1, -1],
    { scale: 1 / 255 },
  );
  const y = ["light", "dark"];
  const methods = ["evaluate", "examples", "labelErrors", "calibrate"] as const;
  const bytes = [
    [200, 255],
    [12, 7],
  ];

  test("does not take bytes in an array of numbers for what they mean", async () => {
    const expected =
      "x is 200 at row 0, column 0, but the model was trained on bytes, which are at most 1 (255 · scale): pass bytes as a " +
      `Uint8Array, or numbers multiplied by the scale, ${1 / 255}.`;
    for (const x of [bytes, Float32Array.from(bytes.flat()), Int16Array.from(bytes.flat())]) {
      for (const method of ["logits", "predictProba", "predict"] as const) {
        expect(thrownBy(() => ofBytes[method](x))).toBeInstanceOf(DataError);
        expect(thrownBy(() => ofBytes[method]({ x })).message).toBe(expected);
      }
      for (const method of methods) {
        await expect(ofBytes[method]({ x, y })).rejects.toThrow(expected);
      }
      await expect(ofBytes.statistics({ x, y })).rejects.toThrow(expected);
    }
  });

  test("takes them as bytes, or as the numbers that they mean, of either sign", () => {
    const p = ofBytes.predictProba(Uint8Array.from(bytes.flat()));
    const meant = bytes.flat().map((byte) => byte / 255);
    for (const same of [Float32Array.from(meant), Float64Array.from(meant)]) {
      expect(distance(ofBytes.predictProba(same), p)).toBeLessThan(1e-6);
    }
    expect(ofBytes.predict(bytes.map((row) => Uint8Array.from(row)))).toEqual(["light", "dark"]);
    expect(ofBytes.predict([[1, -1]])).toHaveLength(1);
    const inverted = modelOf(["dark", "light"], [[-1, 1]], [1, -1], { scale: -0.5 });
    expect(inverted.predict([[-127.5]])).toHaveLength(1);
    expect(() => inverted.predict([[-128]])).toThrow("which are at most 127.5 (255 · scale)");
  });

  test("is given the same in the rows of a validation", async () => {
    const data = { x: Uint8Array.from(bytes.flat()), y, features: 2 };
    const error = thrownBy(() => trainer(data, { validation: { x: bytes, y } }));
    expect(error.message).toContain(
      "validation.x is 200 at row 0, column 0, but the model was trained on bytes",
    );
    const floats = { ...data, x: Float32Array.from(data.x) };
    const other = thrownBy(() => trainer(floats, { validation: data }));
    expect(other.message).toContain("validation.x is bytes, but the model was trained on floats: pass scale");
  });
});

describe("what a caller passed", () => {
  const x = Float64Array.of(1, 2, 0, 1, -1, 0.5, 2, -1);
  const classes = ["c", "a", "b"];
  const labels = ["a", "b", "c", "a"];
  const options = { engine: "reference", solver: "gd", epochs: 5 } as const;

  test("as classes and labels is copied: sorting them later changes nothing in the model", async () => {
    const [own, y] = [[...classes], [...labels]];
    const fitting = train({ x, y, features: 2, classes: own }, options);
    own.sort();
    y.fill("c");
    const model = await fitting;
    const untouched = await train({ x, y: labels, features: 2, classes }, options);
    own.reverse();
    expect(model.classes).toEqual(classes);
    expect(model.weights).toEqual(untouched.weights);
    expect(await model.evaluate({ x, y: labels })).toEqual(await untouched.evaluate({ x, y: labels }));
  });

  test("as weights and soft targets is copied", async () => {
    const soft = Float32Array.of(1, 0, 0, 0, 0.5, 0.5, 0.25, 0.75, 0, 0, 0, 1);
    const expected = await train({ x, y: soft, features: 2, classes, weights: [1, 2, 3, 4] }, options);
    const [y, weights] = [soft.slice(), [1, 2, 3, 4]];
    const fitting = train({ x, y, features: 2, classes, weights }, options);
    y.fill(Number.NaN);
    weights.fill(0);
    expect((await fitting).weights).toEqual(expected.weights);
  });

  test("to statistics may change while they are computed", async () => {
    const data = clouds(60, 2, 2, 0.3);
    const model = await train(data, { engine: "reference", l2: 0.1, tolerance: 1e-9 });
    const expected = await model.statistics(data, { l2: 0.1 });
    const own = { x: data.x.slice(), y: [...data.y], weights: new Float64Array(60).fill(1) };
    const computing = model.statistics(own, { l2: 0.1 });
    own.x.fill(Number.NaN);
    own.y.fill(0);
    own.weights.fill(0);
    expect(await computing).toEqual(expected);
  });

  test.each(["evaluate", "examples", "labelErrors", "calibrate"] as const)(
    "to %s may change while they are computed",
    async (method) => {
      const { x, y } = clouds(60, 2, 2, 0.3);
      const model = await train({ x, features: 2, y }, { engine: "reference" });
      const weights = Array.from(y, (_, row) => 1 + (row % 2));
      const flat = { x: x.slice(), features: 2, y: [...y], weights: Float32Array.from(weights) };
      const rows = {
        x: Array.from(y, (_, row) => Array.from(x.subarray(2 * row, 2 * row + 2))),
        y: [...y],
        weights: [...weights],
      };
      const computing = [model[method](flat), model[method](rows)];
      flat.x.fill(Number.NaN);
      for (const row of rows.x) row.fill(Number.NaN);
      for (const own of [flat, rows]) {
        own.y.fill(0);
        own.weights.fill(0);
      }
      const expected = await model[method]({ x, features: 2, y, weights });
      expect(await Promise.all(computing)).toEqual([expected, expected]);
    },
  );
});
