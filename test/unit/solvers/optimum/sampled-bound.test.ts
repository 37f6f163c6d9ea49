/** Tests the bound of F − F* from a sample of the rows, against minima found with all rows in f64. */
import { describe, expect, test } from "vitest";
import { randomIntegers, range } from "../../../../src/core/random.js";
import type { FloatArray } from "../../../../src/core/rows.js";
import { stratified } from "../../../../src/data/sample.js";
import type { Objective } from "../../../../src/engine/objective.js";
import type { Vector } from "../../../../src/engine/vectors.js";
import { referenceEngine } from "../../../../src/engine/reference/engine.js";
import { DenseEquation } from "../../../../src/solvers/optimum/dense-equation.js";
import { Newton } from "../../../../src/solvers/optimum/newton.js";
import { NewtonModel } from "../../../../src/solvers/optimum/newton-model.js";
import { SampledBound } from "../../../../src/solvers/optimum/sampled-bound.js";
import { Draw } from "../../../support/draw.js";

const [COUNT, CLASSES, SHARE] = [1600, 3, 1 / 16];
const every16th = range(COUNT / 16).map((n) => 16 * n);

interface Setting {
  readonly features: number;
  /** (rows, features) */
  readonly x: Float64Array;
  readonly l2?: number;
  readonly weights?: Float64Array;
  /** Rows of the sample. Default: every 16th. */
  readonly chosen?: Uint32Array;
}

/** A problem at its minimum. Labels depend on the first feature. */
async function minimised({ features, x, l2 = 1e-3, weights, chosen = every16th }: Setting, seed = 1) {
  const draw = new Draw(randomIntegers(seed));
  const labels = Uint32Array.from({ length: COUNT }, (_, n) =>
    draw.chance(0.4)
      ? draw.integer(0, CLASSES - 1)
      : x[n * features] > 0.4
        ? 2
        : x[n * features] > -0.4
          ? 1
          : 0,
  );
  const rows = { count: COUNT, features, x, scale: 1, labels, ...(weights && { weights }) };
  const scale = 1 / (weights?.reduce((a, b) => a + b, 0) ?? COUNT);
  const penalties = new Float64Array(features).fill(l2);
  const problem = { classes: CLASSES, intercept: true, scale, penalties, rows: range(COUNT) };
  const placement = await referenceEngine().place(rows);
  const objective = await placement.objective(problem);
  const { space } = objective;
  const scaling = { scale };
  const w = space.vector();
  const newton = new Newton({
    objective,
    scaling,
    start: w,
    model: new NewtonModel(objective, scaling, { tolerance: 0 }),
    equation: new DenseEquation(objective, rows, problem),
  });
  let point = await newton.evaluate();
  const minimum = () => point.value;
  for (let next = await newton.iterate(point, true); next && next.value < point.value;) {
    point = next;
    next = await newton.iterate(point, true);
  }
  const bound = new SampledBound({
    objective,
    scaling,
    tolerance: 1e-5,
    openSample: async () => {
      const sample = await placement.objective({ ...problem, scale: scale / SHARE, rows: chosen });
      return {
        objective: sample,
        scale: scale / SHARE,
        preconditioner: { matrix: sample.space.matrix(inverseMoments(x, features)), floor: 0 },
        classes: CLASSES,
        ...(weights && { weights: Float64Array.from(chosen, (row) => weights[row]) }),
        share: SHARE,
      };
    },
  });
  const best = Float64Array.from(await space.read(w));
  /** Bounds F − F* where the weights differ from the best by `change`, and returns the truth too. */
  const at = async (change: FloatArray, factor = 30) => {
    const moved = space.vector(best.map((one, i) => one + change[i]));
    const gradient = space.vector();
    const { loss } = await objective.linearize(moved, gradient);
    const [square] = await space.products([[moved, moved]]);
    const above = scale * loss + square.penalised / 2 - minimum();
    return { said: await bound.at(moved, gradient, factor * above), above };
  };
  return { objective, bound, at, minimum: minimum() };
}

/** The inverses of the columns' second moments as a diagonal matrix, (features + 1, features + 1). */
function inverseMoments(x: Float64Array, features: number): Float64Array {
  const matrix = new Float64Array((features + 1) ** 2).fill(0);
  for (let d = 0; d < features; d++) {
    let sum = 0;
    for (let i = d; i < x.length; i += features) sum += x[i] ** 2;
    matrix[d * (features + 2)] = COUNT / sum;
  }
  matrix[matrix.length - 1] = 1;
  return matrix;
}

/** A change of one feature's weights, between two classes, that is `distance` in the quadratic model. */
async function along(objective: Objective, feature: number, features: number, distance: number) {
  const { space } = objective;
  const change = new Float64Array((features + 1) * CLASSES);
  change.set([1, -1], feature * CLASSES);
  const [v, hv]: [Vector, Vector] = [space.vector(change), space.vector()];
  objective.curvature(v, hv);
  const [product] = await space.products([[v, hv]]);
  return change.map((one) => one * Math.sqrt((2 * distance) / product.sum));
}

const sumOf = (a: Float64Array, b: Float64Array) => a.map((one, i) => one + b[i]);
const normals = (features: number, seed: number) => {
  const draw = new Draw(randomIntegers(seed));
  return Float64Array.from({ length: COUNT * features }, () => draw.normal());
};

