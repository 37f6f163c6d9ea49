/**
 * Passes for many classes. All threads work on the same chunk of rows: they compute its logits of all
 * classes, then its residual, and then add its outer products to the gradient of the range. The tree merges
 * the gradient of each range with the ranges before. After the last range the weights are updated. A task
 * writes a tile of Z, some rows of R, or a tile of G, which no other task writes.
 */
import { EVALUATE_ALONG, Entry, Plan, hasGradient, hasLogits } from "./plan";
import { gradient, logits } from "./products";
import { RowPack, convertRows, locateRows, packAt } from "./rows";
import { processRows } from "./second-pass";
import { awaitThreads, ceilDivide, takeTask } from "./threads";
import { addSums, mergeSums, mergeVectors } from "./tree";
import { storeSums, update4 } from "./update";

/** Classes of a task of the first product. Their weights, with some rows, stay in the L2 cache. */
const CLASSES: u32 = 64;
/** Features of a tile of X, and features and classes of a tile of the gradient. */
const TILE: u32 = 48;
const TILE_CLASSES: u32 = 256;
/** Rows whose features of a tile stay in the L1 cache. */
const TILE_ROWS: u32 = 128;
/** Rows of a task of the first product, and of the softmax, where 16 rows of a class are a cache line. */
const ROWS: u32 = 60;
const SOFTMAX_ROWS: u32 = 16;

export function tiledPass(plan: Plan, entry: Entry, step: u32, thread: u32): void {
  const pack = packAt(plan, plan.pack, plan.chunkRows);
  const next = (plan.chunkRows + 4) << 2; // no power of two: those map to the same sets of a cache
  const classTasks = ceilDivide(plan.classes, CLASSES);
  for (let first: u32 = 0; first < entry.rows; first += plan.chunkRows) {
    pack.first = first; // all threads write the same values
    pack.real = min(plan.chunkRows, entry.rows - first);
    const past = first + pack.real;
    const last = past == entry.rows;
    const rows = (pack.real + 3) & ~3;

    const fours = ceilDivide(rows, SOFTMAX_ROWS);
    for (let task = takeTask(plan); task < fours; task = takeTask(plan)) {
      const i = task * SOFTMAX_ROWS;
      const end = min(rows, i + SOFTMAX_ROWS);
      locateRows(plan, entry, pack, i, end);
      if (entry.operation != EVALUATE_ALONG) convertRows(plan, pack, i, end); // @point rows
      if (hasGradient(entry)) copyTiles(plan, pack, i, end);
    }
    awaitThreads(plan);

    if (hasLogits(entry)) {
      const rowTasks = ceilDivide(rows, ROWS); // @point logit-tasks
      for (let task = takeTask(plan); task < classTasks * rowTasks; task = takeTask(plan)) {
        const k = (task / rowTasks) * CLASSES;
        const pastClass = min(plan.classes, k + CLASSES);
        const begin = (task % rowTasks) * ROWS;
        const end = min(rows, begin + ROWS);
        logits(plan, entry.input, pack.x + (begin << 2), end - begin, k, pastClass, plan.z + (begin << 2), next);
      }
      awaitThreads(plan);
    }

    const softmaxes = ceilDivide(rows, SOFTMAX_ROWS); // @point residual-tasks
    for (let task = takeTask(plan); task < softmaxes; task = takeTask(plan)) {
      const sums = plan.sums + (task << 5);
      memory.fill(sums, 0, 32);
      const begin = task * SOFTMAX_ROWS;
      const end = min(rows, begin + SOFTMAX_ROWS);
      for (let i = begin; i < end; i += 4) processRows(plan, entry, pack, i, plan.z + (i << 2), next, sums);
    }
    awaitThreads(plan);

    if (thread == 0) {
      addSums(plan.sums, softmaxes);
      mergeSums(plan.sums, plan.nodeSums, first / plan.chunkRows, last); // @point sums
      if (last) storeSums(plan, plan.sums, step);
    }
    if (!hasGradient(entry)) continue;
    const tiles = ceilDivide(plan.stride, TILE); // @point tiles
    const range = first / plan.rangeRows; // @point range
    const begins = first % plan.rangeRows == 0; // @point begins
    const ends = last || past % plan.rangeRows == 0; // @point ends
    const tasks = ceilDivide(plan.classes, TILE_CLASSES) * tiles;
    for (let task = takeTask(plan); task < tasks; task = takeTask(plan)) {
      const k = (task / tiles) * TILE_CLASSES;
      const pastClass = min(plan.classes, k + TILE_CLASSES); // @point gradient-classes
      const tile = task % tiles;
      if (begins) clearTile(plan, k, pastClass, tile); // @point clear
      const feature = tile * TILE;
      const pastFeature = min(plan.stride, feature + TILE);
      for (let i: u32 = 0; i < rows; i += TILE_ROWS) {
        const count = min(rows - i, TILE_ROWS); // @point gradient-rows
        const r = plan.z + (i << 2);
        const x = plan.tileRows + (i << 2);
        const offset = tile * tileBytes(plan);
        gradient(plan, x, count, k, pastClass, feature, pastFeature, offset, r, next, plan.partials);
      }
      if (ends) mergeTile(plan, k, pastClass, tile, range, last);
      if (last) updateTile(plan, entry, k, pastClass, tile); // @point update
    }
    awaitThreads(plan);
  }
}

