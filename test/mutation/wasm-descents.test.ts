/**
 * Checks that the parity tests can fail: each wrong kernel, made by one edit of its source, must exceed the
 * error bound. The printed table says by how much, and how near the right kernels come to the bound.
 */
import { expect, test, vi } from "vitest";
import type { DescentProblem, StepResult } from "../../src/engine/descent.js";
import type { Rows } from "../../src/core/rows.js";
import { NO_PARITY, type Stage, mergeParity } from "../../src/parity/stages.js";
import {
  RULES,
  type Shape,
  parityOfAll,
  randomRows,
  randomWeights,
  runAll,
  softened,
} from "../conformance/problems.js";
import { editedKernels } from "./edited-assembly.js";
import { KERNELS, type KernelKind } from "../unit/engine/wasm/pinned.js";
import { type Wrong, rhoTable } from "./wrong.js";
import { type WasmEdits, wasmEngine } from "../support/engines.js";

vi.setConfig({ testTimeout: 60_000 }); // kernels are compiled

/** A stage of parity, or the sums of losses and logits that a captured step returns. */
type Caught = Stage | "sums";

const WRONG: readonly Wrong<Caught>[] = [
  {
    what: "the last range is missing",
    file: "fused.ts",
    kernels: "fused",
    edit: ["addVectors(sum, bytes, count, ", "addVectors(sum, bytes, count - 1, "],
    caught: "gradient",
  },
  {
    what: "the step before counts too",
    file: "fused.ts",
    kernels: "fused",
    edit: ["if (hasGradient(entry)) memory.fill(partial", "if (false) memory.fill(partial"],
    caught: "gradient",
  },
  {
    what: "the sums of the last range are missing",
    file: "fused.ts",
    kernels: "fused",
    edit: ["addSums(plan.sums, count)", "addSums(plan.sums, count - 1)"],
    caught: "sums",
  },
  {
    what: "the last rows of a chunk have no logits",
    file: "tiled.ts",
    kernels: "tiled",
    edit: ["const rowTasks = ceilDivide(rows, ROWS);", "const rowTasks = rows / ROWS;"],
    caught: "logits",
  },
  {
    what: "the last rows of a chunk have no residuals",
    file: "tiled.ts",
    kernels: "tiled",
    edit: ["const softmaxes = ceilDivide(rows, SOFTMAX_ROWS);", "const softmaxes = rows / SOFTMAX_ROWS;"],
    caught: "residual",
  },
  {
    what: "the last features have no gradient",
    file: "tiled.ts",
    kernels: "tiled",
    edit: ["const tiles = ceilDivide(plan.stride, TILE);", "const tiles = plan.stride / TILE;"],
    caught: "gradient",
  },
  {
    what: "the last classes of a task have no gradient",
    file: "tiled.ts",
    kernels: "tiled",
    edit: [
      "const pastClass = min(plan.classes, k + CLASSES);\n      const tile",
      "const pastClass = min(plan.classes, k + CLASSES - 2);\n      const tile",
    ],
    caught: "gradient",
  },
  {
    what: "a chunk after the first overwrites the gradient",
    file: "tiled.ts",
    kernels: "tiled",
    edit: ["if (begins) clearTile(", "clearTile("],
    caught: "gradient",
  },
  {
    what: "the step before counts too",
    file: "tiled.ts",
    kernels: "tiled",
    edit: ["      if (begins) clearTile(plan, k, pastClass, tile);\n", ""],
    caught: "gradient",
  },
  {
    what: "the weights change with every chunk",
    file: "tiled.ts",
    kernels: "tiled",
    edit: ["if (last) updateTile(", "updateTile("],
    caught: "update",
  },
  {
    what: "the sums of the first chunk are forgotten",
    file: "tiled.ts",
    kernels: "tiled",
    edit: ["first / plan.chunkRows, last)", "0, last)"],
    caught: "sums",
  },
  {
    what: "the last four rows of a chunk have no gradient",
    file: "tiled.ts",
    kernels: "tiled",
    edit: ["let i: u32 = 0; i < rows; i += 4", "let i: u32 = 0; i + 4 < rows; i += 4"],
    caught: "gradient",
  },
  {
    what: "the last four features are missing",
    file: "products.ts",
    kernels: "fused",
    edit: ["(plan.stride << 4);", "((plan.stride - 4) << 4);"],
    caught: "logits",
  },
  {
    what: "later classes have the first ones' weights",
    file: "products.ts",
    kernels: "tiled",
    edit: ["weights + ((k * plan.stride) << 2)", "weights + (((k & 63) * plan.stride) << 2)"],
    caught: "logits",
  },
  {
    what: "the second class of two has the first one's weights",
    file: "products.ts",
    kernels: "fused",
    edit: ["const wb = v128.load(w, 16);", "const wb = v128.load(w);"],
    caught: "logits",
  },
  {
    what: "the last of four rows has the logits of the third",
    file: "products.ts",
    kernels: "tiled",
    edit: ["const x3 = v128.load(at, 48);", "const x3 = v128.load(at, 32);"],
    caught: "logits",
  },
  {
    what: "the last of four rows has the residuals of the third",
    file: "products.ts",
    kernels: "fused",
    edit: ["v128.load32_splat(from, 12)", "v128.load32_splat(from, 8)"],
    caught: "gradient",
  },
  {
    what: "the second class of two has the first one's residuals",
    file: "products.ts",
    kernels: "tiled",
    edit: ["add(to + 16, from, ", "add(to + 16, from - next, "],
    caught: "gradient",
  },
  {
    what: "the last class counts for nothing",
    file: "residual.ts",
    kernels: "fused",
    edit: ["for (; at < past; at += next) sum0", "for (; at + next < past; at += next) sum0"],
    caught: "residual",
  },
  {
    what: "the largest logit is not taken off",
    file: "residual.ts",
    kernels: "tiled",
    edit: ["top = f32x4.pmax(top, one);", "top = f32x4.splat(0);"],
    caught: "loss",
  },
  {
    what: "the loss is that of the row before",
    file: "residual.ts",
    kernels: "fused",
    edit: ["label, 3) * next, 12)", "label, 3) * next, 8)"],
    caught: "loss",
  },
  {
    what: "four rows have the label of the first",
    file: "residual.ts",
    kernels: "tiled",
    edit: ["load<u32>(pack.labels + ((i + lane) << 2))", "load<u32>(pack.labels + (i << 2))"],
    caught: "residual",
  },
  {
    what: "a probability is not weighted",
    file: "residual.ts",
    kernels: "fused",
    edit: ["f32x4.div(weight, sum)", "f32x4.div(f32x4.splat(1), sum)"],
    caught: "residual",
  },
  {
    what: "smoothed labels are labels",
    file: "residual.ts",
    kernels: "fused",
    edit: [" || (entry.operation == TRAIN && plan.smoothingShare > 0)", ""],
    caught: "residual",
  },
  {
    what: "soft targets are labels",
    file: "residual.ts",
    kernels: "tiled",
    edit: ["const t = plan.targets\n", "const t = false\n"],
    caught: "residual",
  },
  {
    what: "targets lack what every class has",
    file: "residual.ts",
    kernels: "tiled",
    edit: ["f32x4.splat(plan.smoothingShare))", "f32x4.splat(0))"],
    caught: "residual",
  },
  {
    what: "the last of four rows has the soft targets of the third",
    file: "residual.ts",
    kernels: "fused",
    edit: ["load<u32>(rows, 12)", "load<u32>(rows, 8)"],
    caught: "residual",
  },
  {
    what: "soft targets are those of other rows",
    file: "rows.ts",
    kernels: "tiled",
    edit: ["plan.targets + ((number * ", "plan.targets + (((number ^ 1) * "],
    caught: "residual",
  },
  {
    what: "a target is not weighted",
    file: "residual.ts",
    kernels: "tiled",
    edit: ["f32x4.mul(weight, target(", "f32x4.mul(f32x4.splat(1), target("],
    caught: "residual",
  },
  {
    what: "the largest logit is not taken off the mean of all",
    file: "residual.ts",
    kernels: "fused",
    edit: ["f32x4.sub(v128.load(at), top)));", "v128.load(at)));"],
    caught: "loss",
  },
  {
    what: "of equal logits the last is the prediction",
    file: "residual.ts",
    kernels: "fused",
    edit: ["f32x4.gt(one, top)", "f32x4.ge(one, top)"],
    caught: "sums",
  },
  {
    what: "a hit is not weighted",
    file: "residual.ts",
    kernels: "tiled",
    edit: ["v128.and(weight, i32x4.eq(place, label))", "v128.and(f32x4.splat(1), i32x4.eq(place, label))"],
    caught: "sums",
  },
  {
    what: "two rows of four are left out of the sums",
    file: "residual.ts",
    kernels: "tiled",
    edit: ["const both = f64x2.add(low, high);", "const both = low;"],
    caught: "sums",
  },
  {
    what: "rows are in the order of the data, not of the batch",
    file: "rows.ts",
    kernels: "fused",
    edit: ["load<u32>(entry.order + ((entry.first + at) << 2))", "entry.first + at"],
    caught: "logits",
  },
  {
    what: "the last row is missing",
    file: "rows.ts",
    kernels: "tiled",
    edit: ["i < pack.real ?", "i + 1 < pack.real ?"],
    caught: "residual",
  },
  {
    what: "rows past the last count",
    file: "rows.ts",
    kernels: "fused",
    edit: ["i < pack.real ?", "i < past ?"],
    caught: "gradient",
  },
  {
    what: "the row weights are ignored",
    file: "rows.ts",
    kernels: "tiled",
    edit: ["load<f32>(plan.rowWeights + (number << 2)) : 0", "1 : 0"],
    caught: "residual",
  },
  {
    what: "the labels are those of other rows",
    file: "rows.ts",
    kernels: "fused",
    edit: ["plan.labels + (number << 2)", "plan.labels + ((number ^ 1) << 2)"],
    caught: "residual",
  },
  {
    what: "the intercept's ones are scaled like bytes",
    file: "rows.ts",
    kernels: "tiled",
    edit: ["store<f32>(one, 1);", ""],
    caught: "logits",
  },
  {
    what: "eight bytes are the first four twice",
    file: "rows.ts",
    kernels: "fused",
    edit: ["i32x4.extend_high_i16x8_u(eight)", "i32x4.extend_low_i16x8_u(eight)"],
    caught: "logits",
  },
  {
    what: "powers have a Taylor polynomial of degree 3",
    file: "math.ts",
    kernels: "fused",
    edit: ["  p = madd(p, r, f32x4.splat(1.0 / 24.0));\n", "  p = f32x4.splat(0);\n"],
    caught: "residual",
  },
  {
    what: "powers have ln 2 without its second part",
    file: "math.ts",
    kernels: "tiled",
    edit: ["madd(n, f32x4.splat(-LN2_LOW), high)", "high"],
    caught: "residual",
  },
  {
    what: "logarithms have a series to s³",
    file: "math.ts",
    kernels: "tiled",
    edit: ["  p = madd(p, square, f32x4.splat(2.0 / 5.0));\n", "  p = f32x4.splat(0);\n"],
    caught: "loss",
  },
  {
    what: "1/N for 1/batch",
    file: "update.ts",
    kernels: "fused",
    edit: ["f32x4.splat(entry.gradientScale)", "f32x4.splat(1.0 / 1200.0)"],
    caught: "update",
  },
  {
    what: "a penalised intercept",
    file: "update.ts",
    kernels: "tiled",
    edit: ["const penalised = v128.andnot(w, one);", "const penalised = w;"],
    caught: "update",
  },
  {
    what: "a stale moment",
    file: "update.ts",
    kernels: "fused",
    edit: ["    v128.store(plan.moment1 + at, first);\n", ""],
    caught: "update",
  },
  {
    what: "moments without bias correction",
    file: "update.ts",
    kernels: "tiled",
    edit: ["f32x4.div(first, f32x4.splat(entry.correction1))", "first"],
    caught: "update",
  },
  {
    what: "a momentum that does not look ahead",
    file: "update.ts",
    kernels: "fused",
    edit: ["plan.nesterov ? f32x4.add(gradient, f32x4.mul(momentum, velocity)) : velocity", "velocity"],
    caught: "update",
  },
];

