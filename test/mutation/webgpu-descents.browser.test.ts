/**
 * Checks that the parity tests can fail: each wrong kernel, made by one edit of the shader's text, must
 * exceed the error bound. The printed table says by how much, and how near the right kernels come to the
 * bound.
 */
import { afterAll, expect, test } from "vitest";
import type { Capacity } from "../../src/engine/webgpu/device/capacity.js";
import type { Edited, KernelName } from "../../src/engine/webgpu/kernels/kernels.js";
import { NO_PARITY, type Parity, type Stage, mergeParity } from "../../src/parity/stages.js";
import {
  KEPT_KINDS,
  type Kind,
  RULES,
  type Shape,
  parityOfAll,
  randomRows,
  randomWeights,
  runAll,
  softened,
} from "../conformance/problems.js";
import { edited } from "./edited-shader.js";
import { webgpuEngine } from "../support/engines.js";

interface Wrong {
  readonly what: string;
  readonly kernel: KernelName;
  /** Text that occurs exactly once in the shader, and its replacement. */
  readonly edit: readonly [string, string];
  readonly stage: Stage;
}

const WRONG: readonly Wrong[] = [
  {
    what: "the last row of the batch is missing",
    kernel: "fused",
    edit: [
      "select(0.0, rowWeights[row], i < block.rows)",
      "select(0.0, rowWeights[row], i + 1u < block.rows)",
    ],
    stage: "residual",
  },
  {
    what: "the last vector of features is missing",
    kernel: "fused",
    edit: ["for (var f = 0u; f < FEATURES4; f++)", "for (var f = 0u; f + 1u < FEATURES4; f++)"],
    stage: "logits",
  },
  {
    what: "features rounded to f16",
    kernel: "fused",
    edit: [
      "z[r][k] += four[r][d] * w[d];",
      "z[r][k] += unpack2x16float(pack2x16float(vec2f(four[r][d]))).x * w[d];",
    ],
    stage: "logits",
  },
  {
    what: "rows in the order of the data, not of the batch",
    kernel: "fused",
    edit: ["return order[block.first + row] * FEATURES4;", "return (block.first + row) * FEATURES4;"],
    stage: "logits",
  },
  {
    what: "the last class counts for nothing",
    kernel: "fused",
    edit: ["sum += z[r][k];", "sum += select(0.0, z[r][k], k + 1u < CLASSES);"],
    stage: "residual",
  },
  {
    what: "the largest logit is not taken off",
    kernel: "fused",
    edit: ["top = max(top, z[r][k]);", "top = 0.0;"],
    stage: "loss",
  },
  {
    what: "a truncated log₂e in the exponential",
    kernel: "fused",
    edit: ["exp(z[r][k] - top)", "exp2((z[r][k] - top) * 1.4427)"],
    stage: "residual",
  },
  {
    what: "probabilities rounded to f16",
    kernel: "fused",
    edit: ["weight * (z[r][k] / sum -", "weight * (unpack2x16float(pack2x16float(vec2f(z[r][k] / sum))).x -"],
    stage: "residual",
  },
  {
    what: "one label wrong",
    kernel: "fused",
    edit: ["let label = labels[row];", "let label = select(labels[row], 0u, row == 5u);"],
    stage: "residual",
  },
  {
    what: "the row weights are ignored",
    kernel: "fused",
    edit: [
      "select(0.0, rowWeights[row], i < block.rows)",
      "select(0.0 * rowWeights[row], 1.0, i < block.rows)",
    ],
    stage: "residual",
  },
  {
    what: "the loss of the wrong class",
    kernel: "fused",
    edit: ["label == k);\n          beaten", "k == 0u);\n          beaten"],
    stage: "loss",
  },
  ...(["fused", "steps"] as const).flatMap((kernel): Wrong[] => [
    {
      what: "smoothed labels are labels",
      kernel,
      edit: ["select(SHARE, KEPT + SHARE, label == k)", "select(0.0, 1.0, label == k)"],
      stage: "residual",
    },
    {
      what: "a smoothed label lacks what every class has",
      kernel,
      edit: ["select(SHARE, KEPT + SHARE, label == k)", "select(SHARE, KEPT, label == k)"],
      stage: "residual",
    },
    {
      what: "soft targets are not smoothed",
      kernel,
      edit: [
        "KEPT * bitcast<f32>(labels[row * (CLASSES + 1u) + 1u + k]) + SHARE",
        "bitcast<f32>(labels[row * (CLASSES + 1u) + 1u + k])",
      ],
      stage: "residual",
    },
    {
      what: "soft targets are those of the class before",
      kernel,
      edit: ["(CLASSES + 1u) + 1u + k", "(CLASSES + 1u) + k"],
      stage: "residual",
    },
    {
      what: "the loss is that of the label",
      kernel,
      edit: ["// when MIXED: let loss = log(sum) - mean;", "//"],
      stage: "loss",
    },
  ]),
  {
    what: "the largest logit is not taken off the mean of all",
    kernel: "fused",
    edit: ["* (z[r][k] - top);", "* z[r][k];"],
    stage: "loss",
  },
  {
    what: "one row dropped",
    kernel: "fused",
    edit: [
      "g[v][d][k] += four[s][v][d] * r[s];",
      "g[v][d][k] += select(four[s][v][d] * r[s], 0.0, i + s == 3u);",
    ],
    stage: "gradient",
  },
  {
    what: "the step's earlier blocks are forgotten",
    kernel: "fused",
    edit: ["if (block.continues != 0u) {\n              vector", "if (false) {\n              vector"],
    stage: "gradient",
  },
  {
    what: "the barrier before the gradient is dropped",
    kernel: "fused",
    edit: ["    storageBarrier();\n\n    if (thread == WORKGROUP - 1u)", "    if (thread == WORKGROUP - 1u)"],
    stage: "gradient",
  },
  {
    what: "the intercept's ones are scaled like bytes",
    kernel: "fused",
    edit: ["select(vec4f(SCALE), vec4f(1.0), vec4u(0u, 1u, 2u, 3u) == vec4u(ONES))", "vec4f(SCALE)"],
    stage: "logits",
  },
  {
    what: "halves in the wrong place",
    kernel: "fused",
    edit: ["unpack2x16float(x[start + f].y)", "unpack2x16float(x[start + f].x)"],
    stage: "logits",
  },
  {
    what: "the last row of a tile is missing",
    kernel: "logits",
    edit: ["    if (i < block.rows) { // when", "    if (i + 1u < block.rows) { // when"],
    stage: "logits",
  },
  {
    what: "the last vector of features is missing",
    kernel: "logits",
    edit: ["for (var f = 0u; f < FEATURES4; f++)", "for (var f = 0u; f + 1u < FEATURES4; f++)"],
    stage: "logits",
  },
  {
    what: "padding counts as a class",
    kernel: "logits",
    edit: ["tile * TILE + k < CLASSES", "tile * TILE + k <= CLASSES"],
    stage: "residual",
  },
  {
    what: "the tile's largest logit is not taken off",
    kernel: "logits",
    edit: ["top = max(top, z[r][k]);", "top = 0.0;"],
    stage: "loss",
  },
  {
    what: "powers rounded to f16",
    kernel: "logits",
    edit: [
      "        powers[at + c] = vector;",
      "        powers[at + c] = vec4f(unpack2x16float(pack2x16float(vector.xy)), unpack2x16float(pack2x16float(vector.zw)));",
    ],
    stage: "residual",
  },
  {
    what: "the label's logit is its neighbour's",
    kernel: "logits",
    edit: [
      "labelLogit = select(labelLogit, z[r][k], label == k);",
      "labelLogit = select(labelLogit, z[r][k], (label ^ 1u) == k);",
    ],
    stage: "loss",
  },
  {
    what: "padding has a target",
    kernel: "logits",
    edit: ["tile * TILE + 4u * c + j < CLASSES", "tile * TILE + 4u * c + j <= CLASSES"],
    stage: "loss",
  },
  {
    what: "smoothed labels lose what is smoothed",
    kernel: "logits",
    edit: ["select(SHARE, KEPT + SHARE, label == k)", "select(0.0, KEPT + SHARE, label == k)"],
    stage: "loss",
  },
  {
    what: "soft targets are those of the first tile",
    kernel: "logits",
    edit: ["1u + first + k", "1u + k"],
    stage: "loss",
  },
  {
    what: "the last tile counts for nothing",
    kernel: "residual",
    edit: [
      "sum += tile.y * exp(tile.x - top);",
      "sum += select(0.0, tile.y * exp(tile.x - top), t + 1u < TILES);",
    ],
    stage: "residual",
  },
  {
    what: "tiles are not brought to one largest logit",
    kernel: "residual",
    edit: ["weight * (exp(tiles[at].x - top) / sum)", "weight * (1.0 / sum)"],
    stage: "residual",
  },
  {
    what: "the row weights are ignored",
    kernel: "residual",
    edit: ["select(0.0, rowWeights[row], inside)", "select(0.0 * rowWeights[row], 1.0, inside)"],
    stage: "residual",
  },
  {
    what: "the loss is that of the label",
    kernel: "residual",
    edit: ["// when MIXED: let loss = log(sum) - whole.z;", "//"],
    stage: "loss",
  },
  {
    what: "means of logits are not brought to one largest logit",
    kernel: "residual",
    edit: ["tile.z + tile.w * (tile.x - top)", "tile.z"],
    stage: "loss",
  },
  {
    what: "one row dropped",
    kernel: "gradient",
    edit: [
      "g[v][d][4u * c + j] += four[v][d] * r;",
      "g[v][d][4u * c + j] += select(four[v][d] * r, 0.0, i + s == 3u);",
    ],
    stage: "gradient",
  },
  {
    what: "the last four rows of a span are missing",
    kernel: "gradient",
    edit: ["for (var n = 0u; n < SPAN4; n++)", "for (var n = 0u; n + 1u < SPAN4; n++)"],
    stage: "residual",
  },
  {
    what: "the step's earlier blocks are forgotten",
    kernel: "gradient",
    edit: ["          if (block.continues != 0u) {", "          if (false) {"],
    stage: "gradient",
  },
  {
    what: "one label wrong",
    kernel: "gradient",
    edit: ["classes == vec4u(labels[row]);", "classes == vec4u(select(labels[row], 0u, row == 5u));"],
    stage: "residual",
  },
  {
    what: "smoothed labels are labels",
    kernel: "gradient",
    edit: ["select(vec4f(SHARE), vec4f(KEPT + SHARE), own)", "select(vec4f(), vec4f(1.0), own)"],
    stage: "residual",
  },
  {
    what: "soft targets are not smoothed",
    kernel: "gradient",
    edit: ["(KEPT * given + SHARE)", "given"],
    stage: "residual",
  },
  {
    what: "soft targets are those of the first classes",
    kernel: "gradient",
    edit: ["+ 1u + 4u * column;", "+ 1u;"],
    stage: "residual",
  },
  {
    what: "a smoothed label lacks what every class has",
    kernel: "gradient",
    edit: ["vec4f(KEPT + SHARE)", "vec4f(KEPT)"],
    stage: "residual",
  },
  {
    what: "the last slot is missing",
    kernel: "update",
    edit: ["for (var slot = 0u; slot < SLOTS; slot++)", "for (var slot = 0u; slot + 1u < SLOTS; slot++)"],
    stage: "gradient",
  },
  {
    what: "1/N for 1/batch",
    kernel: "update",
    edit: ["current.gradientScale * gradient", "(1.0 / 1200.0) * gradient"],
    stage: "update",
  },
  {
    what: "a penalised intercept",
    kernel: "update",
    edit: ["  if (penalised) {\n    g += ", "  if (true) {\n    g += "],
    stage: "update",
  },
  {
    what: "no penalty",
    kernel: "update",
    edit: ["g += current.penalty * w;", "g += 0.0 * w;"],
    stage: "update",
  },
  {
    what: "a stale momentum",
    kernel: "update",
    edit: [
      "current.learningRate * (m / current.correction1)",
      "current.learningRate * ((m - (1.0 - BETA1) * g) / current.correction1)",
    ],
    stage: "update",
  },
  {
    what: "moments without bias correction",
    kernel: "update",
    edit: ["(m / current.correction1)", "m"],
    stage: "update",
  },
  {
    what: "the last vector of features is missing",
    kernel: "steps",
    edit: ["for (var f = 0u; f < FEATURES4; f++)", "for (var f = 0u; f + 1u < FEATURES4; f++)"],
    stage: "logits",
  },
  {
    what: "one label wrong",
    kernel: "steps",
    edit: ["let label = labels[row];", "let label = select(labels[row], 0u, row == 5u);"],
    stage: "residual",
  },
  {
    what: "the row weights are ignored",
    kernel: "steps",
    edit: ["let weight = rowWeights[row];", "let weight = select(0.0 * rowWeights[row], 1.0, true);"],
    stage: "residual",
  },
  {
    what: "one row dropped",
    kernel: "steps",
    edit: ["g[d][c] += four[d] * r;", "g[d][c] += select(four[d], 0.0, i == 3u) * r;"],
    stage: "gradient",
  },
  {
    what: "the barrier before the gradient is dropped",
    kernel: "steps",
    edit: ["    storageBarrier();\n\n    for (var f = thread", "    for (var f = thread"],
    stage: "gradient",
  },
  {
    what: "1/N for 1/batch",
    kernel: "steps",
    edit: ["step.gradientScale * gradient", "(1.0 / 600.0) * gradient"],
    stage: "update",
  },
  {
    what: "a penalised intercept",
    kernel: "steps",
    edit: ["  if (penalised) {\n    g += ", "  if (true) {\n    g += "],
    stage: "update",
  },
  {
    what: "a stale momentum",
    kernel: "steps",
    edit: [
      "step.learningRate * (m / step.correction1)",
      "step.learningRate * ((m - (1.0 - BETA1) * g) / step.correction1)",
    ],
    stage: "update",
  },
];

