/** The cost of rounding a model's weights to f32. */
import type { ObjectiveProblem } from "../../engine/objective.js";
import type { FloatArray } from "../../core/rows.js";
import { type Method, type Point, readWeights } from "./method.js";

/**
 * Returns how much F rises when `round` rounds the weights, (features + 1, classes), as the model will have
 * them; 0 for methods that compute in f32. Moves the objective to the rounded weights.
 */
export async function roundingLoss(
  method: Method,
  { sums }: Point,
  { classes, scale, l1 }: ObjectiveProblem,
  round: (weights: FloatArray) => FloatArray,
): Promise<number> {
  const { objective } = method;
  const { space } = objective;
  if (space.precision > 2 ** -53) return 0;
  const found = await readWeights(method);
  const handedOut = round(found);
  const rounded = space.vector(handedOut);
  const [{ loss }, [before, after]] = await Promise.all([
    objective.linearize(rounded, space.vector()),
    space.products([
      [method.weights, method.weights],
      [rounded, rounded],
    ]),
  ]);
  let lasso = 0;
  for (let i = 0; i < (l1?.length ?? 0) * classes; i++) {
    lasso += (l1?.[Math.floor(i / classes)] ?? 0) * (Math.abs(handedOut[i]) - Math.abs(found[i]));
  }
  const penalty = (after.penalised - before.penalised) / 2 + lasso;
  return Math.max(0, scale * (loss - sums.loss) + penalty);
}
