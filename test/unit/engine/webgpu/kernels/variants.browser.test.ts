/**
 * Checks that every way to divide a problem is within the bound, whatever the adapter, the features and the
 * kernels.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import { range } from "../../../../../src/core/random.js";
import type { Capacity } from "../../../../../src/engine/webgpu/device/capacity.js";
import { referenceEngine } from "../../../../../src/engine/reference/engine.js";
import { NO_PARITY, type Parity, mergeParity } from "../../../../../src/parity/stages.js";
import {
  KEPT_KINDS,
  type Kind,
  RULES,
  parityOfAll,
  plan,
  randomRows,
  randomWeights,
  runAll,
  softened,
} from "../../../../conformance/problems.js";
import { webgpuEngine } from "../../../../support/engines.js";
import { LONG } from "../../../../support/long.js";

const SHAPES = [
  { count: 131, features: 31, classes: 13, batchSize: 77 },
  { count: 90, features: 130, classes: 3, batchSize: 89 },
] as const;
/** More than one workgroup of threads that share slabs; no slab, workgroup or slot is full at its end. */
const WIDE = { count: 170, features: 129, classes: 137, batchSize: 167 };

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each([
  { kinds: ["steps"], slow: true, subgroups: false },
  { kinds: ["steps"], slow: false, subgroups: false },
  { kinds: ["fused"], slow: true, subgroups: false },
  { kinds: ["fused"], slow: true, subgroups: true },
  { kinds: ["fused"], slow: false, subgroups: false },
  { kinds: ["fused"], slow: false, subgroups: true },
  { kinds: ["split"], slow: false, subgroups: false },
  { kinds: ["split"], slow: false, subgroups: false, registers: 64 },
  { kinds: ["tiled"], slow: true, subgroups: false },
  { kinds: ["tiled"], slow: true, subgroups: true },
  { kinds: ["tiled"], slow: false, subgroups: false },
  { kinds: ["tiled"], slow: false, subgroups: true },
  { kinds: ["tiled"], slow: false, subgroups: false, registers: 64 },
] as const)("$kinds.0 kernels, slow: $slow, subgroups: $subgroups, registers: $registers", (capacity) => {
  // Only the reading of features depends on their type, on a slow adapter as on another.
  const { slow, subgroups } = capacity;
  const [way] = capacity.kinds;
  const typed = way === "steps" || (!slow && subgroups === (way === "fused"));

  test.each(LONG || typed ? KEPT_KINDS : (["f32"] as const))("on %s", async (kind) => {
    // Whole steps have a single block.
    const blockRows = way === "steps" ? Infinity : 64;
    const parity = await parityOn(SHAPES, kind, { ...capacity, blockRows });
    expect(parity.steps).toBe(4);
    expect(parity.rho).toBeLessThan(1);
  });
});

describe.each(["tiled 4x1 shared", "tiled 8x2 shared", "tiled 4x1 shared 8x8", "tiled 8x2 shared 8x8"])(
  "%s",
  (kernels) => {
    const capacity = { slow: false, blockRows: 148 };
    const typed = kernels === "tiled 4x1 shared";

    test.each(LONG || typed ? KEPT_KINDS : (["f32"] as const))("on %s", async (kind) => {
      const parity = await parityOn([WIDE], kind, capacity, kernels);
      expect(parity.steps).toBe(2);
      expect(parity.rho).toBeLessThan(1);
    });

    test("on rows in several bindings", async () => {
      const parity = await parityOn([WIDE], "f32", { ...capacity, bindingBytes: 80_000 }, kernels);
      expect(parity.rho).toBeLessThan(1);
    });
  },
);