/** Edits of the tiled kernels whose workgroups share slabs. */
const WRONG_SHARED: readonly Wrong[] = [
  ...(["logits", "gradient"] as const).flatMap((kernel): Wrong[] => [
    {
      what: "a slab is refilled before all have used it",
      kernel,
      edit: ["workgroupBarrier(); // the slab before is used up", "// "],
      stage: kernel,
    },
    {
      what: "a slab is used before it is full",
      kernel,
      edit: ["  // when SHARED:   workgroupBarrier();\n", "\n"],
      stage: kernel,
    },
  ]),
  {
    what: "the last slab is missing",
    kernel: "logits",
    edit: ["(FEATURES4 + SLAB4 - 1u) / SLAB4", "FEATURES4 / SLAB4"],
    stage: "logits",
  },
  {
    what: "the last slab's padding counts",
    kernel: "logits",
    edit: ["if (SLAB4 * slab + s4 >= FEATURES4)", "if (false)"],
    stage: "logits",
  },
  {
    what: "some rows of a slab are loaded four times, and others never",
    kernel: "logits",
    edit: ["rowOf(begin + loadRow + r)", "rowOf(begin + r)"],
    stage: "logits",
  },
  {
    what: "all workgroups load the first one's weights",
    kernel: "logits",
    edit: ["TILE4 * (block.tile + TILE_THREADS * group.y)", "TILE4 * block.tile"],
    stage: "logits",
  },
  {
    what: "the weights are those of the next tile",
    kernel: "logits",
    edit: ["TILE_THREADS + local.y) * TILE4 + c]", "TILE_THREADS + (local.y ^ 1u)) * TILE4 + c]"],
    stage: "logits",
  },
  {
    what: "threads without a tile store",
    kernel: "logits",
    edit: ["i < block.rows && tile < TILES", "i < block.rows"],
    stage: "residual",
  },
  {
    what: "a slab's last four rows are missing",
    kernel: "gradient",
    edit: ["s4 < SLAB4; s4++", "s4 + 1u < SLAB4; s4++"],
    stage: "residual",
  },
  {
    what: "the next slot's rows count too",
    kernel: "gradient",
    edit: ["if (n >= SPAN4 || i >= block.rows)", "if (i >= block.rows)"],
    stage: "gradient",
  },
  {
    what: "all workgroups make the first one's residuals",
    kernel: "gradient",
    edit: ["TILE4 * (block.tile + TILE_THREADS * group.y)", "TILE4 * block.tile"],
    stage: "residual",
  },
  {
    what: "threads without a tile store",
    kernel: "gradient",
    edit: ["column + v < FEATURES4 && tile < TILES", "column + v < FEATURES4"],
    stage: "gradient",
  },
];

