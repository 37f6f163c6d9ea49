/** Checks that a training and an objective give the same bits on any number of threads. */
import { describe, expect, test } from "vitest";
import { randomIntegers, range, shuffle } from "../../../../src/core/random.js";
import type { Placement } from "../../../../src/engine/engine.js";
import type { ObjectiveProblem } from "../../../../src/engine/objective.js";
import type { DescentProblem } from "../../../../src/engine/descent.js";
import type { Rows } from "../../../../src/core/rows.js";
import {
  KEPT_KINDS,
  type Kind,
  RULES,
  type Shape,
  parityOfAll,
  penaltiesOf,
  plan,
  randomRows,
  randomWeights,
} from "../../../conformance/problems.js";
import { KERNELS, type KernelKind } from "./pinned.js";
import { type WasmEdits, wasmEngine } from "../../../support/engines.js";
import { LONG } from "../../../support/long.js";

interface Case {
  readonly shape: Shape;
  readonly batchSize: number;
}

/**
 * Two steps with work for seven threads, of several ranges or chunks, whose sizes are no multiples of four.
 */
export const CASES: Readonly<Record<KernelKind, Case>> = {
  fused: { shape: { count: 2490, features: 21, classes: 11 }, batchSize: 2101 },
  tiled: { shape: { count: 1490, features: 21, classes: 70 }, batchSize: 1101 },
};
/** The same for an objective whose vectors span several ranges too. */
export const OBJECTIVES: Readonly<Record<KernelKind, Case>> = {
  fused: { shape: { count: 3690, features: 401, classes: 11 }, batchSize: 3301 },
  tiled: { shape: { count: 1890, features: 141, classes: 71 }, batchSize: 1501 },
};
export const MOST_THREADS = 7;
const SEVERAL = LONG ? [2, 3, 4, 5, 6, MOST_THREADS] : [2, 3, MOST_THREADS];

/** Everything that a training computes, with and without capture. */
export async function trained(kernels: KernelKind, rows: Rows, options: WasmEdits) {
  const { shape, batchSize } = CASES[kernels];
  const problem: DescentProblem = {
    classes: shape.classes,
    batchSize,
    intercept: true,
    rule: RULES["adam"],
    kernels,
  };
  const engine = await wasmEngine(options);
  try {
    const placement = await engine.place(rows);
    const descent = await placement.descent(problem, randomWeights(shape, 142, 0.1));
    const results = [];
    for (const capture of [true, false, false, false]) {
      const { order, steps } = plan(rows, batchSize, capture);
      for await (const result of descent.run([{ order, steps }])) results.push(result);
    }
    const evaluated = await descent.evaluate(plan(rows, batchSize).order);
    return { problem, results, evaluated, weights: await descent.weights() };
  } finally {
    engine.close();
  }
}

/** A problem on `batchSize` of the rows, in a random order. */
export function objectiveProblem(kernels: KernelKind, { shape, batchSize }: Case): ObjectiveProblem {
  const order = range(shape.count);
  shuffle(order, randomIntegers(143));
  const rows = order.subarray(0, batchSize);
  return {
    classes: shape.classes,
    intercept: true,
    scale: 1 / batchSize,
    ...penaltiesOf(shape.features),
    rows,
    kernels,
  };
}

/** Everything that an objective computes, requested one by one and many at a time. */
export async function answers(placement: Placement, problem: ObjectiveProblem, features: number) {
  const objective = await placement.objective(problem);
  const { space } = objective;
  try {
    const shape = { count: 0, features, classes: problem.classes };
    const [w, p] = [144, 145].map((seed) => space.vector(randomWeights(shape, seed, 0.1)));
    const [g, moved, curved, multiplied, steep, within, free] = Array.from({ length: 7 }, () =>
      space.vector(),
    );
    const size = features + 1;
    const symmetric = Float32Array.from({ length: size ** 2 }, (_, i) =>
      Math.cos((i % size) * Math.floor(i / size)),
    );
    const sums = [await objective.linearize(w, g)];
    const gradients = [await space.read(g)];
    objective.setDirection(p);
    const trials = objective.evaluateAlong([0, 0.5, -1]);
    trials.catch(() => {}); // if the engine fails, an earlier await reports it
    space.multiply(multiplied, space.matrix(symmetric), g);
    objective.curvature(p, curved);
    space.centre(curved);
    space.combine(moved, [[1, w], [0.5, p], [-2, g]]); // prettier-ignore
    space.subgradient(steep, w, g);
    space.orthant(within, w, p, steep);
    space.restrict(free, p, within, steep);
    const products = [];
    for (let n = 0; n < 10; n++) {
      sums.push(await objective.step(0.1, moved, g));
      products.push(await space.products([[g, g], [g, p], [curved, multiplied]])); // prettier-ignore
      gradients.push(await space.read(g));
    }
    return {
      sums,
      gradients,
      trials: await trials,
      products,
      vectors: await Promise.all(
        [moved, curved, multiplied, steep, within, free].map((vector) => space.read(vector)),
      ),
      logits: await objective.logits(),
      evaluated: await objective.evaluate(moved, problem.rows.subarray(3)),
    };
  } finally {
    objective.release();
  }
}

/** The answers of the objective of these kernels' case. */
export async function answered(kernels: KernelKind, rows: Rows, options: WasmEdits) {
  const engine = await wasmEngine(options);
  try {
    const placement = await engine.place(rows);
    const tried = OBJECTIVES[kernels];
    return await answers(placement, objectiveProblem(kernels, tried), tried.shape.features);
  } finally {
    engine.close();
  }
}

export function threadsAgree(kinds: readonly Kind[] = KEPT_KINDS): void {
  describe.each(KERNELS)("%s kernels", (kernels) => {
    test.each(kinds)(
      "on %s give the same bits on any number of threads, and they are right",
      async (kind) => {
        const rows = randomRows(CASES[kernels].shape, kind, 141);
        const alone = await trained(kernels, rows, { threads: 1 });
        expect(alone.results).toHaveLength(8);
        expect(parityOfAll(alone.results, rows, alone.problem).rho).toBeLessThan(1);
        for (const threads of SEVERAL) {
          expect(await trained(kernels, rows, { threads })).toEqual(alone);
        }
      },
    );

    test.each(kinds)("of an objective on %s give the same bits on any number of threads", async (kind) => {
      const rows = randomRows(OBJECTIVES[kernels].shape, kind, 141);
      const alone = await answered(kernels, rows, { threads: 1 });
      expect(alone.products).toHaveLength(10);
      for (const threads of SEVERAL) {
        expect(await answered(kernels, rows, { threads })).toEqual(alone);
      }
    });
  });
}
