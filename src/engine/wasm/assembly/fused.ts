/**
 * Few classes: logits, residual and gradient of one range of rows after another, each with a partial sum of its own, then
 * the partial sums are added up, in their order, and the weights changed.
 */
import { Entry, Plan } from "./plan";
import { TILE, gradient, logits, logitsAhead } from "./products";
import { residual } from "./residual";
import { blockAt, copy, find, fourRows } from "./rows";
import { meet, parts, take } from "./threads";
import { addSums, update4 } from "./update";

/** Vectors of weights of a task of the update. */
const UPDATE: u32 = 512;

export function fusedStep(plan: Plan, step: u32, thread: u32): void {
  const entry = changetype<Entry>(plan.entries + step * offsetof<Entry>());
  const slots = parts(entry.rows, plan.slotRows);
  const scratch = plan.scratch + thread * plan.scratchBytes;
  for (let slot = take(plan); slot < slots; slot = take(plan)) addRange(plan, entry, slot, scratch);
  meet(plan);

  if (thread == 0) addSums(plan, step, slots, false);
  if (!plan.evaluate) {
    const vectors = partialBytes(plan) >> 4;
    const tasks = parts(vectors, UPDATE);
    for (let task = take(plan); task < tasks; task = take(plan)) {
      updateRange(plan, entry, slots, task * UPDATE, min(vectors, (task + 1) * UPDATE));
    }
  }
  meet(plan);
}

/** One range's partial sum of the gradient, and its sums. */
function addRange(plan: Plan, entry: Entry, slot: u32, scratch: u32): void {
  const bytes = partialBytes(plan);
  const partial = plan.partials + slot * bytes;
  const sums = plan.sums + (slot << 5);
  if (!plan.evaluate) memory.fill(partial, 0, bytes);
  memory.fill(sums, 0, 32);

  const z = scratch; // (classes, blockRows)
  const next = plan.blockRows << 2;
  const block = blockAt(z + plan.paddedClasses * next, plan.blockRows);
  const ahead: u32 = plan.valueBytes == 4 ? min<u32>(4, plan.paddedClasses >> 1) : 0; // rows that the product copies
  const end = min(entry.rows, (slot + 1) * plan.slotRows);
  for (let begin = slot * plan.slotRows; begin < end; begin += plan.blockRows) {
    block.first = begin;
    block.real = min(plan.blockRows, end - begin);
    const rows = (block.real + 3) & ~3;
    find(plan, entry, block, 0, rows);
    copy(plan, block, 0, 4);
    for (let i: u32 = 0; i < rows; i += 4) {
      const x = fourRows(plan, block, i);
      const four = i + 4;
      let k: u32 = 0;
      if (four < rows) {
        k = 2 * ahead;
        logitsAhead(plan, x, k, z + (i << 2), next, block.sources + (four << 2), fourRows(plan, block, four));
        copy(plan, block, four + ahead, four + 4);
      }
      logits(plan, x, k, plan.classes, z + (i << 2), next);
      residual(plan, block, i, z + (i << 2), next, sums);
    }
    if (plan.evaluate) continue;
    for (let tile: u32 = 0; tile * TILE < plan.stride; tile++) {
      for (let i: u32 = 0; i < rows; i += 4) {
        gradient(plan, fourRows(plan, block, i), 0, plan.classes, tile, z + (i << 2), next, partial);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function partialBytes(plan: Plan): u32 {
  return (plan.paddedClasses * plan.stride) << 2;
}

/** The gradient of some vectors of weights, and their update. */
function updateRange(plan: Plan, entry: Entry, slots: u32, begin: u32, end: u32): void {
  const bytes = partialBytes(plan);
  for (let i = begin; i < end; i++) {
    let partial = plan.partials + (i << 4);
    let g = v128.load(partial);
    for (let slot: u32 = 1; slot < slots; slot++) {
      partial += bytes;
      g = f32x4.add(g, v128.load(partial));
    }
    const feature = ((i % (plan.stride >> 1)) >> 1) << 2;
    update4(plan, entry, i, feature, g);
  }
}
