/** Cuts an objective, whose row passes and vectors have kernels of their own. */
import type { RowHead } from "../../../core/rows.js";
import type { Capacity } from "../device/capacity.js";
import { type KernelChoice, powerBelow } from "./choice.js";
import { checkWeights, cutShape } from "./cut.js";
import { cutSplit } from "./cut-split.js";
import { cutTiled } from "./cut-tiled.js";
import type { ObjectiveTiling, TiledTiling } from "./tiling.js";

/**
 * Threads that share a row in the row passes of an objective, and the most vectors of classes for which they
 * are enough. These passes read a row three times instead of keeping it in registers, but Intel's compiler
 * unrolls short loops of one thread, and then keeps it.
 */
const ROW_LANES = {
  slow: [[1, 8192], [16, Infinity]],
  fast: [[1, 16], [16, Infinity]],
  few: [[1, 4], [4, 16], [16, Infinity]], // few registers
} as const; // prettier-ignore
/**
 * Threads of a workgroup in these passes and in products of vectors. On a software adapter they have nothing
 * in common, and take rows one after the other: workgroup memory and barriers cost SwiftShader 0.5 µs a
 * thread, as much as 30 exponentials.
 */
const ROW_THREADS = 64;
const SERIAL_THREADS = 8;
const SERIAL_ROWS = 8;
/** Vectors of four for each thread of vector-products.wgsl, if threads add their sums together or not. */
const PRODUCT_VECTORS = { together: 16, serial: 64 };
/** Most such threads, each of which writes a sum. */
const MOST_SERIAL = 2 ** 16;
/** Threads that the product of a matrix and a vector aims at on a GPU, and most that share an element. */
const MULTIPLY_THREADS = 2 ** 15;
const MOST_MULTIPLY_LANES = 32;

/** Cuts an objective of `count` rows for one of its choices of kernels. Throws as `cutSteps` does. */
export function cutObjective(
  rows: RowHead,
  classes: number,
  count: number,
  capacity: Capacity,
  choice: KernelChoice,
): ObjectiveTiling {
  const shape = cutShape(rows, classes, capacity);
  const cut = cutTiled(shape, count, capacity, { ...choice, kind: "tiled" });
  checkWeights(rows, cut, capacity);
  const { classes4 } = cut; // Z is padded like the weights
  const logits = choice.kind === "split" ? { ...cutSplit(shape, count, capacity, choice), classes4 } : cut;
  const fast = capacity.registers < Infinity ? "few" : "fast";
  const [rowLanes] = ROW_LANES[capacity.slow ? "slow" : fast].find(([, most]) => classes4 <= most) ?? [1];
  const serial = capacity.slow && rowLanes === 1;
  const rowThreads = serial ? SERIAL_THREADS : ROW_THREADS;
  const fewest = 2 ** Math.ceil(Math.log2(cut.blockRows / MOST_SERIAL));
  const threadRows = serial ? Math.max(SERIAL_ROWS, fewest) : 1;
  return {
    ...cut,
    logits,
    rowLanes,
    rowThreads,
    threadRows,
    groupSums: serial ? rowThreads : 1,
    productVectors: PRODUCT_VECTORS[serial ? "serial" : "together"],
    multiplyLanes: capacity.slow ? 1 : multiplyLanes(cut),
    submissionMacs: capacity.dispatchMacs,
  };
}

/** As many as keep a GPU busy, each with two vectors of features or more. */
function multiplyLanes({ features4, classes4 }: TiledTiling): number {
  const most = Math.min(MULTIPLY_THREADS / (features4 * classes4), MOST_MULTIPLY_LANES, features4 / 2);
  return powerBelow(Math.max(1, most));
}
