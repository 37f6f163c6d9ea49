/** What a training has made: a model. */
import type { Label } from "./data/labels.js";
import { fromStandardised } from "./data/standardisation.js";
import type { FloatArray } from "./engine/engine.js";
import { DivergenceError } from "./errors.js";
import { SoftmaxModel } from "./model/model.js";
import type { ModelParts } from "./model/parts.js";
import type { Parity } from "./parity.js";
import type { Outcome } from "./solve/solver.js";
import type { Task } from "./task.js";

/** Throws a DivergenceError where a weight is not finite. */
export function modelOf<L extends Label>(
  { rows, classes, scale, standardisation }: Pick<Task<L>, "rows" | "classes" | "scale" | "standardisation">,
  { weights: found, ...outcome }: Outcome,
  engine: ModelParts<L>["engine"],
  parity?: Parity,
): SoftmaxModel<L> {
  const weights = standardisation ? fromStandardised(found, standardisation, classes.length) : found;
  checkWeights(weights, outcome.iterations);
  const intercepts = rows.features * classes.length;
  return new SoftmaxModel({
    ...outcome,
    classes,
    features: rows.features,
    ...(scale !== undefined && { scale }),
    weights: Float32Array.from(weights.subarray(0, intercepts)),
    bias: Float32Array.from(weights.subarray(intercepts)),
    engine,
    ...(parity && { parity }),
  });
}

/** Weights that are not finite are never handed out as a model. */
function checkWeights(weights: FloatArray, iterations: number): void {
  const bad = weights.findIndex((value: number) => !Number.isFinite(Math.fround(value)));
  if (bad < 0) return;
  throw new DivergenceError(
    iterations,
    `After step ${iterations} a weight is ${weights[bad]}: the training diverged. Lower learningRate, or bring the features to a range near 1.`,
  );
}
