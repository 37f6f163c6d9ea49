/**
 * Checks the gradient pass against the derivation's formulas, against differences, and on its worked example.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Example,
  type Matrix,
  classGradient,
  outer,
  plus,
  rowsOf,
  softmax,
  stacked,
  transpose,
} from "../../support/derivation.js";
import { distance } from "../../support/arrays.js";
import { gradientAt } from "../../support/passes.js";

const K = 3;
const value = fc.double({ min: -2, max: 2, noNaN: true });
const vector = fc.array(value, { minLength: 4, maxLength: 4 });
const oneHot = fc.constantFrom([1, 0, 0], [0, 1, 0], [0, 0, 1]);
const examples: fc.Arbitrary<Example[]> = fc.array(fc.record({ x: vector, y: oneHot }), {
  minLength: 1,
  maxLength: 6,
});
const matrix: fc.Arbitrary<Matrix> = fc.array(vector, { minLength: K, maxLength: K });

/** Σₙ (s_n − y_n) ⊗ x_n, (classes, features): the derivation's ∂J/∂W. */
function outerProducts(W: Matrix, data: readonly Example[]): number[][] {
  return data
    .map(({ x, y }) => {
      const s = softmax(W, x);
      return outer(
        s.map((p, k) => p - y[k]),
        x,
      );
    })
    .reduce(plus);
}

describe("the gradient", () => {
  test("of one class, Σ (s_k − y_k)·x, is that class's row of the sum of outer products", () => {
    fc.assert(
      fc.property(matrix, examples, (W, data) => {
        outerProducts(W, data).forEach((row, k) =>
          expect(distance(row, classGradient(W, data, k))).toBeLessThan(1e-13),
        );
      }),
    );
  });

  test("pass computes that sum, with Σ (s − y) in the intercept's row", async () => {
    await fc.assert(
      fc.asyncProperty(matrix, examples, async (W, data) => {
        const { gradient } = await gradientAt(rowsOf(data), K, stacked(W));
        const residuals = data.map(({ x, y }) => softmax(W, x).map((s, k) => s - y[k]));
        const intercept = residuals.reduce((sum, r) => sum.map((total, k) => total + r[k]));
        const expected = [...transpose(outerProducts(W, data)).flat(), ...intercept];
        expect(distance(gradient, expected)).toBeLessThan(1e-12);
      }),
    );
  });

  test("agrees with five-point differences of the objective, in every weight and intercept", async () => {
    // f' ≈ (f(−2h) − 8f(−h) + 8f(h) − f(2h)) / 12h: h⁴ of truncation (1e-12 times a fifth derivative of a few
    // hundred here) and 2⁻⁵³·J/h of rounding (1e-12).
    const h = 1e-3;
    const data: Example[] = [
      { x: [0.3, -1.2, 2, 0], y: [1, 0, 0] },
      { x: [-0.7, 0.4, 0.1, 1.5], y: [0, 0, 1] },
      { x: [1.1, 0.9, -0.6, -1], y: [0, 1, 0] },
      { x: [0.2, 0, -1.8, 0.5], y: [0, 0, 1] },
    ];
    const rows = rowsOf(data);
    const weights = Float64Array.from({ length: 5 * K }, (_, i) => Math.sin(3 * i + 1));
    const { gradient } = await gradientAt(rows, K, weights);

    const differences = await Promise.all(
      Array.from(weights, async (weight, i) => {
        const at = async (offset: number) =>
          (await gradientAt(rows, K, weights.with(i, weight + offset))).loss;
        const [a, b, c, d] = await Promise.all([at(-2 * h), at(-h), at(h), at(2 * h)]);
        return (a - 8 * b + 8 * c - d) / (12 * h);
      }),
    );
    expect(distance(gradient, differences)).toBeLessThan(1e-9);
    // The tolerance detects one wrong label among the four.
    const other = { ...rows, labels: rows.labels.with(0, 1) };
    expect(distance((await gradientAt(other, K, weights)).gradient, differences)).toBeGreaterThan(0.1);
  });

  test("is largest where the model is most wrong: examples differ greatly in what they add", async () => {
    const W = [
      [3, 0],
      [0, 3],
    ];
    const size = async (y: number[]) => {
      const { gradient } = await gradientAt(rowsOf([{ x: [1, 0], y }]), 2, stacked(W));
      return Math.hypot(...gradient);
    };
    expect((await size([0, 1])) / (await size([1, 0]))).toBeCloseTo(Math.exp(3), 6);
  });
});

describe("the worked example: x = [2, 2, 2], y = [0, 0, 1], s = [0.1, 0.7, 0.2]", () => {
  const x = [2, 2, 2];
  const y = [0, 0, 1];
  const rowsFrom = (s: readonly number[]) =>
    outer(
      s.map((p, k) => p - y[k]),
      x,
    );

  test("gives rows of 0.2, 1.4 and −1.6, which add up to zero as every residual does", () => {
    const rows = rowsFrom([0.1, 0.7, 0.2]);
    [0.2, 1.4, -1.6].forEach((expected, k) => rows[k].forEach((v) => expect(v).toBeCloseTo(expected, 12)));
    for (const column of transpose(rows)) expect(column.reduce((a, b) => a + b)).toBeCloseTo(0, 12);
  });

  test("prints −1.4 in its last row, since its calculation took s₃ = 0.3, and those s do not add up to one", () => {
    // The text says s = [0.1, 0.7, 0.2]; the line of the calculation below it has 0.3 in place of 0.2, and so
    // (0.3 − 1)·2 = −1.4. But 0.1 + 0.7 + 0.3 = 1.1 is no softmax, and the columns do not add up to zero.
    const s = [0.1, 0.7, 0.3];
    const rows = rowsFrom(s);
    [0.2, 1.4, -1.4].forEach((expected, k) => rows[k].forEach((v) => expect(v).toBeCloseTo(expected, 12)));
    expect(s.reduce((a, b) => a + b)).toBeCloseTo(1.1, 12);
    for (const column of transpose(rows)) expect(column.reduce((a, b) => a + b)).toBeCloseTo(0.2, 12);
  });

  test("is what the passes compute, from weights that give these s", async () => {
    // With w_k = log(s_k)/6 in each feature, w_k·x = log s_k.
    const W = [0.1, 0.7, 0.2].map((s) => x.map(() => Math.log(s) / 6));
    const { gradient, passes } = await gradientAt(rowsOf([{ x, y }]), K, stacked(W));
    expect(distance(passes.residual, [0.1, 0.7, -0.8])).toBeLessThan(1e-15);
    expect(distance(gradient, [0.2, 1.4, -1.6, 0.2, 1.4, -1.6, 0.2, 1.4, -1.6, 0.1, 0.7, -0.8])).toBeLessThan(
      1e-15 * 4,
    );
  });
});
