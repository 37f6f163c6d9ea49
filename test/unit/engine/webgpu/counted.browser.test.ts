/**
 * Checks that the loads, stores and multiply-adds of real dispatches are exactly those of the formulas in
 * traffic.ts. Unrolling a loop changes none of them, so most stay loops, which compile faster.
 */
import { describe, expect, test } from "vitest";
import type { DescentProblem } from "../../../../src/engine/descent.js";
import type { Rows } from "../../../../src/core/rows.js";
import type { Edited, KernelName } from "../../../../src/engine/webgpu/kernels/kernels.js";
import { type Capacity, capacityWithin } from "../../../../src/engine/webgpu/device/capacity.js";
import { stepChoiceNamed } from "../../../../src/engine/webgpu/kernels/choice.js";
import { isWhole } from "../../../../src/engine/webgpu/kernels/tiling.js";
import { shapeOf } from "../../../../src/engine/webgpu/kernels/cut.js";
import { cutSteps } from "../../../../src/engine/webgpu/kernels/cut-steps.js";
import { type Counts, traffic } from "../../../../bench/studies/traffic.js";
import {
  KEPT_KINDS,
  type Kind,
  RULES,
  plan,
  randomRows,
  randomWeights,
  runAll,
  softened,
} from "../../../conformance/problems.js";
import { RIGHT, edited } from "../../../mutation/edited-shader.js";
import { WASTEFUL } from "../../../mutation/wrong-shaders.js";
import { countingDevice } from "./counted.js";
import { webgpuEngine } from "../../../support/engines.js";
import { LONG } from "../../../support/long.js";

type ByKernel = Partial<Record<KernelName, Counts>>;

const FUSED = { count: 131, features: 31, classes: 5, batchSize: 77 };
/** More than one workgroup of threads that share slabs; no slab, workgroup or slot is full at its end. */
const SHARED = { count: 211, features: 70, classes: 131, batchSize: 211 };
const WIDE = { count: 90, features: 45, classes: 29, batchSize: 83 };
/** The same, where the ones would be alone in a vector. */
const BIAS = { ...SHARED, features: 64 };
/** Tiles of 24 classes on a software adapter, the last of them not full. */
const LARGE = { count: 61, features: 21, classes: 131, batchSize: 50 };
const TINY = { count: 37, features: 4, classes: 3, batchSize: 16 };
const HELD: Capacity = {
  ...capacityWithin({ bindingBytes: 2 ** 27, slow: true, storageBuffers: 10, subgroups: false }),
  blockRows: 64,
};

/** The counts of one pass over the rows, and what the formulas say. */
async function both(
  shape: typeof FUSED,
  kind: Kind,
  capacity: Capacity,
  {
    rule = "sgd",
    edited = RIGHT,
    kernels = "table",
    smoothing = 0,
    soft = false,
    subgroup = 1,
  }: {
    rule?: string;
    edited?: Edited;
    kernels?: string;
    smoothing?: number;
    soft?: boolean;
    subgroup?: number;
  } = {},
): Promise<{ counted: ByKernel; formula: ByKernel }> {
  const { classes, batchSize } = shape;
  const labelled = randomRows(shape, kind, 141);
  const rows = soft ? softened(labelled, classes, 143) : labelled;
  const intercept = rule !== "nesterov";
  const problem = { classes, batchSize, intercept, rule: RULES[rule], kernels, smoothing };
  const { device, counts } = await countingDevice(subgroup > 1);
  try {
    const engine = await webgpuEngine({ device, capacity, edited });
    await runAll(engine, rows, problem, randomWeights(shape, 142), false);
    engine.close();
    return { counted: await counts(), formula: formulas(rows, problem, capacity, subgroup) };
  } finally {
    device.destroy();
  }
}

function formulas(rows: Rows, problem: DescentProblem, capacity: Capacity, subgroup: number): ByKernel {
  const { classes, batchSize, kernels = "table" } = problem;
  const shape = shapeOf(rows, classes, batchSize, capacity);
  const choice = kernels === "table" ? undefined : stepChoiceNamed(kernels, shape, capacity);
  const cut = cutSteps(rows, classes, batchSize, capacity, choice);
  const all: ByKernel = {};
  // All steps are in one dispatch, which loads and stores the weights once.
  if (isWhole(cut)) all.steps = { loads: 4 * cut.count, stores: 4 * cut.count, macs: 0 };
  for (const step of plan(rows, problem.batchSize).steps) {
    for (const { kernel, loads, stores, macs } of traffic(rows, problem, cut, step.rows, subgroup).passes) {
      const before = all[kernel] ?? { loads: 0, stores: 0, macs: 0 };
      all[kernel] = {
        loads: before.loads + loads,
        stores: before.stores + stores,
        macs: before.macs + macs,
      };
    }
  }
  return all;
}

