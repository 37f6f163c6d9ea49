/**
 * Problems that every engine is tested on: shapes that do not fit a tile, every type of features, every rule.
 */
import { type Random, randomIntegers, range, shuffle } from "../../src/core/random.js";
import type { Engine } from "../../src/engine/engine.js";
import type { DescentProblem, Step, StepResult, UpdateRule } from "../../src/engine/descent.js";
import type { FloatArray, Rows } from "../../src/core/rows.js";
import { softTargets } from "../../src/data/targets.js";
import { TINY, gamma, parityOf } from "../../src/parity/step.js";
import { NO_PARITY, type Parity, mergeParity } from "../../src/parity/stages.js";
import { LONG } from "../support/long.js";

export type Kind = "f16" | "f32" | "f64" | "bytes";

/** All types that this JavaScript has. */
const KINDS: readonly Kind[] = [
  "f32",
  "f64",
  "bytes",
  ...("Float16Array" in globalThis ? (["f16"] as const) : []),
];

/** Types that engines keep; f64 becomes f32. */
export const KEPT_KINDS = KINDS.filter((kind) => kind !== "f64");

/**
 * Types to test on a shape: f64, which takes the path of f32 once rows are placed, on that of 17 features
 * only. Types that are kept are tested on all shapes, except that `typed` lists those with this many
 * features where an engine reads each type by the same steps.
 */
export function kindsOf({ features }: Shape, typed?: readonly number[]): readonly Kind[] {
  if (LONG || features === 17) return KINDS;
  return typed && !typed.includes(features) ? ["f32"] : KEPT_KINDS;
}

export const RULES: Readonly<Record<string, UpdateRule>> = {
  sgd: { kind: "sgd", momentum: 0, nesterov: false },
  momentum: { kind: "sgd", momentum: 0.9, nesterov: false },
  nesterov: { kind: "sgd", momentum: 0.9, nesterov: true },
  adam: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0 },
  adamw: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0.1 },
};

export interface Shape {
  readonly count: number;
  readonly features: number;
  readonly classes: number;
}

/** Seeded rows with outliers, to strain the softmax, and with unequal weights, one of them 0. */
export function randomRows({ count, features, classes }: Shape, kind: Kind, seed: number): Rows {
  const random = randomIntegers(seed);
  const normal = () => gaussian(random);
  const labels = Uint32Array.from({ length: count }, () => random() % classes);
  const weights = Float32Array.from({ length: count }, (_, row) =>
    row === 1 ? 0 : 0.25 + (random() % 8) / 4,
  );
  const outlier = () => (random() % 50 === 0 ? 20 : 1);
  const value = () => normal() * outlier();
  const length = count * features;
  const shared = { count, features, labels, weights };
  if (kind === "bytes") {
    return { ...shared, x: new Uint8Array(length).map(() => random() % 256), scale: 1 / 255 };
  }
  if (kind === "f16") return { ...shared, x: new Float16Array(length).map(value), scale: 1 };
  const x = kind === "f32" ? new Float32Array(length).map(value) : new Float64Array(length).map(value);
  return { ...shared, x, scale: 1 };
}

/** The same rows with soft targets, some of them 0 and some equal, and with the labels that go with them. */
export function softened(rows: Rows, classes: number, seed: number): Rows {
  const random = randomIntegers(seed);
  const shares = Float64Array.from({ length: rows.count * classes }, (_, i) =>
    rows.labels[Math.floor(i / classes)] === i % classes ? 1 : (random() % 3) / 4,
  );
  for (let row = 0; row < rows.count; row++) {
    const own = shares.subarray(row * classes, (row + 1) * classes);
    const sum = own.reduce((a, b) => a + b, 0);
    own.forEach((share, k) => (own[k] = share / sum));
  }
  return { ...rows, ...softTargets(shares, classes, "y") };
}

