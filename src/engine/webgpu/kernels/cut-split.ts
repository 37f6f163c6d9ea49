/** Cuts a problem of few classes for a GPU, whose threads share rows by their features. */
import type { Capacity } from "../device/capacity.js";
import { type KernelChoice, SPLIT_LANES, SPLIT_WORKGROUP, splitPart4 } from "./choice.js";
import {
  BLOCK_BYTES,
  blockOf,
  levelsOf,
  MOST_GROUPS,
  OVERHEAD4,
  type Shape,
  slotRows,
  UPDATE_VECTORS,
} from "./cut.js";
import type { SplitTiling } from "./tiling.js";

export function cutSplit(
  shape: Shape,
  batchSize: number,
  capacity: Capacity,
  choice: KernelChoice,
): SplitTiling {
  const { slow, bindingBytes, dispatchMacs } = capacity;
  const speed = slow ? "slow" : "fast";
  const { features4, classes, shardRows } = shape;
  const { rows, vectors, span } = choice;
  const classes4 = Math.ceil(classes / 4);
  const count = 4 * features4 * classes4;
  const macs = 8 * (features4 + OVERHEAD4) * classes; // of both products
  const most = Math.min(
    dispatchMacs / macs,
    Math.min(BLOCK_BYTES, bindingBytes) / (16 * (2 * classes4 + 1)),
    shardRows,
    MOST_GROUPS,
  );
  const blockRows = blockOf(batchSize, Math.min(most, slotRows(span, count, capacity)), span, capacity);
  const slots = Math.ceil(blockRows / span);
  const groupRows = (rows * SPLIT_WORKGROUP) / SPLIT_LANES;
  return {
    ...shape,
    kind: "split",
    classes4,
    count,
    blockRows,
    slots,
    sums: slots,
    evaluationSums: Math.ceil(blockRows / groupRows),
    levels: levelsOf(batchSize, blockRows),
    span,
    sharing: choice.sharing,
    updateVectors: UPDATE_VECTORS[speed],
    workgroup: SPLIT_WORKGROUP,
    rows,
    vectors,
    lanes: SPLIT_LANES,
    groupRows,
    part4: splitPart4(classes4, capacity),
  };
}
