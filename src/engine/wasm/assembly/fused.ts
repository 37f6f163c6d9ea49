/**
 * Passes for few classes. A thread computes logits, residual and gradient of one range of rows after another;
 * each range has a partial sum of its own. The tree adds up the partial sums of a group of ranges and merges
 * the result with the groups before. After the last group the weights are updated.
 */
import { Entry, Plan, hasGradient, hasLogits } from "./plan";
import { TILE, gradient, logits, logitsAhead } from "./products";
import { RowPack, copyRows, fourRows, locateRows, packAt } from "./rows";
import { processRows } from "./second-pass";
import { awaitThreads, ceilDivide, takeTask } from "./threads";
import { addSums, addVectors, mergeSums, mergeVectors } from "./tree";
import { storeSums, update4 } from "./update";

/** Vectors of four weights in a task of the update. */
const UPDATE: u32 = 128;

export function fusedPass(plan: Plan, entry: Entry, step: u32, thread: u32): void {
  const ranges = ceilDivide(entry.rows, plan.rangeRows);
  const groups = ceilDivide(ranges, plan.groupRanges);
  const scratch = plan.scratch + thread * plan.scratchBytes;
  for (let group: u32 = 0; group < groups; group++) {
    const first = group * plan.groupRanges;
    const count = min(plan.groupRanges, ranges - first);
    const last = group + 1 == groups;
    for (let slot = takeTask(plan); slot < count; slot = takeTask(plan)) {
      addRange(plan, entry, slot, (first + slot) * plan.rangeRows, scratch);
    }
    awaitThreads(plan);

    if (thread == 0) {
      addSums(plan.sums, count); // @point sums
      mergeSums(plan.sums, plan.nodeSums, group, last);
      if (last) storeSums(plan, plan.sums, step);
    }
    if (hasGradient(entry)) {
      const vectors = partialBytes(plan) >> 4;
      const tasks = ceilDivide(vectors, UPDATE);
      for (let task = takeTask(plan); task < tasks; task = takeTask(plan)) {
        const begin = task * UPDATE;
        const end = min(vectors, begin + UPDATE);
        addPartials(plan, count, group, last, begin, end);
        if (last) updateRange(plan, entry, begin, end);
      }
    }
    awaitThreads(plan);
  }
}

/** Computes the partial sums of the gradient and of the losses of the range that begins at row `first`. */
function addRange(plan: Plan, entry: Entry, slot: u32, first: u32, scratch: u32): void {
  const bytes = partialBytes(plan);
  const partial = plan.partials + slot * bytes;
  const sums = plan.sums + (slot << 5);
  if (hasGradient(entry)) memory.fill(partial, 0, bytes); // @point clear
  memory.fill(sums, 0, 32);

  const z = scratch; // (classes, packRows)
  const next = plan.packRows << 2;
  const pack = packAt(z + plan.paddedClasses * next, plan.packRows);
  const end = min(entry.rows, first + plan.rangeRows);
  for (let begin = first; begin < end; begin += plan.packRows) {
    pack.first = begin;
    pack.real = min(plan.packRows, end - begin);
    const rows = (pack.real + 3) & ~3;
    locateRows(plan, entry, pack, 0, rows);
    if (hasLogits(entry)) copyRows(plan, pack, 0, 4);
    else if (hasGradient(entry)) copyRows(plan, pack, 0, rows); // @point rows
    for (let i: u32 = 0; i < rows; i += 4) {
      if (hasLogits(entry)) logitsOf(plan, entry, pack, i, rows, z + (i << 2), next);
      processRows(plan, entry, pack, i, z + (i << 2), next, sums);
    }
    if (!hasGradient(entry)) continue;
    for (let tile: u32 = 0; tile * TILE < plan.stride; tile++) {
      for (let i: u32 = 0; i < rows; i += 4) {
        gradient(plan, fourRows(plan, pack, i), 0, plan.classes, tile, z + (i << 2), next, partial);
      }
    }
  }
}

/** Computes Z of four rows that are in the pack, and copies the next four rows into it meanwhile. */
// @ts-ignore: decorator
@inline
function logitsOf(plan: Plan, entry: Entry, pack: RowPack, i: u32, rows: u32, z: u32, next: u32): void {
  const w = entry.input;
  const x = fourRows(plan, pack, i);
  const four = i + 4;
  let k: u32 = 0;
  if (four < rows) {
    // The product itself copies this many rows.
    const ahead: u32 = plan.valueBytes == 4 ? min<u32>(4, plan.paddedClasses >> 1) : 0;
    k = 2 * ahead;
    logitsAhead(plan, w, x, k, z, next, pack.sources + (four << 2), fourRows(plan, pack, four));
    copyRows(plan, pack, four + ahead, four + 4);
  }
  logits(plan, w, x, k, plan.classes, z, next);
}

// @ts-ignore: decorator
@inline
function partialBytes(plan: Plan): u32 {
  return (plan.paddedClasses * plan.stride) << 2;
}

/**
 * Adds up the partial sums of a group, for the vectors from `begin` to `end`, and merges the groups before.
 */
function addPartials(plan: Plan, count: u32, group: u32, last: bool, begin: u32, end: u32): void {
  const bytes = partialBytes(plan);
  const sum = plan.partials + (begin << 4);
  addVectors(sum, bytes, count, end - begin); // @point ranges
  mergeVectors(sum, plan.nodes + (begin << 4), bytes, group, last, end - begin); // @point groups
}

function updateRange(plan: Plan, entry: Entry, begin: u32, end: u32): void {
  for (let i = begin; i < end; i++) {
    const feature = ((i % (plan.stride >> 1)) >> 1) << 2;
    update4(plan, entry, i, feature, v128.load(plan.partials + (i << 4)));
  }
}
