/**
 * Checks that the parity tests can fail: each wrong kernel, made by one edit of its source, must exceed the
 * error bound. The printed table says by how much, and how near the right kernels come to the bound.
 */
import { expect, test } from "vitest";
import type { DescentProblem, StepResult } from "../../src/engine/descent.js";
import type { Rows } from "../../src/core/rows.js";
import { NO_PARITY, mergeParity } from "../../src/parity/stages.js";
import {
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
import { editedKernels } from "./edited-assembly.js";
import { KERNELS, type KernelKind } from "../unit/engine/wasm/pinned.js";
import { rhoTable } from "./rho-table.js";
import { WRONG_DESCENTS } from "./wrong-assembly.js";
import { type WasmEdits, wasmEngine } from "../support/engines.js";

type Caught = (typeof WRONG_DESCENTS)[number]["caught"];

interface Case {
  readonly shape: Shape;
  readonly batchSize: number;
  /** Standard deviation of the weights. */
  readonly deviation: number;
}

// Steps of several ranges, chunks and tasks in each dimension, none of them full, on two threads.
const CASES: Readonly<Record<KernelKind, Case>> = {
  fused: { shape: { count: 1200, features: 30, classes: 11 }, batchSize: 601, deviation: 3 },
  tiled: { shape: { count: 700, features: 149, classes: 71 }, batchSize: 601, deviation: 0.5 },
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

function runsOf({ shape }: Case) {
  const floats = randomRows(shape, "f32", 101);
  return [
    { rows: floats, rule: RULES["adam"], smoothing: 0 },
    {
      rows: offset(softened(floats, shape.classes, 103), shape.classes, 104),
      rule: RULES["adam"],
      smoothing: 0.2,
    },
    {
      rows: { ...randomRows(shape, "bytes", 101), scale: 0.01 },
      rule: RULES["nesterov"],
      smoothing: 0.2,
      penaltyFactors: factorsOf(shape.features),
    },
  ];
}
const RUNS = { fused: runsOf(CASES.fused), tiled: runsOf(CASES.tiled) };

type Errors = Readonly<Partial<Record<Caught, number>>>;

/**
 * Runs all steps on floats with Adam, on soft targets and offsets, and on bytes with momentum, smoothed
 * labels and penalty factors. The odd scale of the bytes makes every multiplication by it visible. Stops
 * after the run in which an edit is caught.
 */
async function errors(kind: KernelKind, options: WasmEdits, caught?: Caught): Promise<Errors> {
  const tried = CASES[kind];
  const { shape, batchSize } = tried;
  let [parity, sums] = [NO_PARITY, 0];
  const found = () => ({ ...parity.stages, sums });
  for (const { rows, ...how } of RUNS[kind]) {
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

test.each(WRONG_DESCENTS)("$file, $kernels, is caught when $what", async (wrong) => {
  const { what, file, caught, kernels } = wrong;
  const found = await errors(kernels, { kernels: await editedKernels(wrong) }, caught);
  show(`${file}, ${kernels}: ${what}`, found);
  expect(found[caught]).toBeGreaterThan(1);
});
