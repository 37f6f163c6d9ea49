/** Checks the convergence tests' oracle against optima of extended precision and points around its minima. */
import { describe, expect, test } from "vitest";
import { randomIntegers } from "../../src/core/random.js";
import { denseMinimum } from "./dense-newton.js";
import { DenseObjective, type DenseProblem, deviations, objectiveOf } from "./dense-objective.js";
import { Draw } from "./draw.js";
import { Exact } from "./exact.js";
import { type SetName, type Kind, OPTIMA, SPARSE, dataSet } from "./optima.js";
import { randomProblem } from "./random-problems.js";

function problemOf(set: SetName, kind: Kind, l1: number, l2: number): DenseProblem {
  const { x, labels, ...sizes } = dataSet(set, kind);
  const penalty = { l1, l2, intercept: true, standardize: false };
  return {
    ...sizes,
    x: Float64Array.from(x),
    labels,
    weights: new Float64Array(sizes.count).fill(1),
    ...penalty,
  };
}

describe("it finds the minima that were computed in extended precision", () => {
  test.each(OPTIMA.filter(({ set }) => set !== "digits"))(
    "$set, $kind, C = $C",
    ({ set, kind, l2, objective }) => {
      const { value, error, exists } = denseMinimum(problemOf(set, kind, 0, l2));
      expect(exists).toBe(true);
      expect(error).toBeLessThan(1e-12 * Math.max(objective, 0.01));
      expect(Math.abs(value - objective)).toBeLessThanOrEqual(error + 1e-14);
    },
  );

  test.each(SPARSE.filter(({ set }) => set !== "digits"))(
    "$set, $kind, l1 = $l1, l2 = $l2",
    ({ set, kind, l1, l2, objective }) => {
      const { value, error, violation } = denseMinimum(problemOf(set, kind, l1, l2));
      expect(error).toBeLessThan(1e-12 * Math.max(objective, 0.01));
      expect(violation).toBeLessThan(1e-8);
      expect(Math.abs(value - objective)).toBeLessThanOrEqual(error + 1e-14);
    },
  );
});

test("nothing near the minimum of a random problem is lower", () => {
  for (let seed = 0; seed < 60; seed++) {
    const { dense } = randomProblem(seed);
    const { value, error, at } = denseMinimum(dense);
    const objective = new DenseObjective(dense);
    const draw = new Draw(randomIntegers(seed));
    expect(Math.abs(objective.value(at) - value), `seed ${seed}`).toBeLessThanOrEqual(error);
    for (let size = 1e-9; size < 10; size *= 10) {
      const apart = at.map((one) => one + size * draw.normal());
      expect(objective.value(apart), `seed ${seed}, ${size} away`).toBeGreaterThanOrEqual(value - error);
      // Steps toward 0, one coordinate at a time, because l1 has its kinks there.
      const i = draw.integer(0, at.length - 1);
      const fewer = at.with(i, 0);
      expect(objective.value(fewer), `seed ${seed}, 0 at ${i}`).toBeGreaterThanOrEqual(value - error);
    }
  }
});

test("the gradient and the Hessian are those of the value", () => {
  const { dense } = randomProblem(40);
  const objective = new DenseObjective({ ...dense, l1: 0, l2: 0.1 });
  const size = objective.classes * objective.columns;
  const draw = new Draw(randomIntegers(1));
  const v = Float64Array.from({ length: size }, () => draw.normal());
  const { gradient, hessian } = objective.at(v);
  for (let i = 0; i < size; i += 7) {
    const step = 1e-5;
    const [up, down] = [v.with(i, v[i] + step), v.with(i, v[i] - step)];
    expect((objective.value(up) - objective.value(down)) / (2 * step)).toBeCloseTo(gradient[i], 8);
    const slopes = [objective.at(up).gradient, objective.at(down).gradient];
    for (let j = 0; j < size; j++) {
      expect((slopes[0][j] - slopes[1][j]) / (2 * step)).toBeCloseTo(hessian[i * size + j], 8);
    }
  }
});

