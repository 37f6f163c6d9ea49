/** Rows of features to predict for, as callers pass them. */
import { isList } from "../core/checks.js";
import type { FeatureRows } from "../core/rows.js";
import { type Features, type TrainedFeatures, checkSizes, createFeatureRows } from "../data/features.js";
import { checkFields } from "../data/fields.js";

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
}

/** Rows of features to predict for: rows alone, or `{ x, features?, scale? }`. */
export type Inputs = Features | InputRows;

/** Checks rows for a model. Throws a DataError where they are faulty or do not fit it. */
export function createInputRows(model: TrainedFeatures, inputs: Inputs): FeatureRows {
  const bare = isList(inputs) || inputs === undefined;
  if (!bare) checkFields(inputs, "");
  const rows = createFeatureRows(bare ? { x: inputs } : inputs, "", model);
  checkSizes(rows, "", model);
  return rows;
}