/** Two features, of which the second is 0 but in some rows. */
function withRare(rare: readonly number[]): Float64Array {
  const x = normals(2, 5);
  return x.map((one, i) => (i % 2 === 0 ? one : rare.includes((i - 1) / 2) ? 2 : 0));
}

test("of rows like others the bound is near the truth, at a small part of what all rows cost", async () => {
  const features = 4;
  const { objective, bound, at, minimum } = await minimised({ features, x: normals(features, 2) });
  for (let feature = 0; feature < features; feature++) {
    const { said, above } = await at(await along(objective, feature, features, 1e-5 * minimum));
    expect(said).toBeGreaterThan(above);
    expect(said).toBeLessThan(5 * above);
  }
  expect(bound.passes).toBeLessThan(features * (16 * SHARE + 0.5));
  expect(bound.passes).toBeGreaterThan(features * (2.25 * SHARE + 0.5));
});

describe("where a sampled row is the only one of its kind", () => {
  const PARTS = [0.05, 0.2, 0.35, 0.5, 0.7, 0.9, 1];
  test.each(PARTS.flatMap((part) => [1, 50].map((weight) => ({ part, weight }))))(
    "the bound holds with $part of the distance along it, its weight $weight",
    async ({ part, weight }) => {
      const weights = Float64Array.from(range(COUNT), (row) => (row === 320 ? weight : 1));
      const setting = { features: 2, x: withRare([320]), l2: 1e-5, weights };
      const { objective, at, minimum } = await minimised(setting);
      const distance = 1e-6 * minimum;
      const [common, rare] = await Promise.all([
        along(objective, 0, 2, (1 - part) * distance),
        along(objective, 1, 2, part * distance),
      ]);
      const { said, above } = await at(sumOf(common, rare));
      expect(said).toBeGreaterThan(above);
    },
  );
});

test("where all sampled rows have more curvature than others, the bound holds", async () => {
  const features = 2;
  const x = normals(features, 4);
  const size = (row: number) => Math.abs(x[row * features + 1]);
  const chosen = range(COUNT)
    .toSorted((a, b) => size(b) - size(a))
    .slice(0, SHARE * COUNT);
  const { objective, at, minimum } = await minimised({ features, x, chosen });
  const { said, above } = await at(await along(objective, 1, features, 1e-6 * minimum));
  expect(said).toBeGreaterThan(above);
  expect(said).toBeLessThan(10 * above);
});

test("where the sample misses a feature, it does not bound what the feature may gain", async () => {
  const { objective, at, minimum } = await minimised({ features: 2, x: withRare([321, 323, 325]), l2: 1e-7 });
  const { said } = await at(await along(objective, 1, 2, 1e-6 * minimum));
  expect(said).toBe("far");
});

test("weights that are not centred over the classes are farther by their penalty", async () => {
  const features = 2;
  const { objective, at, minimum } = await minimised({ features, x: normals(features, 3), l2: 0.1 });
  const small = await along(objective, 0, features, 1e-6 * minimum);
  const { said, above } = await at(small.map((one, i) => one + (i < CLASSES ? 0.01 : 0)));
  expect(above).toBeGreaterThan(1e-5 * minimum);
  expect(said).toBeGreaterThan(above);
  expect(said).toBeLessThan(1.2 * above);
});

test("a distance that is certainly not allowed takes fewer products", async () => {
  const features = 4;
  const { objective, bound, at, minimum } = await minimised({ features, x: normals(features, 2) });
  const change = sumOf(
    await along(objective, 0, features, 1e-5 * minimum),
    await along(objective, 2, features, 1e-5 * minimum),
  );
  expect(await at(change, 0.5)).toMatchObject({ said: "far" });
  const { passes } = bound;
  await at(change);
  expect(passes).toBeLessThan((bound.passes - passes - 0.5) / 1.3);
});

const KINDS = ["heavy tails", "rare features", "weights over decades", "columns nearly the same"] as const;

describe.each(KINDS)("with %s", (kind) => {
  test("the bound holds at random points", async () => {
    const features = 5;
    let bounds = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const draw = new Draw(randomIntegers(seed));
      const keep = Array.from({ length: features }, (_, d) => (d === 0 ? 1 : 10 ** -draw.uniform(0, 3)));
      const x = normals(features, 100 + seed).map((one, i, all) => {
        const d = i % features;
        if (kind === "heavy tails") return Math.sinh(1.5 * one);
        if (kind === "rare features") return draw.chance(keep[d]) ? one : 0;
        return kind === "columns nearly the same" && d === 1 ? all[i - 1] + 0.01 * one : one;
      });
      const weights = range(COUNT).map(() => 1);
      const heavy = Float64Array.from(weights, () => 10 ** draw.uniform(0, 3));
      const { at } = await minimised(
        {
          features,
          x,
          l2: 10 ** -draw.uniform(1, 5),
          chosen: stratified(range(COUNT), SHARE * COUNT, randomIntegers(seed)),
          ...(kind === "weights over decades" && { weights: heavy }),
        },
        seed,
      );
      for (let n = 0; n < 3; n++) {
        const size = 10 ** -draw.uniform(2, 4);
        const change = Float64Array.from({ length: (features + 1) * CLASSES }, () => size * draw.normal());
        const { said, above } = await at(change);
        if (typeof said !== "number") continue;
        bounds++;
        expect(said).toBeGreaterThan(above);
      }
    }
    expect(bounds).toBeGreaterThan(10);
  });
});
