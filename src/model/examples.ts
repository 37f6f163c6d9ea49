import type { FloatArray, Rows } from "../engine/engine.js";
import { logits, residual } from "../engine/reference/passes.js";
import { blocks } from "./blocks.js";

/** What each example is worth to a training. All are (rows), and the example's own: its weight is not in them. */
export interface ExampleScores {
  /** −log of the probability given to the true class. */
  readonly loss: Float64Array;
  /** Logit of the true class less the largest other: below 0 where the model is wrong. */
  readonly margin: Float64Array;
  /** ‖s − y‖₂, the error L2 norm (Paul, Ganguli & Dziugaite 2021). */
  readonly el2n: Float64Array;
  /** ‖s − y‖·‖[x, 1]‖, the norm of the example's gradient [x, 1] ⊗ (s − y). */
  readonly gradientNorm: Float64Array;
}

/** Scores every row in one pass. weights: (features + 1, classes) */
export function exampleScores(rows: Rows, weights: FloatArray, classes: number): ExampleScores {
  const { weights: _, ...equal } = rows;
  const scores = {
    loss: new Float64Array(rows.count),
    margin: new Float64Array(rows.count),
    el2n: new Float64Array(rows.count),
    gradientNorm: new Float64Array(rows.count),
  };
  for (const order of blocks(rows, classes)) {
    const z = logits(rows, order, weights, classes);
    const { residual: r, losses } = residual(equal, order, z, classes);
    order.forEach((row, n) => {
      const own = n * classes;
      scores.loss[row] = losses[n];
      scores.margin[row] = margin(z.subarray(own, own + classes), rows.labels[row]);
      scores.el2n[row] = Math.sqrt(squares(r, own, classes));
      scores.gradientNorm[row] =
        scores.el2n[row] *
        Math.sqrt(rows.scale ** 2 * squares(rows.x, row * rows.features, rows.features) + 1);
    });
  }
  return scores;
}

function margin(z: Float64Array, label: number): number {
  let other = -Infinity;
  for (let k = 0; k < z.length; k++) if (k !== label && z[k] > other) other = z[k];
  return z[label] - other;
}

/** Σ v² of `count` values from `first` on. */
export function squares(values: Rows["x"], first: number, count: number): number {
  let sum = 0;
  for (let i = first; i < first + count; i++) sum += values[i] ** 2;
  return sum;
}
