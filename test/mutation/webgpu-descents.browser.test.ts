/**
 * Checks that the parity tests can fail: each wrong kernel, made by one edit of the shader's text, must
 * exceed the error bound. The printed table says by how much, and how near the right kernels come to the
 * bound.
 */
import { afterAll, expect, test } from "vitest";
import type { Capacity } from "../../src/engine/webgpu/device/capacity.js";
import type { Edited, KernelName } from "../../src/engine/webgpu/kernels/kernels.js";
import { NO_PARITY, type Parity, mergeParity } from "../../src/parity/stages.js";
import {
  KEPT_KINDS,
  type Kind,
  RULES,
  type Shape,
  factorsOf,
  offset,
  parityOfAll,
  randomRows,
  randomWeights,
  runAll,
  softened,
} from "../conformance/problems.js";
import { RIGHT, edited } from "./edited-shader.js";
import {
  WRONG_BIAS,
  WRONG_DESCENTS,
  WRONG_OWN,
  WRONG_PARTS,
  WRONG_SHARED,
  WRONG_SPLIT,
  WRONG_STEPS,
  WRONG_TAKEN,
  type WrongDescent,
} from "./wrong-shaders.js";
import { webgpuEngine } from "../support/engines.js";

type Way =
  | "steps"
  | "own"
  | "fused"
  | "split"
  | "parts"
  | "tiled"
  | "single"
  | "shared"
  | "bias"
  | "taken"
  | "alone";

interface Case {
  readonly shape: Shape;
  /**
   * Standard deviation of the weights. Large ones make exponentials overflow or, with many features and
   * classes, underflow.
   */
  readonly deviation: number;
  readonly batchSize: number;
  readonly capacity: Partial<Capacity>;
  readonly kernels?: string;
}

// Bytes of an odd scale make every multiplication by it visible, their labels are smoothed, and features
// have penalty factors; labels of f16 are smoothed soft targets, and both have offsets. A batch of 600
// rows takes several blocks, slots and tiles. A batch of 30 is a whole step of two turns, and its
// workgroup has more threads than the 4 or 8 that a software adapter runs at once. A batch of 170 is a
// single block of three slots, which the update adds. Where workgroups share slabs, there are several in
// each dimension, none of them full, and two slots, as on a GPU, the last of which does not fill its
// slabs. With 68 features the ones would be alone in a vector. A batch of 167 is a single slot in the last
// two, so that the gradient takes the step, of all tiles at once or of some.
const CASES: Readonly<Record<Way, Case>> = {
  steps: {
    shape: { count: 600, features: 61, classes: 10 },
    deviation: 3,
    batchSize: 30,
    capacity: { kinds: ["steps"] },
    kernels: "steps 1x2/2",
  },
  own: {
    shape: { count: 600, features: 13, classes: 3 },
    deviation: 3,
    batchSize: 30,
    capacity: { kinds: ["steps"] },
    kernels: "steps 1x4/16",
  },
  fused: {
    shape: { count: 1200, features: 21, classes: 10 },
    deviation: 3,
    batchSize: 600,
    capacity: { kinds: ["fused"], blockRows: 512 },
  },
  split: {
    shape: { count: 1200, features: 143, classes: 10 },
    deviation: 1,
    batchSize: 600,
    capacity: { kinds: ["split"], slow: false, blockRows: 512 },
  },
  parts: {
    shape: { count: 600, features: 143, classes: 10 },
    deviation: 1,
    batchSize: 300,
    capacity: { kinds: ["split"], slow: false, registers: 64 },
  },
  tiled: {
    shape: { count: 1200, features: 21, classes: 14 },
    deviation: 3,
    batchSize: 600,
    capacity: { kinds: ["tiled"], blockRows: 512 },
  },
  single: {
    shape: { count: 340, features: 21, classes: 14 },
    deviation: 3,
    batchSize: 170,
    capacity: { kinds: ["tiled"] },
  },
  shared: {
    shape: { count: 167, features: 71, classes: 137 },
    deviation: 0.5,
    batchSize: 167,
    capacity: { slow: false, blockRows: 148 },
    kernels: "tiled 4x1 shared",
  },
  bias: {
    shape: { count: 167, features: 68, classes: 137 },
    deviation: 0.5,
    batchSize: 167,
    capacity: { slow: false, blockRows: 148 },
    kernels: "tiled 4x1 shared",
  },
  taken: {
    shape: { count: 320, features: 72, classes: 137 },
    deviation: 0.5,
    batchSize: 167,
    capacity: { slow: false },
    kernels: "tiled 4x1/256 shared",
  },
  alone: {
    shape: { count: 320, features: 21, classes: 29 },
    deviation: 1,
    batchSize: 167,
    capacity: { slow: false, dispatchMacs: 200_000 },
    kernels: "tiled 8x2/256",
  },
};

