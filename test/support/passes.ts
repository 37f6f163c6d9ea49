/** Runs steps on the reference engine and returns everything that their passes computed. */
import type { Passes, DescentProblem, Step, UpdateRule } from "../../src/engine/descent.js";
import type { FloatArray, Rows } from "../../src/core/rows.js";
import { range } from "../../src/core/random.js";
import { referenceEngine } from "../../src/engine/reference/engine.js";

export const PLAIN: UpdateRule = { kind: "sgd", momentum: 0, nesterov: false };

export function problemOf(
  classes: number,
  batchSize: number,
  more: Partial<DescentProblem> = {},
): DescentProblem {
  return { classes, batchSize, intercept: true, rule: PLAIN, ...more };
}

/**
 * Runs the steps one after another on all rows (or on `step.rows` of them) and returns the passes of each.
 */
export async function passesOf(
  rows: Rows,
  problem: DescentProblem,
  weights: FloatArray,
  steps: readonly Partial<Step>[],
): Promise<Passes[]> {
  const placement = await referenceEngine().place(rows);
  const descent = await placement.descent(problem, weights);
  const whole = steps.map((step) => ({
    first: 0,
    rows: rows.count,
    learningRate: 0.1,
    gradientScale: 1,
    penalty: 0,
    ...step,
    capture: true,
  }));
  const found: Passes[] = [];
  for await (const { passes } of descent.run([{ order: range(rows.count), steps: whole }]))
    if (passes) found.push(passes);
  return found;
}

/** G = Σ [x, 1] ⊗ r at these weights, with J and the passes behind it. */
export async function gradientAt(
  rows: Rows,
  classes: number,
  weights: FloatArray,
): Promise<{ readonly gradient: FloatArray; readonly loss: number; readonly passes: Passes }> {
  const [passes] = await passesOf(rows, problemOf(classes, rows.count), weights, [{}]);
  return { gradient: passes.gradient, loss: Array.from(passes.losses).reduce((a, b) => a + b, 0), passes };
}
