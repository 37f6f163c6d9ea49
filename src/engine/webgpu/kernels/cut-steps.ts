/** Cuts the steps of a descent to fit an adapter, for any choice of kernels. */
import type { FloatArray, RowHead } from "../../../core/rows.js";
import type { Capacity } from "../device/capacity.js";
import { choices } from "./choice.js";
import { checkWeights, cutShape, shapeOf } from "./cut.js";
import { cutFused, cutWholeSteps } from "./cut-fused.js";
import { cutSplit } from "./cut-split.js";
import { cutTiled } from "./cut-tiled.js";
import type { Tiling } from "./tiling.js";

/**
 * Cuts a problem for a choice of kernels, by default the table's, which is the first candidate. Throws a
 * DeviceError if the weights, with factors on the penalty where there are any, exceed a binding.
 */
export function cutSteps(
  rows: RowHead,
  classes: number,
  batchSize: number,
  capacity: Capacity,
  choice = choices(shapeOf(rows, classes, batchSize, capacity), capacity)[0],
  penaltyFactors?: FloatArray,
): Tiling {
  const shape = cutShape(rows, classes, capacity);
  const cutBy = { tiled: cutTiled, split: cutSplit, fused: cutFused, steps: cutWholeSteps }[choice.kind];
  const cut = cutBy(shape, batchSize, capacity, choice);
  checkWeights(rows, cut, capacity, penaltyFactors && cut.features4);
  return cut;
}
