/** What a training has made: a model. */
import type { Label } from "./data/labels.js";
import { fromUnits } from "./data/units.js";
import type { FloatArray } from "./engine/engine.js";
import { DivergenceError } from "./errors.js";
import { SoftmaxModel } from "./model/model.js";
import type { ModelParts } from "./model/parts.js";
import type { Parity } from "./parity.js";
import type { Outcome } from "./solve/solver.js";
import type { Task } from "./task.js";

/** Throws a DivergenceError where a weight is not finite. */
export function modelOf<L extends Label>(
  { rows, classes, scale, units }: Pick<Task<L>, "rows" | "classes" | "scale" | "units">,
  { weights: found, ...outcome }: Outcome,
  engine: ModelParts<L>["engine"],
  parity?: Parity,
): SoftmaxModel<L> {
  const original = fromUnits(found, classes.length, units);
  checkFinite(original.weights, outcome.iterations);
  checkFinite(original.bias, outcome.iterations);
  return new SoftmaxModel({
    ...outcome,
    classes,
    features: rows.features,
    ...(scale !== undefined && { scale }),
    ...original,
    engine,
    ...(parity && { parity }),
  });
}

/** Weights that are not finite are never handed out as a model. */
function checkFinite(weights: FloatArray, iterations: number): void {
  const bad = weights.findIndex((value: number) => !Number.isFinite(value));
  if (bad < 0) return;
  throw new DivergenceError(
    iterations,
    `After step ${iterations} a weight is ${weights[bad]}: the training diverged, or the weight is beyond f32 (3.4e38). ` +
      "Lower learningRate, or bring the features to a range near 1.",
  );
}
