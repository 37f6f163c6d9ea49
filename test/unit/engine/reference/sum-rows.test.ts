/** Checks that sums of the reference engine follow the plan bit for bit, with blocks of 16 rows. */
import { expect, test } from "vitest";
import { range } from "../../../../src/core/random.js";
import { SumTree, planBlockRows } from "../../../../src/core/sum-plan.js";
import { placeRows } from "../../../../src/engine/reference/engine.js";
import { RULES, randomRows, randomWeights } from "../../../conformance/problems.js";

const BLOCK = 16;
const shape = { count: 173, features: 5, classes: 3 };
const rows = randomRows(shape, "f32", 31);
const w = randomWeights(shape, 32);
const v = randomWeights(shape, 33);

/** Numbers that are sums over rows. */
type Numbers = readonly number[];

/** All that an objective sums over the given rows, without penalty and unscaled. */
async function objectiveSums(some: Uint32Array, blockRows = planBlockRows(rows)): Promise<Numbers> {
  const { classes, features } = shape;
  const penalties = new Float64Array(features);
  const objective = await placeRows(rows, { blockRows }).objective({
    classes,
    intercept: true,
    scale: 1,
    penalties,
    rows: some,
  });
  const { space } = objective;
  const [at, along, to, curved, stepped] = [w, v]
    .map((values) => space.vector(values))
    .concat(Array.from({ length: 3 }, () => space.vector()));
  const sums = await objective.linearize(at, to);
  objective.curvature(along, curved);
  objective.setDirection(along);
  const trials = await objective.evaluateAlong([0.5, 2]);
  const moved = await objective.step(0.5, at, stepped);
  const evaluated = await objective.evaluate(along, some);
  const vectors = await Promise.all([to, curved, stepped].map((vector) => space.read(vector)));
  return [
    ...[sums, moved, evaluated].flatMap(({ loss, hits, weight }) => [loss, hits, weight]),
    ...trials.flatMap(({ loss, slope, curvature }) => [loss, slope, curvature]),
    ...vectors.flatMap((vector) => [...vector]),
  ];
}

/** All that a step of a descent and its evaluation sum over the given rows. */
async function descentSums(some: Uint32Array, blockRows = planBlockRows(rows)): Promise<Numbers> {
  const { classes } = shape;
  const problem = { classes, batchSize: some.length, intercept: true, rule: RULES["adam"] };
  const descent = await placeRows(rows, { blockRows }).descent(problem, w);
  const step = { first: 0, rows: some.length, learningRate: 1e-3, gradientScale: 1, penalty: 0 };
  const found: number[] = [];
  const evaluated = await descent.evaluate(some);
  for await (const { sums, passes } of descent.run([{ order: some, steps: [{ ...step, capture: true }] }])) {
    for (const { loss, hits, weight } of [evaluated, sums]) found.push(loss, hits, weight);
    found.push(...(passes?.gradient ?? []));
  }
  return found;
}

const order = range(shape.count).toReversed();

test.each([
  { what: "an objective's", sumOver: objectiveSums },
  { what: "a descent's", sumOver: descentSums },
])("$what sums of aligned groups of blocks give those of all rows", async ({ sumOver }) => {
  const all = await sumOver(order, BLOCK);
  expect(all.length).toBeGreaterThan(20);
  /** Adds the sums of groups of so many rows by the tree. */
  const grouped = async (groupRows: number) => {
    const tree = new SumTree<Numbers>((left, right) => left.map((one, i) => one + right[i]));
    for (let first = 0; first < order.length; first += groupRows) {
      tree.push(await sumOver(order.subarray(first, first + groupRows), BLOCK));
    }
    return tree.total([]);
  };
  for (const blocks of [1, 2, 4, 8]) expect(await grouped(blocks * BLOCK)).toEqual(all);
  expect(await grouped(3 * BLOCK)).not.toEqual(all); // not aligned
  expect(await sumOver(order)).not.toEqual(all); // one block
});

test("the chain of a step's gradient is that of the plan", async () => {
  const problem = { classes: shape.classes, batchSize: shape.count, intercept: true, rule: RULES["sgd"] };
  const descent = await placeRows(rows, { blockRows: BLOCK }).descent(problem, w);
  const step = { first: 0, rows: shape.count, learningRate: 1, gradientScale: 1, penalty: 0, capture: true };
  for await (const { passes } of descent.run([{ order, steps: [step] }]))
    expect(passes?.chain).toBe(BLOCK + 4);
});
