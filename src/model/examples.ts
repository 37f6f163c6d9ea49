/** Scores single examples by loss, margin and gradient. */
import { type Rows, squares } from "../core/rows.js";
import { range } from "../core/random.js";
import { logits, residual } from "../math/passes.js";
import { type Affine, rowBlock } from "./affine.js";
import { blocks } from "../math/row-blocks.js";

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

/** Scores every row in one pass. */
export function exampleScores(rows: Rows, { weights, classes, origin }: Affine): ExampleScores {
  const { weights: _, ...equal } = rows;
  const scores = {
    loss: new Float64Array(rows.count),
    margin: new Float64Array(rows.count),
    el2n: new Float64Array(rows.count),
    gradientNorm: new Float64Array(rows.count),
  };
  for (const block of blocks(rows, classes)) {
    const part = rowBlock(equal, block, origin);
    const all = range(part.count);
    const z = logits(part, all, weights, classes);
    const { residual: r, losses } = residual(part, all, z, classes);
    block.forEach((row, n) => {
      const own = n * classes;
      scores.loss[row] = losses[n];
      scores.margin[row] = margin(z.subarray(own, own + classes), rows.labels[row]);
      scores.el2n[row] = Math.sqrt(squares(r, own, classes));
      const square = part.scale ** 2 * squares(part.x, n * part.features, part.features);
      scores.gradientNorm[row] = scores.el2n[row] * Math.sqrt(square + 1);
    });
  }
  return scores;
}

function margin(z: Float64Array, label: number): number {
  let other = -Infinity;
  for (let k = 0; k < z.length; k++) if (k !== label && z[k] > other) other = z[k];
  return z[label] - other;
}
