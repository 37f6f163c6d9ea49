/**
 * Checks that the tests of objectives can fail: each wrong kernel, made by one edit of the shader's text,
 * must exceed the error bound.
 */
import { afterAll, expect, test } from "vitest";
import type { Capacity } from "../../src/engine/webgpu/device/capacity.js";
import type { Edited } from "../../src/engine/webgpu/kernels/kernels.js";
import type { Rows } from "../../src/core/rows.js";
import { range } from "../../src/core/random.js";
import { gamma, ratio } from "../../src/parity/step.js";
import { LOOKS, type Look, type Looks, lookAround, objectiveOf } from "../conformance/objectives.js";
import { offset, randomRows, randomWeights } from "../conformance/problems.js";
import { edited } from "./edited-shader.js";
import {
  WRONG_CERTAIN,
  WRONG_HITS,
  WRONG_LANES,
  WRONG_OBJECTIVES,
  WRONG_OFFSETS,
  WRONG_PRODUCTS,
  WRONG_SPLIT_OBJECTIVES,
  WRONG_SUMS,
} from "./wrong-shaders.js";
import { withObjective } from "../unit/engine/webgpu/with-objective.js";
import { webgpuEngine } from "../support/engines.js";

interface Case {
  readonly classes: number;
  readonly rows: Rows;
  readonly capacity: Partial<Capacity>;
  readonly named: string;
}

// This many features make exponentials overflow. The case has three blocks, the last of which fills no
// workgroup, and four slots.
const CASE: Case = {
  classes: 10,
  rows: randomRows({ count: 605, features: 350, classes: 10 }, "f32", 171),
  capacity: { blockRows: 256 },
  named: "tiled 4x1",
};
const OFFSET: Case = { ...CASE, rows: offset(CASE.rows, 10, 173), named: "tiled 4x1" };
const SPLIT: Case = { ...CASE, named: "split 4x1" };
const LANES: Case = {
  classes: 137,
  rows: randomRows({ count: 92, features: 302, classes: 137 }, "f32", 171),
  capacity: { slow: false, blockRows: 50 },
  named: "tiled 4x1",
};

async function looked(
  { classes, rows, capacity, named }: Case,
  kernels: Edited,
  looks: readonly Look[] = LOOKS,
  intercept = true,
): Promise<Looks> {
  const engine = await webgpuEngine({ capacity, edited: kernels });
  const problem = { ...objectiveOf(rows, classes, intercept), kernels: named };
  const found = await lookAround(engine, rows, problem, 172, looks);
  engine.close();
  return found;
}

const table: string[] = [];
const show = (what: string, found: Looks, looks: readonly Look[] = LOOKS) => {
  const rhos = looks.map((look) => `${look} ${found[look].toPrecision(2)}`);
  table.push(`${what.padEnd(62)} ${rhos.join("  ")}`);
};
afterAll(() => console.log(`ρ = error / bound\n${table.join("\n")}`));

test.each([CASE, SPLIT, LANES, OFFSET])(
  "the right kernels stay within the bounds: $named, $classes classes",
  async (one) => {
    const looks = await looked(one, {});
    show(`right, ${one.named}, ${one.classes} classes`, looks);
    for (const look of LOOKS) expect(looks[look], look).toBeLessThan(0.5);
  },
);

test.each(WRONG_OBJECTIVES)("$kernel is caught when $what", async (wrong) => {
  const { what, kernel, look, intercept } = wrong;
  const looks = await looked(CASE, edited(wrong), [look], intercept);
  show(`${kernel}: ${what}`, looks, [look]);
  expect(looks[look]).toBeGreaterThan(1);
});

test.each(WRONG_OFFSETS)("$kernel is caught when $what", async (wrong) => {
  const { what, kernel, look } = wrong;
  const looks = await looked(OFFSET, edited(wrong), [look]);
  show(`${kernel}: ${what}`, looks, [look]);
  expect(looks[look]).toBeGreaterThan(1);
});