describe.each(KEPT_KINDS)("on %s", (kind) => {
  const all = [false, true].flatMap((slow) => [false, true].map((subgroups) => ({ slow, subgroups })));
  // The type decides the words of X that are loaded, on a slow adapter as on another.
  const ways = all.filter(({ slow }) => LONG || kind === "f32" || !slow);

  test.each(ways)("fused, slow: $slow, subgroups: $subgroups", async (way) => {
    const { counted, formula } = await both(
      FUSED,
      kind,
      { ...HELD, ...way, kinds: ["fused"] },
      { rule: "adam" },
    );
    expect(Object.keys(counted)).toEqual(["fused", "block-sum", "update"]);
    expect(counted).toEqual(formula);
  });

  test.each(ways)("tiled, slow: $slow, subgroups: $subgroups", async (way) => {
    const { counted, formula } = await both(
      WIDE,
      kind,
      { ...HELD, ...way, kinds: ["tiled"] },
      { rule: "nesterov" },
    );
    expect(Object.keys(counted)).toEqual(["logits", "residual", "gradient", "block-sum", "update"]);
    expect(counted).toEqual(formula);
  });

  test.each([
    ["tiled 4x1 shared", SHARED],
    ["tiled 8x2 shared", SHARED],
    ["tiled 4x1 shared", BIAS],
    ["tiled 8x2 shared 8x8", SHARED],
    ["tiled 4x1 shared 8x8", BIAS],
  ] as const)("%s, %o", async (kernels, shape) => {
    const { counted, formula } = await both(
      shape,
      kind,
      { ...HELD, slow: false, blockRows: 148 },
      { kernels },
    );
    expect(counted).toEqual(formula);
  });

  test("tiled, in large tiles", async () => {
    const { counted, formula } = await both(LARGE, kind, HELD);
    expect(counted).toEqual(formula);
  });

  test.each(["sgd", "nesterov", "adam"])("tiled, where the gradient takes a step of %s", async (rule) => {
    const capacity = { ...capacityWithin({ ...HELD, slow: false }), kinds: ["tiled" as const] };
    const { counted, formula } = await both(WIDE, kind, capacity, { rule, kernels: "tiled 4x1/128" });
    expect(counted).toEqual(formula);
  });

  test("tiled, where the gradient takes a step of the intercept by itself", async () => {
    const capacity = capacityWithin({ ...HELD, slow: false });
    const { counted, formula } = await both(BIAS, kind, capacity, { kernels: "tiled 8x2/256 shared" });
    expect(counted).toEqual(formula);
  });

  test("split", async () => {
    const { counted, formula } = await both(FUSED, kind, { ...HELD, slow: false, kinds: ["split"] });
    expect(Object.keys(counted)).toEqual(["split-logits", "split-gradient", "block-sum", "update"]);
    expect(counted).toEqual(formula);
  });

  test.each(["steps 1x2/4", "steps 2x1/2"])("whole steps, %s", async (kernels) => {
    const capacity = { ...HELD, kinds: ["steps"] as const };
    const { counted, formula } = await both(TINY, kind, capacity, { rule: "nesterov", kernels });
    expect(Object.keys(counted)).toEqual(["steps"]);
    expect(counted).toEqual(formula);
  });
});

// SwiftShader has subgroups of four lanes. All of them are full here, and no two of their lanes load the same
// by chance.
test.each([
  { kernels: "fused 2x1/8", shape: { count: 128, features: 31, classes: 5, batchSize: 64 } },
  { kernels: "split 4x1/16", shape: { count: 128, features: 127, classes: 5, batchSize: 64 } },
  { kernels: "tiled 4x1/64", shape: { count: 512, features: 255, classes: 16, batchSize: 256 } },
  { kernels: "tiled 4x1/64 shared", shape: { count: 128, features: 63, classes: 128, batchSize: 64 } },
  { kernels: "steps 1x1/4", shape: { count: 32, features: 15, classes: 3, batchSize: 16 } },
])("$kernels load once what all lanes of a subgroup load", async ({ kernels, shape }) => {
  const capacity = { ...HELD, slow: false, blockRows: Infinity };
  const { counted, formula } = await both(shape, "f32", capacity, { kernels, subgroup: 4 });
  expect(counted).toEqual(formula);
});

test.each(["fused", "split", "tiled"] as const)("%s, of rows in several bindings", async (kind) => {
  const { counted, formula } = await both(FUSED, "f32", { ...HELD, bindingBytes: 4096, kinds: [kind] });
  expect(counted).toHaveProperty("gather");
  expect(counted).toEqual(formula);
});

test.each(
  [
    { shape: FUSED, kind: "fused" as const, kernels: "table" },
    { shape: FUSED, kind: "split" as const, kernels: "table" },
    { shape: WIDE, kind: "tiled" as const, kernels: "table" },
    { shape: SHARED, kind: "tiled" as const, kernels: "tiled 4x1 shared" },
    { shape: TINY, kind: "steps" as const, kernels: "table" },
  ].flatMap((one) => [
    { ...one, of: "smoothed labels", targets: { smoothing: 0.1 } },
    { ...one, of: "soft targets", targets: { soft: true } },
  ]),
)("$kind, $kernels, of $of", async ({ shape, kind, kernels, targets }) => {
  const capacity = { ...HELD, kinds: [kind], slow: kernels === "table" };
  const { counted, formula } = await both(shape, "f32", capacity, { kernels, ...targets });
  expect(counted).toEqual(formula);
});

test.each([
  { shape: WIDE, dispatchMacs: 60_000, kernels: "tiled 4x2" },
  { shape: SHARED, dispatchMacs: 1_000_000, kernels: "tiled 4x1 shared" },
])("$kernels, in several dispatches", async ({ shape, dispatchMacs, kernels }) => {
  const { counted, formula } = await both(shape, "f32", { ...HELD, dispatchMacs }, { kernels });
  expect(counted).toEqual(formula);
});

test.each(WASTEFUL)("$kernel is caught when it $what", async (wasteful) => {
  const { kernel, more } = wasteful;
  const [shape, kind] = kernel === "fused" ? [FUSED, "fused" as const] : [WIDE, "tiled" as const];
  const { counted, formula } = await both(
    shape,
    "f32",
    { ...HELD, kinds: [kind] },
    { edited: { ...RIGHT, ...edited(wasteful) } },
  );
  const [real, paper] = [counted[kernel], formula[kernel]];
  expect(real?.[more]).toBeGreaterThan(paper?.[more] ?? Infinity);
  expect({ ...counted, [kernel]: undefined }).toEqual({ ...formula, [kernel]: undefined });
});