type Way = "steps" | "fused" | "tiled" | "shared";

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

// Bytes of an odd scale make every factor visible, and their labels are smoothed; those of f16 are smoothed
// soft targets. A batch of 600 rows takes several blocks, slots and tiles. A batch of 30 is a whole step, and
// has more rows and features than the 4 or 8 lanes that a software adapter runs at once. Where workgroups
// share slabs, there are several in each dimension, none of them full, and two slots, as on a GPU, neither of
// which holds whole slabs.
const CASES: Readonly<Record<Way, Case>> = {
  steps: {
    shape: { count: 600, features: 61, classes: 10 },
    deviation: 3,
    batchSize: 30,
    capacity: { kind: "steps" },
  },
  fused: {
    shape: { count: 1200, features: 21, classes: 10 },
    deviation: 3,
    batchSize: 600,
    capacity: { kind: "fused", blockRows: 512 },
  },
  tiled: {
    shape: { count: 1200, features: 21, classes: 14 },
    deviation: 3,
    batchSize: 600,
    capacity: { kind: "tiled", blockRows: 512 },
  },
  shared: {
    shape: { count: 170, features: 71, classes: 137 },
    deviation: 0.5,
    batchSize: 167,
    capacity: { slow: false, blockRows: 148 },
    kernels: "tiled 4x1 shared",
  },
};

