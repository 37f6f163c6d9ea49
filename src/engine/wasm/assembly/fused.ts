/**
 * Passes for few classes. A thread computes logits, residual and gradient of one range of rows after another;
 * each range has a partial sum of its own. The tree adds up the partial sums of a group of ranges and merges
 * the result with the groups before. After the last group the weights are updated.
 */
import { EVALUATE_ALONG, Entry, Plan, hasGradient, hasLogits } from "./plan";
import { gradient, logits } from "./products";
import { convertRows, locateRows, packAt } from "./rows";
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
  const pack = packAt(plan, z + plan.paddedClasses * next, plan.packRows);
  const end = min(entry.rows, first + plan.rangeRows);
  for (let begin = first; begin < end; begin += plan.packRows) {
    pack.first = begin;
    pack.real = min(plan.packRows, end - begin);
    const rows = (pack.real + 3) & ~3;
    locateRows(plan, entry, pack, 0, rows);
    if (entry.operation != EVALUATE_ALONG) convertRows(plan, pack, 0, rows); // @point rows
    if (hasLogits(entry)) logits(plan, entry.input, pack.x, rows, 0, plan.classes, z, next);
    for (let i: u32 = 0; i < rows; i += 4) {
      processRows(plan, entry, pack, i, z + (i << 2), next, sums);
    }
    if (hasGradient(entry)) {
      gradient(plan, pack.x, rows, 0, plan.classes, 0, plan.stride, 0, z, next, partial);
    }
  }
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
