/** Cuts a problem of few classes for the fused kernel, and for whole steps. */
import type { Capacity } from "../device/capacity.js";
import { type KernelChoice, choices } from "./choice.js";
import {
  BLOCK_BYTES,
  blockOf,
  levelsOf,
  MOST_GROUPS,
  multiple,
  OVERHEAD4,
  type Shape,
  slotRows,
  UPDATE_VECTORS,
} from "./cut.js";
import type { FusedTiling, WholeTiling } from "./tiling.js";
import { cutWhole } from "./whole-steps.js";

export function cutFused(
  shape: Shape,
  batchSize: number,
  capacity: Capacity,
  choice: KernelChoice,
): FusedTiling {
  const { slow, bindingBytes, dispatchMacs } = capacity;
  const speed = slow ? "slow" : "fast";
  const { features4, classes, shardRows } = shape;
  const { rows, vectors, span } = choice;
  const columnThreads = multiple(Math.ceil(features4 / vectors), 4);
  const classes4 = Math.ceil(classes / 4);
  const count = 4 * features4 * classes4;
  const record = 16 * (2 * classes4 + 1);
  const macs = 8 * (features4 + OVERHEAD4) * classes; // of both products
  const most = Math.min(
    dispatchMacs / macs,
    Math.min(BLOCK_BYTES, bindingBytes) / record,
    shardRows,
    MOST_GROUPS,
  );
  const blockRows = blockOf(batchSize, Math.min(most, slotRows(span, count, capacity)), span, capacity);
  const rowThreads = Math.min(span / rows, slow ? 64 : 32);
  const slots = Math.ceil(blockRows / span);
  return {
    ...shape,
    kind: "fused",
    classes4,
    count,
    blockRows,
    slots,
    sums: slots,
    evaluationSums: slots,
    levels: levelsOf(batchSize, blockRows),
    span,
    sharing: choice.sharing,
    updateVectors: UPDATE_VECTORS[speed],
    workgroup: multiple(Math.max(columnThreads + 1, rowThreads), Math.max(4, shape.subgroupSize)),
    rows,
    vectors,
    rowThreads,
    columnThreads,
    turns: span / (rows * rowThreads),
  };
}

/** Cuts for whole steps, and for the fused kernel of the table, which evaluates. */
export function cutWholeSteps(
  shape: Shape,
  batchSize: number,
  capacity: Capacity,
  choice: KernelChoice,
): WholeTiling {
  const whole = cutWhole({ ...shape, batchSize }, choice, capacity.subgroupSize);
  if (!whole) throw new Error(`Whole steps do not fit: ${JSON.stringify(choice)}`);
  // An evaluation adds no gradient, and takes few registers.
  const evaluating = { ...capacity, registers: Infinity, kinds: ["fused"] } as const;
  const [fused] = choices({ ...shape, batchSize, planRows: Infinity }, evaluating);
  return { ...cutFused(shape, batchSize, capacity, fused), whole };
}
