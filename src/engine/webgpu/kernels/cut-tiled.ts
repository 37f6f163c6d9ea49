/** Cuts a problem of many classes into tiles. */
import type { Capacity } from "../device/capacity.js";
import { type KernelChoice, sideOf, tilesOf } from "./choice.js";
import { MOST_GROUPS, OVERHEAD4, type Shape, cutBlocks } from "./cut.js";
import type { TiledTiling } from "./tiling.js";

/**
 * Threads that share a row of the residual kernel, and the most tiles for which they are enough. With more
 * tiles a thread, AMD's compiler unrolls the loops of one thread over them into 240 registers; llvmpipe
 * silently ends a thread's loops after 65,535 turns in all. More threads a row are more partial sums of
 * losses, which one thread adds.
 */
const LANES = {
  slow: [[1, 4096], [16, Infinity]],
  fast: [[1, 8], [4, 256], [16, 4096], [64, Infinity]],
} as const; // prettier-ignore
/** Storage buffers of a gradient that takes the step. */
export const STEP_BUFFERS = 9;

export function cutTiled(
  shape: Shape,
  batchSize: number,
  capacity: Capacity,
  choice: KernelChoice,
): TiledTiling {
  const { slow, dispatchMacs, storageBuffers } = capacity;
  const { features4, classes } = shape;
  const { rows, vectors, span, sharing } = choice;
  const workgroup = 64;
  const side = sideOf(sharing);
  const [threads, tileThreads] = side > 0 ? [side, side] : [workgroup, 1];
  const { tile4, tiles } = tilesOf(classes, { ...capacity, slow: slow && side === 0 });
  const classes4 = tiles * tile4;
  const count = 4 * features4 * classes4;
  const macsOfARow = 16 * (features4 + OVERHEAD4) * tile4 * tileThreads; // for the tiles of a workgroup
  const cost = { macs: macsOfARow, bytes: 16 * classes4 };
  const blocks = cutBlocks(shape, { count, span }, batchSize, cost, capacity);
  const { blockRows, slots, levels } = blocks;
  const dispatchGroups = Math.max(1, Math.floor(dispatchMacs / (macsOfARow * blockRows)));
  const dispatchTiles = Math.min(tiles, tileThreads * Math.min(MOST_GROUPS, dispatchGroups));

  const [lanes] = LANES[slow ? "slow" : "fast"].find(([, most]) => tiles <= most) ?? [1];
  const sums = Math.ceil(blockRows / (workgroup / lanes));
  return {
    ...shape,
    kind: "tiled",
    classes4,
    count,
    ...blocks,
    sums,
    evaluationSums: sums,
    span,
    sharing,
    workgroup,
    rows,
    vectors,
    tile4,
    tiles,
    multiplied4: side > 0 && shape.onesAlone ? features4 - 1 : features4,
    threads,
    tileThreads,
    dispatchTiles,
    lanes,
    takesStep: !slow && slots === 1 && levels === 0 && storageBuffers >= STEP_BUFFERS,
  };
}
