/** Compares the statistics of a model's coefficients with SciPy's, and tests where they are refused. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DataError, OptionError, train } from "../../../../src/index.js";
import { randomIntegers } from "../../../../src/core/random.js";
import { factorise, quadratic, solve } from "../../../../src/math/cholesky.js";
import { twoSided } from "../../../../src/math/normal.js";
import { distance } from "../../../support/arrays.js";
import { clouds } from "../../../support/examples.js";
import { modelOf } from "../../../support/models.js";
import { rejectedBy } from "../../../support/untyped.js";

interface Case {
  readonly name: string;
  readonly l2: number;
  readonly intercept: boolean;
  readonly x: number[][];
  readonly y: number[];
  readonly weights: number[];
  /** The optimum, (features + 1, classes), or (features, classes) without an intercept. */
  readonly w: number[][];
  readonly coefficients: number[];
  readonly standardErrors: number[];
  readonly z: number[];
  readonly p: number[];
}

/** Results of SciPy, made by make_statistics.py. */
const FIXTURE: { readonly cases: Case[]; readonly twoSided: [number, number][] } = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "..", "..", "fixtures", "statistics.json"), "utf8"),
);

const caseOf = (name: string): Case => {
  const found = FIXTURE.cases.find((one) => one.name === name);
  if (!found) throw new RangeError(`There is no case ${name}.`);
  return found;
};

function fitted({ x, w }: Case) {
  const features = x[0].length;
  const bias = w[features] ?? w[0].map(() => 0);
  return modelOf<number>([...bias.keys()], w.slice(0, features), bias);
}

/** The largest |a/b − 1|. */
function relative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`${a.length} values against ${b.length}.`);
  return Math.max(...Array.from(a, (value, i) => Math.abs(value / b[i] - 1)));
}

describe("statistics", () => {
  test.each(FIXTURE.cases)("agree with SciPy's: $name", async (one) => {
    const { x, y, weights, l2, intercept } = one;
    const found = await fitted(one).statistics({ x, y, weights }, { l2, intercept });
    expect(found.baseline).toBe(0);
    expect(found.classes).toEqual([1, 2].slice(0, one.w[0].length - 1));
    expect(relative(found.coefficients, one.coefficients)).toBeLessThan(1e-12);
    expect(relative(found.standardErrors, one.standardErrors)).toBeLessThan(1e-8);
    expect(relative(found.z, one.z)).toBeLessThan(1e-8);
    expect(relative(found.p, one.p)).toBeLessThan(1e-6);
  });

  test("count a row of weight 2 as two rows", async () => {
    const one = caseOf("weighted, with a penalty");
    const rows = one.weights.flatMap((weight, row) => Array.from({ length: weight }, () => row));
    const repeated = { x: rows.map((row) => one.x[row]), y: rows.map((row) => one.y[row]) };
    const { standardErrors } = await fitted(one).statistics(repeated, { l2: one.l2 });
    expect(relative(standardErrors, one.standardErrors)).toBeLessThan(1e-8);
  });

  test("change with the units of the features as the coefficients do", async () => {
    const one = caseOf("two classes");
    const { x, y, weights } = one;
    const inSixteenths = { x: x.map((row) => row.map((value) => 16 * value)), y, weights };
    const [alcohol, ash, bias] = one.w;
    const w = [alcohol.map((weight) => weight / 16), ash.map((weight) => weight / 16), bias];
    const { standardErrors } = await fitted({ ...one, w }).statistics(inSixteenths);
    const [first, second, intercept] = one.standardErrors;
    expect(relative(standardErrors, [first / 16, second / 16, intercept])).toBeLessThan(1e-8);
  });

  test("take a column of ones for the intercept where there is none", async () => {
    const one = caseOf("two classes");
    const { x, y, weights } = one;
    const { standardErrors } = await fitted(one).statistics({ x, y, weights });
    const model = modelOf<number>([0, 1], one.w);
    const data = { x: x.map((row) => [...row, 1]), y };
    const ofOnes = await model.statistics(data, { intercept: false });
    expect(relative(ofOnes.standardErrors, standardErrors)).toBeLessThan(1e-10);
  });

  test("of bytes are those of the floats that they mean", async () => {
    const random = randomIntegers(5);
    const bytes = Uint8Array.from({ length: 2 * 300 }, () => random() % 256);
    const y = Array.from({ length: 300 }, (_, row) => (bytes[2 * row] + (random() % 300) > 255 ? 1 : 0));
    const data = { x: bytes, y, features: 2, scale: 1 / 64 };
    const model = await train(data, { engine: "reference", solver: "gd", epochs: 2000, l2: 0.1 });
    const x = Float64Array.from(bytes, (byte) => byte / 64);
    const ofBytes = await model.statistics({ x: bytes, y }, { l2: 0.1 });
    expect(await model.statistics({ x, y }, { l2: 0.1 })).toEqual(ofBytes);
  });

  test("hold over more rows than are computed at a time", async () => {
    const one = caseOf("three classes, no penalty, raw units");
    const times = 30;
    const many = Array.from({ length: times * one.x.length }, (_, row) => row % one.x.length);
    const { standardErrors } = await fitted(one).statistics({
      x: many.map((row) => one.x[row]),
      y: many.map((row) => one.y[row]),
    });
    expect(many.length).toBeGreaterThan(4096);
    expect(
      relative(
        standardErrors.map((error) => error * Math.sqrt(times)),
        one.standardErrors,
      ),
    ).toBeLessThan(1e-8);
  });
});