/** Runs all steps with these kernels. */
async function run(way: Way, edited: Edited, kind: Kind, capture: boolean) {
  const { shape, deviation, batchSize, capacity, kernels = "table" } = CASES[way];
  const bytes = kind === "bytes";
  const labelled = { ...randomRows(shape, kind, 101), ...(bytes && { scale: 0.01 }) };
  const rows = kind === "f16" ? softened(labelled, shape.classes, 103) : labelled;
  const ofShape = { classes: shape.classes, batchSize, intercept: true };
  const problem = { ...ofShape, rule: RULES["adam"], kernels, smoothing: kind === "f32" ? 0 : 0.2 };
  const engine = await webgpuEngine({ edited, capacity });
  const ran = await runAll(engine, rows, problem, randomWeights(shape, 102, deviation), capture);
  engine.close();
  return { ...ran, parity: parityOfAll(ran.results, rows, problem) };
}

/**
 * Parity on all types of features, or on those up to the one on which an edit is caught, where `stage`
 * exceeds its bound.
 */
async function parity(way: Way, edited: Edited, stage?: Stage): Promise<Parity> {
  const floats = way === "shared" && stage !== undefined; // a slab holds floats
  let found = NO_PARITY;
  for (const kind of floats ? (["f32"] as const) : KEPT_KINDS) {
    found = mergeParity(found, (await run(way, edited, kind, true)).parity);
    if (stage && (found.stages[stage] ?? 0) > 1) break;
  }
  return found;
}