interface Case {
  readonly shape: Shape;
  readonly batchSize: number;
  /** Standard deviation of the weights. */
  readonly deviation: number;
}

// Steps of several ranges, chunks and tasks in each dimension, none of them full, on two threads.
const CASES: Readonly<Record<KernelKind, Case>> = {
  fused: { shape: { count: 1200, features: 30, classes: 11 }, batchSize: 601, deviation: 3 },
  tiled: { shape: { count: 700, features: 141, classes: 71 }, batchSize: 601, deviation: 0.5 },
};

/** Far below 0, so that all exponentials underflow unless the largest logit is subtracted. */
const INTERCEPT = -100;

function startOf({ shape, deviation }: Case): Float32Array {
  const { features, classes } = shape;
  const weights = randomWeights(shape, 102, deviation);
  weights.fill(INTERCEPT, features * classes);
  // Makes the logits of classes 1 and 5 equal, and those of classes 2 and 3.
  for (let d = 0; d < features; d++) {
    const row = weights.subarray(d * classes, (d + 1) * classes);
    [row[5], row[3]] = [row[1], row[2]];
  }
  return weights;
}

type Errors = Readonly<Partial<Record<Caught, number>>>;

/**
 * Runs all steps on floats with Adam, on soft targets, and on bytes with momentum and smoothed labels, whose
 * odd scale makes every factor visible. Stops after the run in which an edit is caught.
 */
