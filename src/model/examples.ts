/** Scores single examples by loss, margin and gradient. */
import { range } from "../core/random.js";
import { type Rows, squares } from "../core/rows.js";
import { residual } from "../math/passes.js";
import type { LogitBlock } from "./engine-logits.js";

/**
 * Scores of each example, as `model.examples` returns them. Every array is (rows). Example weights do not
 * enter.
 */
export interface ExampleScores {
  /** −log p of the true class. */
  readonly loss: Float64Array;
  /** Logit of the true class minus the largest other logit. Negative where the model is wrong. */
  readonly margin: Float64Array;
  /** ‖s − y‖₂, the error L2 norm (Paul, Ganguli & Dziugaite 2021). */
  readonly el2n: Float64Array;
  /** ‖s − y‖·‖[x − origin, 1]‖, the norm of the example's gradient [x − origin, 1] ⊗ (s − y). */
  readonly gradientNorm: Float64Array;
}

/** Scores every row in one pass over their logits. */
export async function exampleScores(
  rows: Rows,
  classes: number,
  origin: Float64Array | undefined,
  blocks: AsyncIterable<LogitBlock>,
): Promise<ExampleScores> {
  const scores = {
    loss: new Float64Array(rows.count),
    margin: new Float64Array(rows.count),
    el2n: new Float64Array(rows.count),
    gradientNorm: new Float64Array(rows.count),
  };
  const { weights: _, ...equal } = rows;
  for await (const { first, count, z } of blocks) {
    const exact = Float64Array.from(z);
    const part = { ...equal, labels: rows.labels.subarray(first, first + count) };
    const { residual: r, losses } = residual(part, range(count), exact, classes);
    for (let n = 0; n < count; n++) {
      const [row, own] = [first + n, n * classes];
      scores.loss[row] = losses[n];
      scores.margin[row] = margin(exact.subarray(own, own + classes), part.labels[n]);
      scores.el2n[row] = Math.sqrt(squares(r, own, classes));
      scores.gradientNorm[row] = scores.el2n[row] * Math.sqrt(squareOf(rows, row, origin) + 1);
    }
  }
  return scores;
}

function margin(z: Float64Array, label: number): number {
  let other = -Infinity;
  for (let k = 0; k < z.length; k++) if (k !== label && z[k] > other) other = z[k];
  return z[label] - other;
}

/** Returns ‖x − origin‖² of a row. */
function squareOf({ x, features, scale }: Rows, row: number, origin: Float64Array | undefined): number {
  let sum = 0;
  for (let d = 0; d < features; d++) sum += (scale * x[row * features + d] - (origin ? origin[d] : 0)) ** 2;
  return sum;
}
