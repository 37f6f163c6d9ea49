/** Builds models from given weights, without training. */
import { type Label, type ModelParts, SoftmaxModel } from "../../src/index.js";

/** A model with the given weights (features, classes), as if a training had ended with them. */
export function modelOf<L extends Label>(
  classes: readonly L[],
  weights: readonly (readonly number[])[],
  bias: readonly number[] = classes.map(() => 0),
  more: Partial<ModelParts<L>> = {},
): SoftmaxModel<L> {
  return new SoftmaxModel({
    classes,
    features: weights.length,
    weights: Float32Array.from(weights.flat()),
    bias: Float64Array.from(bias),
    history: [],
    converged: false,
    reason: "set by hand",
    iterations: 0,
    warnings: [],
    engine: { name: "reference", adapter: "none", kernels: "table", why: "set by hand" },
    ...more,
  });
}