/** The same rows with offsets, a few of them far from the others, and the largest of every row 0. */
export function offset(rows: Rows, classes: number, seed: number): Rows {
  const random = randomIntegers(seed);
  const offsets = new Float32Array(rows.count * classes).map(
    () => 2 * gaussian(random) * (random() % 20 === 0 ? 10 : 1),
  );
  for (let row = 0; row < rows.count; row++) {
    const own = offsets.subarray(row * classes, (row + 1) * classes);
    const most = own.reduce((a, b) => Math.max(a, b));
    own.forEach((one, k) => (own[k] = one - most));
  }
  return { ...rows, offsets };
}

export function randomWeights({ features, classes }: Shape, seed: number, size = 0.5): Float32Array {
  const random = randomIntegers(seed);
  return new Float32Array((features + 1) * classes).map(() => size * gaussian(random));
}

/**
 * The l2 and l1 penalties of the features, repeated in a cycle. They are f32 values, so that all engines have
 * the same.
 */
const PENALTIES = Float32Array.of(0.02, 0.5, 0, 0.1, 3);
const L1 = Float32Array.of(0.25, 0, 0.5);

/** Penalties that differ between features, some of them 0. */
export function penaltiesOf(features: number): { penalties: Float32Array; l1: Float32Array } {
  const over = (some: Float32Array) =>
    Float32Array.from({ length: features }, (_, d) => some[d % some.length]);
  return { penalties: over(PENALTIES), l1: over(L1) };
}

/** Factors on the penalty that differ between features, some of them 0. They are f32 values. */
export function factorsOf(features: number): Float32Array {
  return Float32Array.from({ length: features }, (_, d) => [0, 0.3, 40, 1, 7][d % 5]);
}

/** Steps over all rows in a shuffled order, the last one partial, as the solver plans them. */
export function plan(rows: Rows, batchSize: number, capture = true): { order: Uint32Array; steps: Step[] } {
  const order = range(rows.count);
  shuffle(order, randomIntegers(7));
  const steps = Array.from({ length: Math.ceil(rows.count / batchSize) }, (_, n) => {
    const first = n * batchSize;
    const size = Math.min(batchSize, rows.count - first);
    return {
      first,
      rows: size,
      learningRate: 0.05 / (n + 1),
      gradientScale: 1 / size,
      penalty: 0.01,
      capture,
    };
  });
  return { order, steps };
}

/**
 * Runs the steps of one pass over the rows from the given weights, and returns their results and the final
 * weights.
 */
export async function runAll(
  engine: Engine,
  rows: Rows,
  problem: DescentProblem,
  weights: FloatArray,
  capture = true,
): Promise<{ results: StepResult[]; weights: FloatArray }> {
  const placement = await engine.place(rows);
  const descent = await placement.descent(problem, weights);
  try {
    const { order, steps } = plan(rows, problem.batchSize, capture);
    const results: StepResult[] = [];
    for await (const result of descent.run([{ order, steps }])) results.push(result);
    return { results, weights: await descent.weights() };
  } finally {
    descent.release();
    placement.release();
  }
}

/** The parity of all captured steps, whose loss is that of each row and of their sum. */
export function parityOfAll(results: readonly StepResult[], rows: Rows, problem: DescentProblem): Parity {
  return results
    .flatMap(({ passes, sums }) =>
      passes ? [parityOf(passes, rows, problem), parityOfSum(sums.loss, passes.losses)] : [],
    )
    .reduce(mergeParity, NO_PARITY);
}

/** The error of a sum of losses in f32, over that of adding them in any order. */
function parityOfSum(sum: number, losses: FloatArray): Parity {
  const exact = Float64Array.from(losses).reduce((total, loss) => total + loss, 0);
  const size = Float64Array.from(losses, Math.abs).reduce((total, loss) => total + loss, 0);
  const bound = gamma(losses.length) * size + TINY;
  const rho = Math.abs(sum - exact) / bound;
  return { ...NO_PARITY, rho, stages: { loss: rho } };
}

/** A normal draw (Box and Muller). */
function gaussian(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log((random() + 1) / (2 ** 32 + 1)));
  return radius * Math.cos((2 * Math.PI * random()) / 2 ** 32);
}
