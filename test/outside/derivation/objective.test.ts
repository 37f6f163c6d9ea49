/** Checks the losses of the passes and of models against the derivation's objective and likelihood. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Example,
  type Matrix,
  crossEntropy,
  likelihood,
  objective,
  rowsOf,
  softmax,
  stacked,
  transpose,
} from "../../support/derivation.js";
import { modelOf } from "../../support/models.js";
import { gradientAt } from "../../support/passes.js";

const CLASSES = ["a", "b", "c"];

const value = fc.double({ min: -2, max: 2, noNaN: true });
const vector = fc.array(value, { minLength: 4, maxLength: 4 });
const oneHot = fc.constantFrom([1, 0, 0], [0, 1, 0], [0, 0, 1]);
const examples: fc.Arbitrary<Example[]> = fc.array(fc.record({ x: vector, y: oneHot }), {
  minLength: 1,
  maxLength: 6,
});
const matrix: fc.Arbitrary<Matrix> = fc.array(vector, { minLength: 3, maxLength: 3 });

// Sums of at most a hundred products of at most 4, each rounded to 2⁻⁵³.
const TOLERANCE = 1e-12;

describe("the objective", () => {
  test("is the negative logarithm of the likelihood: likelihood = exp(−J)", () => {
    fc.assert(
      fc.property(matrix, examples, (W, data) => {
        const found = likelihood(W, data);
        expect(Math.abs(Math.exp(-objective(W, data)) / found - 1)).toBeLessThan(TOLERANCE);
      }),
    );
  });

  test("is the same in both forms: −Σ log s_y, and −Σ y·Wx + Σ log Σ e^{Wx}", () => {
    fc.assert(
      fc.property(matrix, examples, (W, data) => {
        expect(Math.abs(crossEntropy(W, data) - objective(W, data))).toBeLessThan(TOLERANCE * data.length);
      }),
    );
  });

  test("is what the residual pass adds up", async () => {
    await fc.assert(
      fc.asyncProperty(matrix, examples, async (W, data) => {
        const { loss } = await gradientAt(rowsOf(data), CLASSES.length, stacked(W));
        expect(Math.abs(loss - objective(W, data))).toBeLessThan(TOLERANCE * data.length);
      }),
    );
  });

  test("and the likelihood are what a model reports of its examples", async () => {
    await fc.assert(
      fc.asyncProperty(matrix, examples, async (W, data) => {
        const single = W.map((row) => row.map(Math.fround)); // a model's weights are f32
        const model = modelOf(CLASSES, transpose(single));
        const x = data.map((example) => [...example.x]);
        const y = data.map((example) => CLASSES[example.y.indexOf(1)]);

        const { loss } = await model.evaluate({ x, y });
        expect(Math.abs(loss * data.length - objective(single, data))).toBeLessThan(TOLERANCE * data.length);

        const probabilities = model.predictProba(x);
        const product = data.reduce(
          (all, example, n) => all * probabilities[n * CLASSES.length + example.y.indexOf(1)],
          1,
        );
        expect(Math.abs(product / likelihood(single, data) - 1)).toBeLessThan(TOLERANCE);
      }),
    );
  });

  test("is not the same with another label", () => {
    const W = [
      [1, 0],
      [0, 1],
    ];
    const right = objective(W, [{ x: [1, 0], y: [1, 0] }]);
    const wrong = objective(W, [{ x: [1, 0], y: [0, 1] }]);
    expect(wrong - right).toBeCloseTo(1, 12); // the difference of the two logits
  });
});

describe("the softmax", () => {
  test("adds up to one and is unchanged when a constant is added to every logit", () => {
    fc.assert(
      fc.property(matrix, vector, vector, (W, x, shift) => {
        const s = softmax(W, x);
        expect(s.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
        const shifted = W.map((w) => w.map((weight, d) => weight + shift[d]));
        softmax(shifted, x).forEach((p, k) => expect(p).toBeCloseTo(s[k], 10));
      }),
    );
  });

  test("at no weights is 1/K, and the objective N·log K", () => {
    const W = [
      [0, 0],
      [0, 0],
      [0, 0],
    ];
    expect(softmax(W, [5, -3])).toEqual([1 / 3, 1 / 3, 1 / 3]);
    const data = [0, 1, 2, 0].map((k, n) => ({ x: [n, -n], y: [0, 1, 2].map((c) => (c === k ? 1 : 0)) }));
    expect(objective(W, data)).toBeCloseTo(4 * Math.log(3), 12);
  });
});