describe("statistics of weights that are no optimum", () => {
  const one = caseOf("weighted, with a penalty");

  test("are refused, as with another penalty than the training's", async () => {
    const { x, y, weights } = one;
    const error = await rejectedBy(fitted(one).statistics({ x, y, weights }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(
      /^The weights are not the optimum for these rows with l2 = 0: a Newton step moves a coefficient by \d\S* standard errors and a logit by \d\S*, where 0.1 is close enough/,
    );
  });

  test("are refused after a training with l1, whose zeros have no standard errors", async () => {
    const { x, y } = clouds(300, 3, 3, 0.8);
    const data = { x, y, features: 3 };
    const model = await train(data, { engine: "reference", l1: 0.05 });
    const error = await rejectedBy(model.statistics(data));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(/^The model was trained with l1 = 0\.05/);
  });

  test("are refused when a coefficient is off by some of its error, though the logits are not", async () => {
    const { x, y, l2, standardErrors, w } = one;
    const times = 200;
    const many = {
      x: Array.from({ length: times }, () => x).flat(),
      y: Array.from({ length: times }, () => y).flat(),
    };
    const weights = Array.from({ length: times }, () => one.weights).flat();
    const off = (share: number) => {
      const error = (share * standardErrors[0]) / Math.sqrt(times);
      return fitted({ ...one, w: [[w[0][0], w[0][1] + error, w[0][2]], ...w.slice(1)] });
    };
    await expect(off(0).statistics({ ...many, weights }, { l2 })).resolves.toBeDefined();
    await expect(off(0.5).statistics({ ...many, weights }, { l2 })).rejects.toThrow(
      "The weights are not the optimum",
    );
  });
});

describe("data that do not say what the coefficients are", () => {
  const { x, y } = clouds(120, 3, 3, 0.5);
  const model = modelOf<number>(
    [0, 1, 2],
    [
      [0, 1, 2],
      [0, 1, 2],
      [1, 2, 0],
    ],
  );
  const rows = y.map((_, row) => [...x.subarray(3 * row, 3 * row + 3)]);
  const changed = (change: (row: number[], n: number) => number[]) => ({ x: rows.map(change), y });

  test("are a DataError that names a constant column", async () => {
    const constant = changed(([a, b]) => [a, 7, b]);
    await expect(model.statistics(constant)).rejects.toBeInstanceOf(DataError);
    await expect(model.statistics(constant)).rejects.toThrow(
      "Feature 1 is 7 in all 120 rows: a constant column",
    );
    await expect(model.statistics(constant, { l2: 1 })).rejects.toThrow("Feature 1 is 7");
    const zero = changed(([a, b]) => [a, b, 0]);
    await expect(model.statistics(zero, { l2: 1, intercept: false })).rejects.toThrow("Feature 2 is 0");
    const outside = changed(([a, b], n) => [a, b, n < 20 ? 1 : 0]);
    const weights = y.map((_, n) => (n < 20 ? 0 : 1));
    await expect(model.statistics({ ...outside, weights })).rejects.toThrow("Feature 2 is 0 in all 100 rows");
  });

  test("are one that says which columns are collinear", async () => {
    const sum = changed(([a, b]) => [a, b, 3 * a - b]);
    await expect(model.statistics(sum)).rejects.toBeInstanceOf(DataError);
    await expect(model.statistics(sum)).rejects.toThrow(
      "collinear: feature 2 is a combination of those before it",
    );
    const oneHot = changed((_, n) => [0, 1, 2].map((digit) => (Math.floor(n / 5) % 3 === digit ? 1 : 0)));
    await expect(model.statistics(oneHot)).rejects.toThrow(
      "collinear: a combination of them is the same in all rows",
    );
    await expect(model.statistics({ x: rows.slice(0, 3), y: [0, 1, 2] })).rejects.toThrow(
      "There are 3 rows for 4 coefficients of a class",
    );
  });

  test("are one that names a class without rows", async () => {
    const without = { x: rows.slice(0, 100), y: y.slice(0, 100).map((label) => label % 2) };
    await expect(model.statistics(without)).rejects.toBeInstanceOf(DataError);
    await expect(model.statistics(without, { l2: 1 })).rejects.toThrow("Class 2 has none of the 100 rows");
    const weights = y.map((label) => (label === 1 ? 0 : 1));
    await expect(model.statistics({ x: rows, y, weights })).rejects.toThrow(
      "Class 1 has none of the 80 rows",
    );
  });

  test("are one that says that the classes are separable", async () => {
    const apart = clouds(120, 3, 3, 3);
    const sure = modelOf<number>(
      [0, 1, 2],
      [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
    );
    const error = await rejectedBy(sure.statistics(apart));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain("The classes are separable, as the model is right on all 120 rows");
    await expect(sure.statistics(apart, { l2: 0.1 })).rejects.toThrow("The weights are not the optimum");
  });

  test("are one where a single class can be told from the others, however far the training went", async () => {
    // Feature 0 is 1 for the first class and −1 for the others, which overlap.
    const partly = changed(([, b, c], n) => [y[n] === 0 ? 1 : -1, b, c]);
    const fit = await train(partly, { engine: "reference", solver: "gd", epochs: 2000, learningRate: 1 });
    const surer = (by: number) => {
      const weights = fit.weights.slice();
      weights[0] += by;
      return modelOf<number>(
        [0, 1, 2],
        [[...weights.subarray(0, 3)], [...weights.subarray(3, 6)], [...weights.subarray(6)]],
        [...fit.bias],
      );
    };
    await expect(surer(5).statistics(partly)).rejects.toThrow(
      /by 0\.0\d* standard errors and a logit by [1-9].* some classes are separable/,
    );
    await expect(surer(40).statistics(partly)).rejects.toThrow(
      "The classes are separable, as its probabilities are as good as 0 and 1",
    );
  });
});

describe("statistics refuse", () => {
  const model = modelOf<number>([0, 1], [[1, -1]], [0.5, -0.5]);
  const data = { x: [[1], [2], [3]], y: [0, 1, 0] };

  test("more coefficients than they can hold the Hessian of", async () => {
    const wide = modelOf<number>(
      Array.from({ length: 80 }, (_, k) => k),
      Array.from({ length: 50 }, () => Array.from({ length: 80 }, () => 0)),
    );
    const error = await rejectedBy(wide.statistics({ x: [Array.from({ length: 50 }, () => 1)], y: [3] }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain("of all 4080 coefficients, and are for at most 4000");
  });

  test("a penalty that is none, and no intercept where there is one", async () => {
    for (const l2 of [-1, Number.NaN, Infinity]) {
      const error = await rejectedBy(model.statistics(data, { l2 }));
      expect(error).toBeInstanceOf(OptionError);
      expect(error.message).toBe(`l2 is ${l2}, and must be a finite number ≥ 0.`);
    }
    await expect(model.statistics(data, { intercept: false })).rejects.toBeInstanceOf(OptionError);
    for (const options of [null, 1, [], new Map(), { C: 1 }, { l2: Symbol("l2") }, { intercept: "no" }]) {
      const asked = Reflect.apply(model.statistics, model, [data, options]);
      await expect(asked).rejects.toBeInstanceOf(OptionError);
    }
  });

  test("labels that are not among the classes, as evaluate does", async () => {
    await expect(model.statistics({ ...data, y: [0, 1, 2] })).rejects.toThrow(
      "y[2] is 2, which is not among the 2 classes",
    );
  });
});

test("the two-sided probability agrees with SciPy's, in the tails too", () => {
  for (const [z, p] of FIXTURE.twoSided) {
    expect(Math.abs(twoSided(z) / p - 1)).toBeLessThan(1e-12);
    expect(twoSided(-z)).toBe(twoSided(z));
  }
});

describe("Cholesky's factor", () => {
  // A = M·Mᵀ, (7, 7): more rows than are summed at a time.
  const size = 7;
  const m = Float64Array.from({ length: size * size }, (_, i) => Math.sin(i * i));
  const a = Float64Array.from({ length: size * size }, (_, i) => {
    const [row, column] = [Math.floor(i / size), i % size];
    return m.subarray(0, size).reduce((sum, _, n) => sum + m[row * size + n] * m[column * size + n], 0);
  });

  test("solves A·v = b, and gives vᵀ·A·v", () => {
    const v = Float64Array.from({ length: size }, (_, i) => i - 2.5);
    const b = v.map((_, row) => v.reduce((sum, value, column) => sum + a[row * size + column] * value, 0));
    expect(quadratic(a, size, v)).toBeCloseTo(
      v.reduce((sum, value, i) => sum + value * b[i], 0),
      10,
    );
    const factor = a.slice();
    expect(factorise(factor, size, 0)).toBe(-1);
    solve(factor, size, b);
    expect(distance(b, v)).toBeLessThan(1e-9);
  });

  test("names the first row that depends on those before it", () => {
    const dependent = a.slice();
    // Make row and column 4 twice those of 1.
    for (let i = 0; i < size; i++) dependent[4 * size + i] = 2 * dependent[1 * size + i];
    for (let i = 0; i < size; i++) dependent[i * size + 4] = 2 * dependent[i * size + 1];
    expect(factorise(dependent, size, 1e-10)).toBe(4);
    expect(factorise(Float64Array.of(Number.NaN), 1, 0)).toBe(0);
  });
});

describe("after a fit, statistics know how it was made", () => {
  const { x, y } = clouds(300, 3, 3, 0.8);
  const data = { x, y, features: 3 };
  const options = { engine: "reference", tolerance: 1e-8 } as const;

  test.each([
    {},
    { C: 0.5 },
    { l2: 0.01, labelSmoothing: 0.2 },
    { standardize: true, C: 0.1 },
    { classWeight: "balanced" },
    { classWeight: { 0: 3, 2: 0.5 }, intercept: false },
    { solver: "newton" },
  ] as const)("as with %o", async (own) => {
    const skewed = { ...data, y: y.map((label, row) => (row % 5 === 0 ? 0 : label)) };
    const model = await train(skewed, { ...options, ...own });
    const { z } = await model.statistics(skewed);
    expect(z).toHaveLength("intercept" in own ? 6 : 8);
    expect(z.every(Number.isFinite)).toBe(true);
  });

  test("those of a standardised fit are those of standardised features", async () => {
    const rows = y.length;
    const means = [0, 1, 2].map((d) => y.reduce((sum, _, row) => sum + x[3 * row + d], 0) / rows);
    const deviations = means.map((mean, d) =>
      Math.sqrt(y.reduce((sum, _, row) => sum + (x[3 * row + d] - mean) ** 2, 0) / rows),
    );
    const scaled = { ...data, x: Float64Array.from(x, (one, i) => (one - means[i % 3]) / deviations[i % 3]) };
    const exact = Float64Array.from(x);
    const model = await train({ ...data, x: exact }, { ...options, standardize: true, C: 0.01 });
    const other = await train(scaled, { ...options, C: 0.01 });
    const [found, wanted] = [await model.statistics({ ...data, x: exact }), await other.statistics(scaled)];
    expect(relative(found.z.subarray(0, 6), wanted.z.subarray(0, 6))).toBeLessThan(1e-4);
  });

  test("soft targets have statistics of their own optimum", async () => {
    const soft = Float64Array.from({ length: 3 * y.length }, (_, i) => {
      const own = y[Math.floor(i / 3)] === i % 3;
      return own ? 0.8 : 0.1;
    });
    const targets = { ...data, y: soft, classes: [0, 1, 2] };
    const model = await train(targets, { ...options, C: 1 });
    const { z } = await model.statistics(targets);
    expect(z.every(Number.isFinite)).toBe(true);
    const error = await rejectedBy(model.statistics(data));
    expect(error.message).toMatch(/^The weights are not the optimum for these rows/);
  });
});