test.each(WRONG_SPLIT_OBJECTIVES)("$kernel is caught when $what", async (wrong) => {
  const { what, kernel, look } = wrong;
  const looks = await looked(SPLIT, edited(wrong), [look]);
  show(`${kernel}: ${what}`, looks, [look]);
  expect(looks[look]).toBeGreaterThan(1);
});

test.each(WRONG_LANES)("$kernel, shared, is caught when $what", async (wrong) => {
  const { what, kernel, look } = wrong;
  const looks = await looked(LANES, edited(wrong), [look]);
  show(`${kernel}, shared: ${what}`, looks, [look]);
  expect(looks[look]).toBeGreaterThan(1);
});

const SUMMED = { count: 4, features: 40, classes: 5 };
/** One page for all vectors, or one for each two. */
const PAGES = [{}, { bindingBytes: 4096 }];
/** More terms and pairs than a dispatch takes. */
const MANY = 251;

/**
 * Combines many vectors, one of them twice, into that one. A factor is 0, and its vector is not finite.
 * Returns the largest error ÷ bound, over one page and several.
 */
async function summed(kernels: Edited): Promise<number> {
  const rows = randomRows(SUMMED, "f32", 181);
  const factors = Array.from({ length: MANY }, (_, n) => [1, -2, 0.5, 3, -0.75, 2][n % 6] + n / 64);
  const values = factors.map((_, n) => randomWeights(SUMMED, 182 + n));
  const unused = [0, randomWeights(SUMMED, 181).fill(Infinity)] as const;
  const foundIn = (capacity: Partial<Capacity>) =>
    withObjective({ edited: kernels, capacity }, rows, objectiveOf(rows, 5), ({ space }) => {
      const vectors = values.map((one) => space.vector(one));
      const terms = vectors.map((vector, n) => [factors[n], vector] as const);
      space.combine(vectors[3], [...terms, [2, vectors[3]], [unused[0], space.vector(unused[1])]]);
      return space.read(vectors[3]);
    });
  const sumOf = (i: number, one: (value: number) => number) =>
    values.reduce((sum, value, n) => sum + one((factors[n] + (n === 3 ? 2 : 0)) * value[i]), 0);
  const ratios = PAGES.map(async (capacity) => {
    const found = await foundIn(capacity);
    const exact = Float64Array.from(found, (_, i) => sumOf(i, (value) => value));
    return ratio(found, exact, (i) => gamma(MANY + 1) * sumOf(i, Math.abs));
  });
  return Math.max(...(await Promise.all(ratios)));
}

test("a sum of many vectors is within its bound", async () => {
  expect(await summed({})).toBeLessThan(1);
});

test.each(WRONG_SUMS)("and is not when $what", async (wrong) => {
  expect(await summed(edited(wrong))).toBeGreaterThan(1);
});

/** Products of many pairs of vectors. Returns the largest error ÷ bound, over one page and several. */
async function multiplied(kernels: Edited): Promise<number> {
  const rows = randomRows(SUMMED, "f32", 181);
  const values = Array.from({ length: 16 }, (_, n) => randomWeights(SUMMED, 482 + n));
  const pairs = Array.from({ length: MANY }, (_, n) => [n % 16, (n + Math.trunc(n / 16)) % 16] as const);
  const ratios = PAGES.map(async (capacity) => {
    const found = await withObjective(
      { edited: kernels, capacity },
      rows,
      objectiveOf(rows, 5),
      ({ space }) => {
        const vectors = values.map((one) => space.vector(one));
        return space.products(pairs.map(([a, b]) => [vectors[a], vectors[b]]));
      },
    );
    const sumOf = (n: number, one: (value: number) => number) => {
      const [a, b] = pairs[n].map((side) => values[side]);
      return a.reduce((sum, value, i) => sum + one(value * b[i]), 0);
    };
    const sums = Float64Array.from(found, ({ sum }) => sum);
    const exact = sums.map((_, n) => sumOf(n, (value) => value));
    return ratio(sums, exact, (n) => gamma(values[0].length) * sumOf(n, Math.abs));
  });
  return Math.max(...(await Promise.all(ratios)));
}