async function errors(kind: KernelKind, options: WasmEdits, caught?: Caught): Promise<Errors> {
  const tried = CASES[kind];
  const { shape, batchSize } = tried;
  const floats = randomRows(shape, "f32", 101);
  const runs = [
    { rows: floats, rule: RULES["adam"], smoothing: 0 },
    { rows: softened(floats, shape.classes, 103), rule: RULES["adam"], smoothing: 0.2 },
    { rows: { ...randomRows(shape, "bytes", 101), scale: 0.01 }, rule: RULES["nesterov"], smoothing: 0.2 },
  ];
  let [parity, sums] = [NO_PARITY, 0];
  const found = () => ({ ...parity.stages, sums });
  for (const { rows, ...how } of runs) {
    const problem: DescentProblem = {
      classes: shape.classes,
      batchSize,
      intercept: true,
      ...how,
      kernels: kind,
    };
    const engine = await wasmEngine({ threads: 2, ...options });
    const { results } = await runAll(engine, rows, problem, startOf(tried));
    engine.close();
    parity = mergeParity(parity, parityOfAll(results, rows, problem));
    sums = Math.max(sums, sumsError(results, rows, problem));
    if (caught && (found()[caught] ?? 0) > 1) break;
  }
  return found();
}

/**
 * Compares the sums of each step with f64 sums of what it captured: the largest error ÷ the bound of that
 * many additions.
 */
