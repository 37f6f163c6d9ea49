/** The logits of a model, in f64 and in blocks of rows. */
import { range } from "../core/random.js";
import type { FeatureRows } from "../core/rows.js";
import { DataError } from "../core/errors.js";
import { logits } from "../math/passes.js";
import { blocks } from "../math/row-blocks.js";
import { type Affine, featureBlock } from "./affine.js";
import type { ModelParts } from "./parts.js";

/** Returns the weights, bias and origin of a model in f64. */
export function affineOf(model: ModelParts): Affine {
  const weights = new Float64Array(model.weights.length + model.bias.length);
  weights.set(model.weights);
  weights.set(model.bias, model.weights.length);
  return { classes: model.classes.length, weights, ...(model.origin && { origin: model.origin }) };
}

/** Returns (rows, classes), flat. Throws a DataError that names the row where a logit is not finite. */
export function logitsOf(model: ModelParts, rows: FeatureRows): Float64Array {
  const { classes, weights, origin } = affineOf(model);
  const z = new Float64Array(rows.count * classes);
  for (const block of blocks(rows, classes)) {
    const part = featureBlock(rows, block, origin);
    z.set(logits(part, range(part.count), weights, classes), block[0] * classes);
  }
  const bad = z.findIndex((one) => !Number.isFinite(one));
  if (bad >= 0) {
    const at = Math.floor(bad / classes);
    const row = rows.numbers?.[at] ?? at;
    throw new DataError(
      `The logit of row ${row} for class ${String(model.classes[bad % classes])} is ${z[bad]}: ` +
        "its features are too large for the model. Check that x has the units of the training.",
    );
  }
  return z;
}
