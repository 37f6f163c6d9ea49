/** Checks what the kernels assume about how a problem is divided. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DescentProblem } from "../../../../src/engine/descent.js";
import type { FlatFeatures, Rows } from "../../../../src/core/rows.js";
import { planBlockRows } from "../../../../src/core/sum-plan.js";
import { type Layout, layoutOf, rowLayout } from "../../../../src/engine/wasm/layout.js";

const MiB = 2 ** 20;

function cut(features: number, classes: number, batchSize: number, kind?: Layout["kind"]): Layout {
  const nothing = { x: new Uint8Array(), labels: new Uint32Array() };
  const rows: Rows = { ...nothing, count: 0, features, scale: 1 };
  const problem: DescentProblem = {
    classes,
    batchSize,
    intercept: true,
    rule: { kind: "sgd", momentum: 0, nesterov: false },
  };
  return layoutOf(rows, problem, kind);
}

/** Small sizes, and sizes as large as memory allows. */
const size = (most: number) => fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: most }));
const shape = fc.record({ features: size(100_000), classes: size(1_000_000), batchSize: size(4_000_000) });

test("a row has room for its features and the one, in eights, but no power of two", () => {
  fc.assert(
    fc.property(size(100_000), (features) => {
      const { stride } = rowLayout(features, new Float32Array());
      expect(stride % 8).toBe(0);
      expect(stride).toBeGreaterThan(features);
      expect(stride).toBeLessThanOrEqual(features + 16);
      expect(stride % 128).not.toBe(0);
    }),
  );
});

const VALUES: readonly { readonly x: FlatFeatures; readonly valueBytes: number }[] = [
  { x: new Uint8Array(), valueBytes: 1 },
  ...("Float16Array" in globalThis ? [{ x: new Float16Array(), valueBytes: 2 }] : []),
  { x: new Float32Array(), valueBytes: 4 },
  { x: new Float64Array(), valueBytes: 4 },
];
test.each(VALUES)("values of $x.constructor.name take $valueBytes bytes", ({ x, valueBytes }) => {
  const layout = rowLayout(21, x);
  expect(layout).toEqual({ stride: layout.stride, valueBytes, rowBytes: layout.stride * valueBytes });
});

/** Bytes of a pack: each row's label, its weight, and its features as floats. */
const packBytes = (rows: number, stride: number) => rows * (8 + 4 * stride);

/** Nodes of the tree that wait while `count` sums are added one after another, as the kernels number them. */
function waiting(count: number): number {
  let levels = 0;
  for (let n = 0; n + 1 < count; n++) levels = Math.max(levels, 1 + Math.log2(~n & (n + 1)));
  return levels;
}

test("fused: groups of ranges cover the batch, and their partial sums and the nodes that wait have room", () => {
  fc.assert(
    fc.property(shape, ({ features, classes, batchSize }) => {
      const layout = cut(features, classes, batchSize, "fused");
      if (layout.kind !== "fused") throw new Error("it is tiled");
      const { rangeRows, groupRanges, partials, levels, packRows, paddedClasses, scratchBytes } = layout;
      const { stride } = rowLayout(features, new Uint8Array());
      expect([rangeRows % 4, packRows % 4, paddedClasses % 2]).toEqual([0, 0, 0]);
      expect([Math.log2(rangeRows) % 1, Math.log2(groupRanges) % 1]).toEqual([0, 0]);
      const ranges = Math.ceil(batchSize / rangeRows);
      expect(partials).toBe(Math.min(ranges, groupRanges));
      expect(levels).toBe(waiting(Math.ceil(ranges / groupRanges)));
      expect(layout.sums).toBe(groupRanges);
      expect(layout.sumLevels).toBe(levels);
      expect(paddedClasses - classes).toBeOneOf([0, 1]);
      const logits = 4 * packRows * paddedClasses;
      expect(scratchBytes).toBeGreaterThanOrEqual(logits + packBytes(packRows, stride));
      expect(layout.chain).toBe(Math.min(rangeRows, batchSize) + Math.ceil(Math.log2(ranges)));
    }),
  );
});

test("tiled: chunks divide ranges, and their logits are 128 MiB or four rows at most", () => {
  fc.assert(
    fc.property(shape, ({ features, classes, batchSize }) => {
      const layout = cut(features, classes, batchSize, "tiled");
      if (layout.kind !== "tiled") throw new Error("it is fused");
      const { rangeRows, levels, chunkRows, paddedClasses, sums, sumLevels, chain } = layout;
      const { stride } = rowLayout(features, new Uint8Array());
      expect([chunkRows % 4, rangeRows % chunkRows, paddedClasses % 2]).toEqual([0, 0, 0]);
      expect(Math.log2(chunkRows) % 1).toBe(0);
      expect(chunkRows).toBeLessThan(Math.max(17, 2 * batchSize));
      expect(paddedClasses - classes).toBeOneOf([0, 1]);
      expect(chunkRows === 4 || 4 * paddedClasses * chunkRows <= 128 * MiB).toBe(true);
      expect(16 * sums).toBeGreaterThanOrEqual(chunkRows);
      expect(layout.packBytes).toBeGreaterThanOrEqual(packBytes(chunkRows, stride));
      expect(layout.tileBytes).toBeGreaterThanOrEqual(4 * chunkRows * stride);
      const ranges = Math.ceil(batchSize / rangeRows);
      expect(levels).toBe(waiting(ranges));
      expect(sumLevels).toBe(waiting(Math.ceil(batchSize / chunkRows)));
      expect(chain).toBe(Math.min(rangeRows, batchSize) + Math.ceil(Math.log2(ranges)));
    }),
  );
});

describe.each(["fused", "tiled"] as const)("the order of sums of %s kernels", (kind) => {
  /** The rows that decide the order: those of a range, and those of each partial sum of the losses. */
  const order = ({ features, classes }: { features: number; classes: number }, batchSize: number) => {
    const layout = cut(features, classes, batchSize, kind);
    const { rangeRows } = layout;
    return [rangeRows, layout.kind === "tiled" ? Math.min(16, layout.chunkRows) : rangeRows];
  };

  test("does not depend on the batch size", () => {
    fc.assert(
      fc.property(shape, size(4_000_000), ({ batchSize, ...of }, other) => {
        expect(order(of, other)).toEqual(order(of, batchSize));
      }),
    );
  });

  test("adds blocks of the plan as nodes of the tree", () => {
    fc.assert(
      fc.property(shape, ({ features, classes, batchSize }) => {
        const blockRows = planBlockRows({ features, x: new Uint8Array() });
        expect(blockRows % cut(features, classes, batchSize, kind).rangeRows).toBe(0);
      }),
    );
  });
});

describe("which kernels", () => {
  test.each([
    { features: 784, classes: 10, kind: "fused" },
    { features: 8, classes: 64, kind: "fused" },
    { features: 8, classes: 65, kind: "tiled" },
    { features: 900, classes: 64, kind: "fused" },
    { features: 1100, classes: 64, kind: "tiled" },
  ])("$kind for $features features × $classes classes", ({ features, classes, kind }) => {
    expect(cut(features, classes, 100).kind).toBe(kind);
  });

  test("those that are asked for, whatever the problem", () => {
    fc.assert(
      fc.property(shape, fc.constantFrom("fused", "tiled"), ({ features, classes, batchSize }, kind) => {
        expect(cut(features, classes, batchSize, kind).kind).toBe(kind);
      }),
    );
  });
});