/** Runs all steps with these kernels. */
async function run(way: Way, edited: Edited, kind: Kind, capture: boolean) {
  const { shape, deviation, batchSize, capacity, kernels = "table" } = CASES[way];
  const bytes = kind === "bytes";
  const labelled = { ...randomRows(shape, kind, 101), ...(bytes && { scale: 0.01 }) };
  const targeted = kind === "f16" ? softened(labelled, shape.classes, 103) : labelled;
  const rows = kind === "f32" ? targeted : offset(targeted, shape.classes, 104);
  const ofShape = { classes: shape.classes, batchSize, intercept: true };
  const problem = {
    ...ofShape,
    rule: RULES["adam"],
    kernels,
    smoothing: kind === "f32" ? 0 : 0.2,
    ...(bytes && { penaltyFactors: factorsOf(shape.features) }),
  };
  const engine = await webgpuEngine({ edited, capacity });
  const ran = await runAll(engine, rows, problem, randomWeights(shape, 102, deviation), capture);
  engine.close();
  return { ...ran, parity: parityOfAll(ran.results, rows, problem) };
}

/** Parity on the features on which a wrong kernel is caught. */
async function parityOfWrong(way: Way, wrong: WrongDescent): Promise<Parity> {
  return (await run(way, { ...RIGHT, ...edited(wrong) }, wrong.kind ?? "f32", true)).parity;
}

const table: string[] = [];
const show = (what: string, found: Parity) => {
  const rhos = Object.entries(found.stages).map(([stage, rho]) => `${stage} ${rho.toPrecision(2)}`);
  table.push(`${what.padEnd(58)} ${rhos.join("  ")}`);
};
afterAll(() => console.log(`ρ = error / bound\n${table.join("\n")}`));

test.each(["steps", "own", "fused", "split", "parts", "tiled", "single", "shared", "bias"] as const)(
  "the right kernels stay within the bound: %s",
  async (way) => {
    const slabs = way === "shared" || way === "bias"; // which hold floats
    const kinds = slabs ? (["f32"] as const) : KEPT_KINDS;
    let found = NO_PARITY;
    for (const kind of kinds) found = mergeParity(found, (await run(way, RIGHT, kind, true)).parity);
    show(`${way}: right`, found);
    expect(found.rho).toBeLessThan(0.5);
  },
);

function wayOf(kernel: KernelName): Way {
  if (kernel === "update") return "single";
  if (kernel === "split-logits" || kernel === "split-gradient") return "split";
  return kernel === "steps" || kernel === "fused" ? kernel : "tiled";
}

test.each([...WRONG_DESCENTS, ...WRONG_SPLIT])("$kernel is caught when $what", async (wrong) => {
  const { what, kernel, stage } = wrong;
  const way = wayOf(kernel);
  const found = await parityOfWrong(way, wrong);
  show(`${kernel}: ${what}`, found);
  expect(found.stages[stage]).toBeGreaterThan(1);
});

test.each(WRONG_OWN)("$kernel, of whole rows, is caught when $what", async (wrong) => {
  const { what, kernel, stage } = wrong;
  const found = await parityOfWrong("own", wrong);
  show(`${kernel}, of whole rows: ${what}`, found);
  expect(found.stages[stage]).toBeGreaterThan(1);
});

test.each(WRONG_PARTS)("$kernel, of a part of the classes, is caught when $what", async (wrong) => {
  const { what, kernel, stage } = wrong;
  const found = await parityOfWrong("parts", wrong);
  show(`${kernel}, of a part of the classes: ${what}`, found);
  expect(found.stages[stage]).toBeGreaterThan(1);
});

test.each([
  ...WRONG_SHARED.map((wrong) => ({ ...wrong, way: "shared" as const })),
  ...WRONG_BIAS.map((wrong) => ({ ...wrong, way: "bias" as const })),
])("$kernel, $way, is caught when $what", async ({ way, ...wrong }) => {
  const { what, kernel, stage } = wrong;
  const found = await parityOfWrong(way, wrong);
  show(`${kernel}, ${way}: ${what}`, found);
  expect(found.stages[stage]).toBeGreaterThan(1);
});

/** Final weights of steps, and of captured ones. */
async function plainAndCaptured(way: Way, kernels: Edited, kind: Kind = "f32") {
  const plain = await run(way, kernels, kind, false);
  const captured = await run(way, kernels, kind, true);
  return [plain.weights, captured.weights] as const;
}

// Bytes have penalty factors and offsets.
const BOTH = ["f32", "bytes"] as const;

test.each(BOTH)("whole steps in one dispatch end at the same bits as in one each: %s", async (kind) => {
  const [together, apart] = await plainAndCaptured("steps", RIGHT, kind);
  expect(together).toEqual(apart);
});

test.each(WRONG_STEPS)("and do not when $what", async (wrong) => {
  const [together, apart] = await plainAndCaptured("steps", { ...RIGHT, ...edited(wrong) });
  expect(together).not.toEqual(apart);
});

test.each(BOTH.flatMap((kind) => (["taken", "alone"] as const).map((way) => ({ way, kind }))))(
  "a step that the gradient takes ends at the same bits as an update's: $way, $kind",
  async ({ way, kind }) => {
    const [taken, updated] = await plainAndCaptured(way, RIGHT, kind);
    expect(taken).toEqual(updated);
  },
);

test.each(WRONG_TAKEN)("and does not when $what", async (wrong) => {
  const [taken, updated] = await plainAndCaptured("taken", { ...RIGHT, ...edited(wrong) });
  expect(taken).not.toEqual(updated);
});