/** Returns the bytes of the tile of X with the same features of all rows of a chunk. */
// @ts-ignore: decorator
@inline
function tileBytes(plan: Plan): u32 {
  return (plan.chunkRows * TILE) << 2;
}

/** Copies the pack's rows from i to `past` into tiles, in which rows lie closer than in X. */
function copyTiles(plan: Plan, pack: RowPack, i: u32, past: u32): void {
  for (; i < past; i++) {
    let tile = plan.tiles + ((i * TILE) << 2);
    store<u32>(plan.tileRows + (i << 2), tile);
    let from = load<u32>(pack.x + (i << 2));
    const end = from + (plan.stride << 2);
    while (from < end) {
      const pastTile = min(end, from + (TILE << 2)); // @point tile-copy
      for (let to = tile; from < pastTile; from += 16) {
        v128.store(to, v128.load(from));
        to += 16;
      }
      tile += tileBytes(plan);
    }
  }
}

/** Returns the index of the first vector of a tile of two classes in G or in the weights. */
// @ts-ignore: decorator
@inline
function vectorIndex(plan: Plan, k: u32, tile: u32): u32 {
  return ((k * plan.stride) >> 2) + ((tile * TILE) >> 1);
}

/** Returns how many vectors a tile of two classes has. */
// @ts-ignore: decorator
@inline
function tileVectors(plan: Plan, tile: u32): u32 {
  return (min(plan.stride, (tile + 1) * TILE) - tile * TILE) >> 1;
}

function clearTile(plan: Plan, k: u32, past: u32, tile: u32): void {
  const bytes = tileVectors(plan, tile) << 4;
  for (; k < past; k += 2) memory.fill(plan.partials + (vectorIndex(plan, k, tile) << 4), 0, bytes);
}

/** Merges a tile of the gradient of a range with the ranges before. */
function mergeTile(plan: Plan, k: u32, past: u32, tile: u32, range: u32, last: bool): void {
  const bytes = (plan.paddedClasses * plan.stride) << 2;
  for (; k < past; k += 2) {
    const begin = vectorIndex(plan, k, tile) << 4;
    mergeVectors(plan.partials + begin, plan.nodes + begin, bytes, range, last, tileVectors(plan, tile));
  }
}

function updateTile(plan: Plan, entry: Entry, k: u32, past: u32, tile: u32): void {
  for (; k < past; k += 2) {
    const begin = vectorIndex(plan, k, tile);
    const count = tileVectors(plan, tile);
    for (let i: u32 = 0; i < count; i++) {
      const g = v128.load(plan.partials + ((begin + i) << 4));
      update4(plan, entry, begin + i, tile * TILE + ((i >> 1) << 2), g);
    }
  }
}
