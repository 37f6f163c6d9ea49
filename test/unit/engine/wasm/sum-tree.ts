/** Computes all sums over rows of the wasm engine, for cases whose rows are many ranges or groups of them. */
import { randomIntegers } from "../../../../src/core/random.js";
import type { Rows } from "../../../../src/core/rows.js";
import type { Engine } from "../../../../src/engine/engine.js";
import type { ObjectiveProblem } from "../../../../src/engine/objective.js";
import { RULES, type Shape, randomRows, randomWeights } from "../../../conformance/problems.js";
import type { KernelKind } from "./pinned.js";

export interface SumCase {
  readonly kernels: KernelKind;
  readonly shape: Shape;
  /** Rows of a pass, which repeats the few rows that are placed. */
  readonly passRows: number;
  /** Rows of aligned groups whose sums are nodes of the tree. */
  readonly nodes: readonly number[];
}

const GROUP = 2 ** 18;
export const SUM_CASES: readonly SumCase[] = [
  {
    kernels: "fused", // 12 ranges of 256 rows in one group
    shape: { count: 300, features: 60, classes: 11 },
    passRows: 11 * 256 + 57,
    nodes: [256, 512, 2048],
  },
  {
    kernels: "fused", // 6 groups of 1024 ranges
    shape: { count: 300, features: 3, classes: 3 },
    passRows: 5 * GROUP + 256 * 5 + 3,
    nodes: [GROUP / 2, 2 * GROUP, 4 * GROUP],
  },
  {
    kernels: "tiled", // 7 ranges of 4096 rows, each of 8 chunks
    shape: { count: 300, features: 21, classes: 70 },
    passRows: 6 * 4096 + 2 * 512 + 35,
    nodes: [4096, 2 * 4096, 4 * 4096],
  },
];

/** Of the weights: losses are then so different that their sums are not exact in f64. */
const DEVIATION = 2;

/** Sums in f64 and vectors in f32. */
export interface RowSums {
  readonly sums: readonly number[];
  readonly vectors: readonly Float32Array[];
}

export function addRowSums(left: RowSums, right: RowSums): RowSums {
  return {
    sums: left.sums.map((sum, i) => sum + right.sums[i]),
    vectors: left.vectors.map((vector, n) => vector.map((value, i) => value + right.vectors[n][i])),
  };
}

export function placedRows({ shape }: SumCase): Rows {
  return randomRows(shape, "f32", 51);
}

/** The row numbers of a pass of the case, in a random order. */
export function passOf({ shape, passRows }: SumCase): Uint32Array {
  const random = randomIntegers(52);
  return Uint32Array.from({ length: passRows }, () => random() % shape.count);
}

/** All that an objective of the given rows sums over them, without penalties and unscaled. */
export async function objectiveSums(
  engine: Engine,
  of: SumCase,
  rows: Uint32Array,
  settings: Partial<ObjectiveProblem> = {},
): Promise<RowSums> {
  const { kernels, shape } = of;
  const { classes, features } = shape;
  const penalties = new Float64Array(features);
  const placement = await engine.place(placedRows(of));
  const problem = { classes, intercept: true, scale: 1, penalties, rows, kernels };
  const objective = await placement.objective({ ...problem, ...settings });
  const { space } = objective;
  try {
    const [w, v] = [53, 54].map((seed) => space.vector(randomWeights(shape, seed, DEVIATION)));
    const gradients = Array.from({ length: 3 }, () => space.vector());
    const sums = [await objective.linearize(w, gradients[0])];
    objective.curvature(v, gradients[1]);
    objective.setDirection(v);
    const trials = await objective.evaluateAlong([0.5, 2]);
    sums.push(await objective.step(0.5, w, gradients[2]), await objective.evaluate(v, rows));
    const vectors = await Promise.all(gradients.map((gradient) => space.read(gradient)));
    return {
      sums: [
        ...sums.flatMap(({ loss, hits, weight }) => [loss, hits, weight]),
        ...trials.flatMap(({ loss, slope, curvature }) => [loss, slope, curvature]),
      ],
      vectors: vectors.map((vector) => Float32Array.from(vector)),
    };
  } finally {
    objective.release();
    placement.release();
  }
}

/** The gradient and the sums of a step over the given rows, and the sums of their evaluation before it. */
export async function descentSums(
  engine: Engine,
  of: SumCase,
  rows: Uint32Array,
  batchSize = rows.length,
): Promise<RowSums> {
  const { kernels, shape } = of;
  const placement = await engine.place(placedRows(of));
  const problem = { classes: shape.classes, batchSize, intercept: true, rule: RULES["sgd"], kernels };
  const descent = await placement.descent(problem, randomWeights(shape, 53, DEVIATION));
  try {
    const found = [await descent.evaluate(rows)];
    const step = { first: 0, rows: batchSize, learningRate: 0, gradientScale: 1, penalty: 0, capture: true };
    const vectors: Float32Array[] = [];
    for await (const { sums, passes } of descent.run([{ order: rows, steps: [step] }])) {
      found.push(sums);
      vectors.push(Float32Array.from(passes?.gradient ?? []));
    }
    return { sums: found.flatMap(({ loss, hits, weight }) => [loss, hits, weight]), vectors };
  } finally {
    descent.release();
    placement.release();
  }
}
