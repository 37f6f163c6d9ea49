/** Training on any number of threads gives the same bits. */
import { describe, expect, test } from "vitest";
import type { Problem, Rows } from "../../../src/engine/engine.js";
import { type WasmOptions, wasmEngine } from "../../../src/engine/wasm/engine.js";
import { KINDS, RULES, type Shape, parityOfAll, plan, randomRows, randomWeights } from "../problems.js";
import { KERNELS, type KernelKind } from "./pinned.js";

/** Two steps with work for seven threads, of several ranges or chunks, none of whole fours. */
export const CASES: Readonly<Record<KernelKind, { readonly shape: Shape; readonly batchSize: number }>> = {
  fused: { shape: { count: 2490, features: 21, classes: 11 }, batchSize: 2101 },
  tiled: { shape: { count: 1490, features: 21, classes: 70 }, batchSize: 1101 },
};
export const MOST_THREADS = 7;

/** Everything that a training computes, captured and not. */
export async function trained(kernels: KernelKind, rows: Rows, options: WasmOptions) {
  const { shape, batchSize } = CASES[kernels];
  const problem: Problem = {
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
      for await (const result of descent.run(order, steps)) results.push(result);
    }
    const evaluated = await descent.evaluate(plan(rows, batchSize).order);
    return { problem, results, evaluated, weights: await descent.weights() };
  } finally {
    engine.close();
  }
}

export function threadsAgree(): void {
  describe.each(KERNELS)("%s kernels", (kernels) => {
    test.each(KINDS.filter((kind) => kind !== "f64"))(
      "on %s give the same bits on 1, 2, 3, 4 and 7 threads, and they are right",
      async (kind) => {
        const rows = randomRows(CASES[kernels].shape, kind, 141);
        const alone = await trained(kernels, rows, { threads: 1 });
        expect(alone.results).toHaveLength(8);
        expect(parityOfAll(alone.results, rows, alone.problem).rho).toBeLessThan(1);
        for (const threads of [2, 3, 4, MOST_THREADS]) {
          expect(await trained(kernels, rows, { threads })).toEqual(alone);
        }
      },
    );
  });
}