function sumsError(
  results: readonly StepResult[],
  { labels, weights }: Rows,
  { classes }: DescentProblem,
): number {
  const ratios = results.flatMap(({ sums, passes }) => {
    if (!passes) throw new Error("a captured step came without its passes");
    const exact = { loss: 0, hits: 0, weight: 0 };
    passes.rows.forEach((row, n) => {
      const logits = passes.logits.subarray(n * classes, (n + 1) * classes);
      const weight = weights?.[row] ?? 1;
      const hit = logits.indexOf(Math.max(...logits)) === labels[row];
      exact.loss += passes.losses[n];
      exact.hits += hit ? weight : 0;
      exact.weight += weight;
    });
    const bound = passes.rows.length * 2 ** -52;
    return [
      Math.abs(sums.loss - exact.loss) / (bound * exact.loss),
      Math.abs(sums.hits - exact.hits) / (bound * exact.weight),
      Math.abs(sums.weight - exact.weight) / (bound * exact.weight),
    ];
  });
  return ratios.reduce((a, b) => (Number.isNaN(b) ? Infinity : Math.max(a, b)), 0);
}

const show = rhoTable<Caught>();

test.each(KERNELS)("the right kernels stay within the bound: %s", async (kernels) => {
  const found = await errors(kernels, {});
  show(`${kernels}: right`, found);
  for (const rho of Object.values(found)) expect(rho).toBeLessThan(0.5);
});

test.each(WRONG)("$file, $kernels, is caught when $what", async ({ what, file, edit, caught, kernels }) => {
  const found = await errors(kernels, { kernels: await editedKernels(file, ...edit) }, caught);
  show(`${file}, ${kernels}: ${what}`, found);
  expect(found[caught]).toBeGreaterThan(1);
});
