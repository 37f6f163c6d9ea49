/** Rows of features to predict for, as callers pass them. */
import { isList } from "../core/checks.js";
import type { FeatureRows } from "../core/rows.js";
import { type Features, type TrainedFeatures, checkSizes, createFeatureRows } from "../data/features.js";
import { checkColumns } from "../data/feature-names.js";
import { checkFields } from "../data/fields.js";
import { type Offsets, checkOffsets } from "../data/offsets.js";
import type { ModelParts } from "./parts.js";

/** Rows of features, with their width and scale where those need to be said. */
interface InputRows {
  /** Rows of features: a flat typed array, row after row, or an array of rows. */
  readonly x: Features;
  /** Features in a row of a flat x. Default: as many as the model has. Any other number is a DataError. */
  readonly features?: number | undefined;
  /**
   * Value of a unit of a byte: features are `scale · byte`. Default: the scale of the training. For bytes
   * only.
   */
  readonly scale?: number | undefined;
  /**
   * (rows, classes) numbers added to the logits, in the order of the model's classes: required where the
   * model was trained with offsets, and only there.
   */
  readonly offsets?: Offsets | undefined;
  /** (features) The name of each feature, as `read` returns them: they must be those of the model. */
  readonly featureNames?: readonly string[] | undefined;
}

/** Rows of features to predict for: rows alone, or `{ x, features?, scale?, offsets? }`. */
export type Inputs = Features | InputRows;

/** Checks rows for a model. Throws a DataError where they are faulty or do not fit it. */
export function createInputRows(
  model: TrainedFeatures & Pick<ModelParts, "classes" | "offsets" | "featureNames">,
  inputs: Inputs,
): FeatureRows {
  const bare = isList(inputs) || inputs === undefined;
  if (!bare) checkFields(inputs, "");
  const given = bare ? { x: inputs } : inputs;
  const rows = createFeatureRows(given, "", model);
  checkSizes(rows, "", model);
  if (!bare) checkColumns({ featureNames: inputs.featureNames }, rows.features, "", model);
  const { offsets } = "offsets" in given ? given : {};
  return { ...rows, ...checkOffsets(offsets, rows.count, model.classes.length, "", model) };
}
