/** Checks the stored optima of `optima.ts` against their definition. */
import { describe, expect, test } from "vitest";
import { range } from "../../src/core/random.js";
import { gradient, logits, residual } from "../../src/math/passes.js";
import { type DataSet, type Optimum, OPTIMA, SPARSE, dataSet, penalisedAt } from "./optima.js";

interface Definition {
  /** Number of weight rows with a penalty: by default all but the intercept's. */
  readonly penalised: number;
  /** Divisor of the sum of the losses: by default the number of rows. */
  readonly divisor: number;
}

/** F and the largest |∂F/∂w| at the stored weights, by the reference passes. */
function objectiveAt(data: DataSet, { weights, l2 }: Optimum, definition: Partial<Definition> = {}) {
  const { penalised = data.features, divisor = data.count } = definition;
  const { count, features, classes } = data;
  const rows = range(count);
  const { residual: r, sums } = residual(data, rows, logits(data, rows, weights, classes), classes);
  const g = new Float64Array((features + 1) * classes);
  gradient(data, rows, r, classes, g);
  const penalties = weights.map((w, i) => (i < penalised * classes ? l2 * w : 0));
  return {
    objective: sums.loss / divisor + penalties.reduce((sum, p, i) => sum + (p * weights[i]) / 2, 0),
    gradientMax: Math.max(...g.map((value, i) => Math.abs(value / divisor + penalties[i]))),
  };
}

/** scikit-learn's objective of a single logit u·x + b, and its largest derivative, in f64. */
function singleLogitAt({ count, features, x, labels }: DataSet, u: Float64Array, b: number, C: number) {
  const l2 = 1 / (C * count);
  const g = Float64Array.from([...u.map((value) => l2 * value), 0]);
  let objective = (l2 / 2) * u.reduce((sum, value) => sum + value * value, 0);
  for (let n = 0; n < count; n++) {
    const row = Float64Array.from(x.subarray(n * features, (n + 1) * features));
    const z = row.reduce((sum, value, d) => sum + value * u[d], b);
    const sign = labels[n] === 1 ? 1 : -1;
    objective += Math.log1p(Math.exp(-sign * z)) / count;
    const slope = -sign / (1 + Math.exp(sign * z)) / count;
    row.forEach((value, d) => (g[d] += slope * value));
    g[features] += slope;
  }
  return { objective, gradientMax: Math.max(...g.map(Math.abs)) };
}

// A gradient of raw features in the thousands has a rounding error of about 1e-13.
const NO_GRADIENT = 1e-12;

test("there are optima of four sets, raw and standardised, at five strengths of the penalty", () => {
  const names = OPTIMA.map(({ set, kind, C }) => `${set} ${kind} ${C}`);
  expect(new Set(names).size).toBe(4 * 2 * 5);
  expect(OPTIMA.length).toBe(4 * 2 * 5);
});

for (const optimum of OPTIMA) {
  const { set, kind, C, l2, weights } = optimum;
  const data = dataSet(set, kind);

  describe(`the optimum of ${set}, ${kind}, C = ${C}`, () => {
    test("has no gradient, and the objective stored", () => {
      expect(l2).toBe(1 / (C * data.count));
      const { objective, gradientMax } = objectiveAt(data, optimum);
      expect(gradientMax).toBeLessThan(NO_GRADIENT);
      expect(optimum.gradientMax).toBeLessThan(NO_GRADIENT);
      expect(Math.abs(objective / optimum.objective - 1)).toBeLessThan(1e-10);
    });

    test("is none of an objective that penalises the intercept, nor of one that sums the losses", () => {
      const other = (definition: Partial<Definition>) => objectiveAt(data, optimum, definition).gradientMax;
      expect(other({ penalised: data.features + 1 })).toBeGreaterThan(1e5 * NO_GRADIENT);
      expect(other({ divisor: 1 })).toBeGreaterThan(1e5 * NO_GRADIENT);
    });

    test("has weights that add up to zero over the classes", () => {
      for (let d = 0; d <= data.features; d++) {
        const row = weights.subarray(d * data.classes, (d + 1) * data.classes);
        expect(Math.abs(row.reduce((sum, w) => sum + w, 0))).toBeLessThan(1e-13);
      }
    });
  });
}

test.each(OPTIMA.filter(({ set }) => set === "breast_cancer"))(
  "two classes are the single logit w₁ − w₀ at twice the C: $kind, C = $C",
  ({ set, kind, C, objective, weights }) => {
    const data = dataSet(set, kind);
    const u = Float64Array.from({ length: data.features }, (_, d) => weights[2 * d + 1] - weights[2 * d]);
    const b = weights[2 * data.features + 1] - weights[2 * data.features];
    const single = singleLogitAt(data, u, b, 2 * C);
    expect(single.gradientMax).toBeLessThan(NO_GRADIENT);
    expect(Math.abs(single.objective / objective - 1)).toBeLessThan(1e-10);
    expect(singleLogitAt(data, u, b, C).gradientMax).toBeGreaterThan(1e5 * NO_GRADIENT);
  },
);

describe.each(SPARSE)("the optimum of $set, $kind, l1 = $l1, l2 = $l2", (optimum) => {
  const { set, kind, l1, weights } = optimum;
  const data = dataSet(set, kind);
  const { objective, gradient } = penalisedAt(data, weights, optimum);
  const penalised = data.features * data.classes;
  const where = (chosen: (w: number, i: number) => boolean) =>
    Array.from(gradient.keys()).filter((i) => chosen(weights[i], i));
  const zeros = where((w, i) => i < penalised && w === 0);
  const others = where((w, i) => i < penalised && w !== 0);

  test("has 0 among its subgradients, and the objective stored", () => {
    expect(Math.max(...zeros.map((i) => Math.abs(gradient[i])))).toBeLessThan(l1);
    const rest = others.map((i) => Math.abs(gradient[i] + l1 * Math.sign(weights[i])));
    const intercepts = where((_, i) => i >= penalised).map((i) => Math.abs(gradient[i]));
    expect(Math.max(...rest, ...intercepts)).toBeLessThan(NO_GRADIENT);
    expect(Math.abs(objective / optimum.objective - 1)).toBeLessThan(1e-10);
  });

  test("has weights that are 0, and some that are not", () => {
    expect(zeros.length).toBeGreaterThan(0);
    expect(others.length).toBeGreaterThan(0);
  });
});

test.each(["iris", "wine", "breast_cancer", "digits"] as const)(
  "columns of %s, standardised, have mean 0 and variance 1, or are 0",
  (set) => {
    const { count, features, x } = dataSet(set, "standardised");
    const raw = dataSet(set, "raw").x;
    for (let d = 0; d < features; d++) {
      const column = Array.from({ length: count }, (_, n) => x[n * features + d]);
      const constant = Array.from({ length: count }, (_, n) => raw[n * features + d]).every(
        (v) => v === raw[d],
      );
      expect(column.reduce((sum, v) => sum + v, 0) / count).toBeCloseTo(0, 12);
      expect(column.reduce((sum, v) => sum + v * v, 0) / count).toBeCloseTo(constant ? 0 : 1, 12);
    }
  },
);