test("separable classes have no minimum without a penalty, and one with it", () => {
  const separable = {
    count: 4,
    features: 1,
    classes: 2,
    x: Float64Array.of(-2, -1, 1, 2),
    labels: Uint32Array.of(0, 0, 1, 1),
    weights: Float64Array.of(1, 1, 1, 1),
    l1: 0,
    l2: 0,
    intercept: true,
    standardize: false,
  };
  expect(denseMinimum(separable).exists).toBe(false);
  expect(denseMinimum({ ...separable, l2: 1e-6 }).exists).toBe(true);
  expect(denseMinimum({ ...separable, labels: Uint32Array.of(0, 1, 0, 1) }).exists).toBe(true);
  const single = { ...separable, labels: new Uint32Array(4) };
  expect(denseMinimum(single)).toMatchObject({ exists: false, value: 0 });
  expect(denseMinimum({ ...single, l2: 1e-6 })).toMatchObject({ exists: true, value: 0 });
  // Only the first row is separable; the loss of the others cannot vanish.
  const partly = denseMinimum({
    ...separable,
    x: Float64Array.of(-1, 0, 0, 0),
    labels: Uint32Array.of(0, 0, 1, 1),
  });
  expect(partly.exists).toBe(false);
});

describe("F of a model as it is handed out", () => {
  const dense = { ...randomProblem(40).dense, standardize: false, l1: 0.01, l2: 0.1 };
  const draw = new Draw(randomIntegers(2));
  const { count, features, classes } = dense;
  const weights = Float32Array.from({ length: features * classes }, () => draw.normal());
  const bias = Float32Array.from({ length: classes }, () => draw.normal());
  const far = 2 ** 30; // added exactly to features rounded to 1/1024

  const x = dense.x.map((value) => Math.round(1024 * value) / 1024);
  const problem = { ...dense, x };
  const plain = objectiveOf(problem, { weights, bias });

  test("is the mean loss and the penalty", () => {
    const total = dense.weights.reduce((a, b) => a + b, 0);
    let expected = 0;
    for (let n = 0; n < count; n++) {
      const z = Array.from(bias, (b, k) =>
        weights.reduce(
          (sum, w, i) => (i % classes === k ? sum + w * x[n * features + (i - k) / classes] : sum),
          b,
        ),
      );
      const sum = z.reduce((a, b) => a + Math.exp(b), 0);
      expected += (dense.weights[n] / total) * (Math.log(sum) - z[dense.labels[n]]);
    }
    for (const w of weights) expected += (dense.l2 / 2) * w * w + dense.l1 * Math.abs(w);
    expect(plain / expected).toBeCloseTo(1, 12);
  });

  test("penalises the weights of standardised features", () => {
    const { mean, deviation } = deviations(problem);
    const standard = x.map((value, i) => (value - mean[i % features]) / deviation[i % features]);
    const given = weights.map((w, i) => w / deviation[Math.floor(i / classes)]);
    const intercept = Float64Array.from(bias, (b, k) =>
      mean.reduce((sum, m, d) => sum - m * given[d * classes + k], b),
    );
    const own = objectiveOf({ ...problem, standardize: true }, { weights: given, bias: intercept });
    expect(own / objectiveOf({ ...problem, x: standard }, { weights, bias })).toBeCloseTo(1, 6);
  });

  test("keeps its digits where features are far from 0, by an origin or an exact intercept", () => {
    const moved = { ...problem, x: x.map((value) => value + far) };
    const origin = new Float64Array(features).fill(far);
    expect(objectiveOf(moved, { weights, bias, origin }) / plain).toBeCloseTo(1, 12);
    const intercept = Float64Array.from(bias, (b, k) => {
      const sum = new Exact().add(b);
      for (let d = 0; d < features; d++) sum.addProduct(-far, weights[d * classes + k]);
      return sum.value;
    });
    expect(objectiveOf(moved, { weights, bias: intercept }) / plain).toBeCloseTo(1, 6);
    expect(
      Math.abs(objectiveOf(moved, { weights, bias: Float32Array.from(intercept) }) / plain - 1),
    ).toBeGreaterThan(0.1);
  });
});