test("split kernels evaluate what the reference does", async () => {
  const shape = { count: 131, features: 140, classes: 10 };
  const rows = randomRows(shape, "f32", 131);
  const problem = { classes: 10, batchSize: 131, intercept: true, rule: RULES["sgd"] };
  const start = randomWeights(shape, 132);
  const capacity = { kinds: ["split"], slow: false, blockRows: 64 } as const;
  const found = [];
  for (const engine of [await webgpuEngine({ capacity }), referenceEngine()]) {
    const placement = await engine.place(rows);
    const descent = await placement.descent(problem, start);
    found.push(await descent.evaluate(range(131)));
    engine.close();
  }
  const [sums, exact] = found;
  expect(sums.loss / exact.loss).toBeCloseTo(1, 5);
  expect([sums.hits, sums.weight]).toEqual([expect.closeTo(exact.hits, 3), expect.closeTo(exact.weight, 3)]);
});

/** The worst parity of all steps on all shapes. */
async function parityOn(
  shapes: readonly (typeof WIDE)[],
  kind: Kind,
  capacity: Partial<Capacity>,
  kernels = "table",
): Promise<Parity> {
  const engine = await webgpuEngine({ capacity });
  let parity = NO_PARITY;
  for (const shape of shapes) {
    const rows = { ...randomRows(shape, kind, 111), ...(kind === "bytes" && { scale: 0.02 }) };
    const { classes, batchSize } = shape;
    const problem = { classes, batchSize, intercept: true, rule: RULES["momentum"], kernels };
    const { results } = await runAll(engine, rows, problem, randomWeights(shape, 112));
    parity = mergeParity(parity, parityOfAll(results, rows, problem));
  }
  engine.close();
  return parity;
}

test("many classes in tiles that take several dispatches are one pass", async () => {
  const shape = { count: 40, features: 20, classes: 5000 };
  const rows = randomRows(shape, "f32", 121);
  const problem = { classes: 5000, batchSize: 40, intercept: true, rule: RULES["sgd"] };
  const start = randomWeights(shape, 122);
  const run = async (dispatchMacs?: number) => {
    const engine = await webgpuEngine({ capacity: { ...(dispatchMacs && { dispatchMacs }) } });
    const { results, weights } = await runAll(engine, rows, problem, start);
    engine.close();
    return { weights, parity: parityOfAll(results, rows, problem) };
  };
  const [whole, cut] = [await run(), await run(1e6)];
  expect(cut.weights).toEqual(whole.weights);
  expect(cut.parity.rho).toBeLessThan(1);
});

test("targets of so many classes that threads share a row are within the bound", async () => {
  const shape = { count: 40, features: 20, classes: 5000 };
  const rows = softened(randomRows(shape, "f32", 121), 5000, 123);
  const problem = { classes: 5000, batchSize: 40, intercept: true, rule: RULES["sgd"], smoothing: 0.1 };
  const engine = await webgpuEngine({ capacity: { slow: false } });
  const { results } = await runAll(engine, rows, problem, randomWeights(shape, 122));
  engine.close();
  expect(parityOfAll(results, rows, problem).rho).toBeLessThan(1);
});

test("many small steps are the same, bit for bit, whether they are run at once or in two halves", async () => {
  const shape = { count: 150, features: 4, classes: 3 };
  const rows = randomRows(shape, "f32", 131);
  const problem = { classes: 3, batchSize: 50, intercept: true, rule: RULES["adam"] };
  const { order, steps: epoch } = plan(rows, 50, false);
  const steps = Array.from({ length: 100 }, () => epoch).flat();
  const engine = await webgpuEngine();
  const placement = await engine.place(rows);
  const run = async (...parts: (typeof steps)[]) => {
    const descent = await placement.descent(problem, randomWeights(shape, 132));
    const sums = [];
    for (const part of parts)
      for await (const result of descent.run([{ order, steps: part }])) sums.push(result.sums);
    const weights = await descent.weights();
    descent.release();
    return { weights, sums };
  };
  const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, "dispatchWorkgroups");
  const whole = await run(steps);
  expect(whole.sums).toHaveLength(300);
  expect(dispatch.mock.calls.length).toBeLessThan(300); // separate steps need at least one each
  const halves = await run(steps.slice(0, 150), steps.slice(150));
  expect(halves).toEqual(whole);
  placement.release();
  engine.close();
});
