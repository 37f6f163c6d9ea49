/** Checks the rows of blocks, and that the tree adds in the one order that its definition allows. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { SumTree, chainLength, countLevels, planBlockRows } from "../../../src/core/sum-plan.js";

const MiB = 2 ** 20;

test.each([
  { features: 784, x: new Uint8Array(), rows: 2 ** 14 },
  { features: 768, x: new Float32Array(), rows: 2 ** 12 },
  { features: 768, x: new Float64Array(), rows: 2 ** 12 },
  { features: 4, x: new Float32Array(), rows: 2 ** 20 },
  { features: 1024, x: new Uint8Array(), rows: 2 ** 14 },
  { features: 1025, x: new Uint8Array(), rows: 2 ** 13 },
  { features: 1e6, x: new Float32Array(), rows: 16 },
  ...("Float16Array" in globalThis ? [{ features: 768, x: new Float16Array(), rows: 2 ** 13 }] : []),
])("a block of $features features of $x.constructor.name has $rows rows", ({ rows, ...of }) => {
  expect(planBlockRows(of)).toBe(rows);
});

test("a block is the largest power of two of rows that fits, or 16", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2e6 }), (features) => {
      const rows = planBlockRows({ features, x: new Float32Array() });
      expect(Number.isInteger(Math.log2(rows))).toBe(true);
      expect(rows === 16 || 4 * features * rows <= 16 * MiB).toBe(true);
      expect(2 * rows * 4 * features).toBeGreaterThan(16 * MiB);
    }),
  );
});

/** The definition, level by level: each node is its expression, in brackets. */
function treeOf(sums: readonly string[]): string {
  if (sums.length === 1) return sums[0];
  const pairs = Array.from({ length: Math.ceil(sums.length / 2) }, (_, n) => sums.slice(2 * n, 2 * n + 2));
  return treeOf(pairs.map((pair) => (pair.length === 2 ? `(${pair.join("+")})` : pair[0])));
}

function added(sums: readonly string[]): string {
  const tree = new SumTree<string>((left, right) => `(${left}+${right})`);
  for (const sum of sums) tree.push(sum);
  return tree.total("nothing");
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => String(n));

test("sums are added as the definition has it", () => {
  for (let count = 1; count <= 130; count++) expect(added(numbers(count))).toBe(treeOf(numbers(count)));
});

test.each([
  { count: 0, sum: "nothing" },
  { count: 1, sum: "0" },
  { count: 3, sum: "((0+1)+2)" },
  { count: 7, sum: "(((0+1)+(2+3))+((4+5)+6))" },
])("of $count sums it is $sum", ({ count, sum }) => {
  expect(added(numbers(count))).toBe(sum);
});

test("aligned groups of 2ˡ sums can be added elsewhere", () => {
  for (let count = 1; count <= 70; count++) {
    for (const size of [2, 4, 16, 64]) {
      const groups = Array.from({ length: Math.ceil(count / size) }, (_, n) =>
        added(numbers(count).slice(n * size, (n + 1) * size)),
      );
      expect(added(groups)).toBe(added(numbers(count)));
    }
  }
});

test("groups that are not aligned, or are added in another order, give another sum", () => {
  const groups = [numbers(8).slice(0, 3), numbers(8).slice(3)].map(added);
  expect(added(groups)).not.toBe(added(numbers(8)));
  expect(added(numbers(8).toReversed())).not.toBe(added(numbers(8)));
});

/** Additions that the deepest of a tree's sums goes through. */
function depth(count: number): number {
  const tree = new SumTree<number>((left, right) => 1 + Math.max(left, right));
  for (let n = 0; n < count; n++) tree.push(0);
  return tree.total(0);
}

test("the chain of additions is a leaf's rows and the levels of the tree", () => {
  for (let count = 1; count <= 300; count++) expect(countLevels(count)).toBe(depth(count));
  expect(chainLength(100, 256)).toBe(100);
  expect(chainLength(256, 256)).toBe(256);
  expect(chainLength(257, 256)).toBe(257);
  expect(chainLength(1e6, 256)).toBe(256 + 12);
});
