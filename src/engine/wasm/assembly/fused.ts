/**
 * Few classes: logits, residual and gradient of one range of rows after another, each with a partial sum of
 * its own, then the partial sums are added up, in their order, and the weights changed.
 */
import { middle } from "./middle";
import { Entry, Plan, hasGradient, hasLogits } from "./plan";
import { TILE, gradient, logits, logitsAhead } from "./products";
import { Block, blockAt, copy, find, fourRows } from "./rows";
import { meet, parts, take } from "./threads";
import { addSums, update4 } from "./update";

/** Vectors of weights of a task of the update. */
const UPDATE: u32 = 512;

export function fusedPass(plan: Plan, entry: Entry, step: u32, thread: u32): void {
  const slots = parts(entry.rows, plan.slotRows);
  const scratch = plan.scratch + thread * plan.scratchBytes;
  for (let slot = take(plan); slot < slots; slot = take(plan)) addRange(plan, entry, slot, scratch);
  meet(plan);

  if (thread == 0) addSums(plan, plan.sums, step, slots, false);
  if (hasGradient(entry)) {
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
  if (hasGradient(entry)) memory.fill(partial, 0, bytes);
  memory.fill(sums, 0, 32);

  const z = scratch; // (classes, blockRows)
  const next = plan.blockRows << 2;
  const block = blockAt(z + plan.paddedClasses * next, plan.blockRows);
  const end = min(entry.rows, (slot + 1) * plan.slotRows);
  for (let begin = slot * plan.slotRows; begin < end; begin += plan.blockRows) {
    block.first = begin;
    block.real = min(plan.blockRows, end - begin);
    const rows = (block.real + 3) & ~3;
    find(plan, entry, block, 0, rows);
    if (hasLogits(entry)) copy(plan, block, 0, 4);
    else if (hasGradient(entry)) copy(plan, block, 0, rows);
    for (let i: u32 = 0; i < rows; i += 4) {
      if (hasLogits(entry)) logitsOf(plan, entry, block, i, rows, z + (i << 2), next);
      middle(plan, entry, block, i, z + (i << 2), next, sums);
    }
    if (!hasGradient(entry)) continue;
    for (let tile: u32 = 0; tile * TILE < plan.stride; tile++) {
      for (let i: u32 = 0; i < rows; i += 4) {
        gradient(plan, fourRows(plan, block, i), 0, plan.classes, tile, z + (i << 2), next, partial);
      }
    }
  }
}

/** Z of four rows, which were copied. On the way the next four are. */
// @ts-ignore: decorator
@inline
function logitsOf(plan: Plan, entry: Entry, block: Block, i: u32, rows: u32, z: u32, next: u32): void {
  const w = entry.input;
  const x = fourRows(plan, block, i);
  const four = i + 4;
  let k: u32 = 0;
  if (four < rows) {
    const ahead: u32 = plan.valueBytes == 4 ? min<u32>(4, plan.paddedClasses >> 1) : 0; // rows that the product copies
    k = 2 * ahead;
    logitsAhead(plan, w, x, k, z, next, block.sources + (four << 2), fourRows(plan, block, four));
    copy(plan, block, four + ahead, four + 4);
  }
  logits(plan, w, x, k, plan.classes, z, next);
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
