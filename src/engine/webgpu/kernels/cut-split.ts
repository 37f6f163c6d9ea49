/** Cuts a problem of few classes for a GPU, whose threads share rows by their features. */
import type { Capacity } from "../device/capacity.js";
import { type KernelChoice, SPLIT_LANES, SPLIT_WORKGROUP, splitPart4 } from "./choice.js";
import { OVERHEAD4, type Shape, cutBlocks } from "./cut.js";
import type { SplitTiling } from "./tiling.js";

export function cutSplit(
  shape: Shape,
  batchSize: number,
  capacity: Capacity,
  choice: KernelChoice,
): SplitTiling {
  const { features4, classes } = shape;
  const { rows, vectors, span } = choice;
  const classes4 = Math.ceil(classes / 4);
  const count = 4 * features4 * classes4;
  const macs = 8 * (features4 + OVERHEAD4) * classes; // of both products
  const bytes = 16 * (2 * classes4 + 1); // of a record
  const blocks = cutBlocks(shape, { count, span }, batchSize, { macs, bytes }, capacity);
  const groupRows = (rows * SPLIT_WORKGROUP) / SPLIT_LANES;
  return {
    ...shape,
    kind: "split",
    classes4,
    count,
    ...blocks,
    sums: blocks.slots,
    evaluationSums: Math.ceil(blocks.blockRows / groupRows),
    span,
    sharing: choice.sharing,
    workgroup: SPLIT_WORKGROUP,
    rows,
    vectors,
    lanes: SPLIT_LANES,
    groupRows,
    part4: splitPart4(classes4, capacity),
  };
}