const table: string[] = [];
const show = (what: string, found: Parity) => {
  const rhos = Object.entries(found.stages).map(([stage, rho]) => `${stage} ${rho.toPrecision(2)}`);
  table.push(`${what.padEnd(58)} ${rhos.join("  ")}`);
};
afterAll(() => console.log(`ρ = error / bound\n${table.join("\n")}`));

test.each(["steps", "fused", "tiled", "shared"] as const)(
  "the right kernels stay within the bound: %s",
  async (way) => {
    const found = await parity(way, {});
    show(`${way}: right`, found);
    expect(found.rho).toBeLessThan(0.5);
  },
);

test.each(WRONG)("$kernel is caught when $what", async ({ what, kernel, edit, stage }) => {
  const way = kernel === "steps" || kernel === "fused" ? kernel : "tiled";
  const found = await parity(way, edited(kernel, edit), stage);
  show(`${kernel}: ${what}`, found);
  expect(found.stages[stage]).toBeGreaterThan(1);
});

test.each(WRONG_SHARED)("$kernel, shared, is caught when $what", async ({ what, kernel, edit, stage }) => {
  const found = await parity("shared", edited(kernel, edit), stage);
  show(`${kernel}, shared: ${what}`, found);
  expect(found.stages[stage]).toBeGreaterThan(1);
});

/** Final weights of steps that share a dispatch, and of captured steps, which have one each. */
async function togetherAndApart(kernels: Edited) {
  const together = await run("steps", kernels, "f32", false);
  const apart = await run("steps", kernels, "f32", true);
  return [together.weights, apart.weights] as const;
}

test("whole steps in one dispatch end at the same bits as in one each", async () => {
  const [together, apart] = await togetherAndApart({});
  expect(together).toEqual(apart);
});

test.each([
  { what: "the barrier between steps is dropped", edit: ["    storageBarrier();\n  }\n}", "  }\n}"] },
  { what: "every step of a dispatch is the first", edit: ["entries[run.first + n]", "entries[0u * n]"] },
] as const)("and do not when $what", async ({ edit }) => {
  const [together, apart] = await togetherAndApart(edited("steps", edit));
  expect(together).not.toEqual(apart);
});
