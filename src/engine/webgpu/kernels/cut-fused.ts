/** Cuts a problem of few classes for the fused kernel, and for whole steps. */
import type { Capacity } from "../device/capacity.js";
import { type KernelChoice, choices } from "./choice.js";
import { OVERHEAD4, type Shape, cutBlocks, multiple } from "./cut.js";
import type { FusedTiling, WholeTiling } from "./tiling.js";
import { cutWhole } from "./whole-steps.js";

export function cutFused(
  shape: Shape,
  batchSize: number,
  capacity: Capacity,
  choice: KernelChoice,
): FusedTiling {
  const { features4, classes } = shape;
  const { rows, vectors, span } = choice;
  const columnThreads = multiple(Math.ceil(features4 / vectors), 4);
  const classes4 = Math.ceil(classes / 4);
  const count = 4 * features4 * classes4;
  const macs = 8 * (features4 + OVERHEAD4) * classes; // of both products
  const bytes = 16 * (2 * classes4 + 1); // of a record
  const blocks = cutBlocks(shape, { count, span }, batchSize, { macs, bytes }, capacity);
  const rowThreads = Math.min(span / rows, capacity.slow ? 64 : 32);
  return {
    ...shape,
    kind: "fused",
    classes4,
    count,
    ...blocks,
    sums: blocks.slots,
    evaluationSums: blocks.slots,
    span,
    sharing: choice.sharing,
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