test("products of many pairs are within their bounds", async () => {
  expect(await multiplied({})).toBeLessThan(1);
});

test.each(WRONG_PRODUCTS)("and are not when $what", async (wrong) => {
  expect(await multiplied(edited(wrong))).toBeGreaterThan(1);
});

/**
 * Hits of all rows at zero weights, where all logits are equal, and their expected number: the rows of the
 * first class.
 */
async function hitsOfEquals(kernels: Edited): Promise<[found: readonly number[], expected: number]> {
  const shape = { count: 70, features: 3, classes: 11 };
  const rows = randomRows(shape, "f32", 191);
  const problem = { ...objectiveOf(rows, 11), rows: range(70) };
  const weightOf = (row: number) => rows.weights?.[row] ?? 1;
  const expected = range(70).reduce((sum, row) => sum + (rows.labels[row] === 0 ? weightOf(row) : 0), 0);
  const sums = await withObjective({ edited: kernels }, rows, problem, (objective) => {
    const { space } = objective;
    const [w, g] = [space.vector(), space.vector()];
    return Promise.all([
      objective.linearize(w, g),
      objective.step(1, w, g),
      objective.evaluate(w, problem.rows),
    ]);
  });
  return [sums.map(({ hits }) => hits), expected];
}

test("the first of equal logits is the largest", async () => {
  const [found, expected] = await hitsOfEquals({});
  expect(found).toEqual([expected, expected, expected]);
});

test.each(WRONG_HITS)("and is not when $what", async (wrong) => {
  const [found, expected] = await hitsOfEquals(edited(wrong));
  for (const hits of found) expect(hits).not.toBe(expected);
});

/**
 * One row whose logits are 6 for its label and −6 for two more classes: 1 − s is about 10⁻⁵, a hundred times
 * U. Everything computed from it must be within the accuracy of an exponential (3 + 2·12 ulp) and a few
 * roundings. Returns the largest error ÷ bound.
 */
async function certain(kernels: Edited): Promise<number> {
  const [labels, weights] = [Uint32Array.of(1), Float32Array.of(1)];
  const rows: Rows = { count: 1, features: 1, x: Float32Array.of(1), scale: 1, labels, weights };
  const problem = { classes: 3, intercept: false, scale: 1, penalties: Float64Array.of(0), rows: range(1) };
  const others = 2 * Math.exp(-12);
  const p = 1 / (1 + others);
  const found = await withObjective({ edited: kernels }, rows, problem, async (objective) => {
    const { space } = objective;
    const at = space.vector(Float32Array.of(-6, 6, -6, 0, 0, 0));
    const along = space.vector(Float32Array.of(0, 1, 0, 0, 0, 0));
    const [g, h] = [space.vector(), space.vector()];
    const asked = [objective.linearize(at, g), objective.evaluate(at, range(1))];
    objective.setDirection(along);
    objective.curvature(along, h);
    const [[looked, evaluated], [trial], gradient, curved] = await Promise.all([
      Promise.all(asked),
      objective.evaluateAlong([0]),
      space.read(g),
      space.read(h),
    ]);
    const { loss, slope, curvature } = trial;
    return [
      looked.loss,
      evaluated.loss,
      loss,
      slope,
      curvature,
      gradient[1],
      gradient[2],
      curved[1],
      curved[0],
    ];
  });
  const loss = Math.log1p(others);
  const diagonal = p * others * p;
  const r = others * p;
  const exact = Float64Array.of(loss, loss, loss, -r, diagonal, -r, r / 2, diagonal, -diagonal / 2);
  return ratio(found, exact, (i) => gamma(40) * Math.abs(exact[i]));
}

test("what is left of a row that is all but certain is right", async () => {
  expect(await certain({})).toBeLessThan(1);
});

test.each(WRONG_CERTAIN)("and is not when $what in $kernel", async (wrong) => {
  expect(await certain(edited(wrong))).toBeGreaterThan(1);
});
