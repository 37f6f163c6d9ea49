/** Evaluates the objective and its gradient in f64, to compare solvers independently of their engine. */
import type { SoftmaxModel } from "../../../src/index.js";
import type { Rows } from "../../../src/core/rows.js";
import { gradient, logits, residual } from "../../../src/math/passes.js";
import { range } from "../../../src/core/random.js";
import { rowBlock } from "../../../src/model/statistics/affine.js";
import { blocks } from "../../../src/math/row-blocks.js";

export interface Weighed {
  /** F = mean loss + l2/2·‖W‖², with no penalty on the intercept. */
  readonly objective: number;
  /** The largest |∂F/∂w|. */
  readonly gradientMax: number;
}

/** Evaluates a model on rows whose labels are indices into the model's classes. */
export function weigh(
  { weights, bias, origin, classes }: SoftmaxModel<number>,
  rows: Rows,
  l2: number,
): Weighed {
  const k = classes.length;
  const w = Float64Array.of(...weights, ...bias); // (features + 1, classes)
  const g = new Float64Array(w.length);
  let loss = 0;
  for (const block of blocks(rows, k)) {
    const part = rowBlock(rows, block, origin);
    const all = range(part.count);
    const { residual: r, sums } = residual(part, all, logits(part, all, w, k), k);
    gradient(part, all, r, k, g);
    loss += sums.loss;
  }
  let [square, gradientMax] = [0, 0];
  g.forEach((sum, i) => {
    const penalised = i < weights.length ? w[i] : 0;
    square += penalised ** 2;
    gradientMax = Math.max(gradientMax, Math.abs(sum / rows.count + l2 * penalised));
  });
  return { objective: loss / rows.count + (l2 / 2) * square, gradientMax };
}
