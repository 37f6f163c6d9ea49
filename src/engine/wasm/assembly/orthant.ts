/** Operations on vectors under an l1 penalty, which has a kink where a weight is 0. */
import { Entry, Plan } from "./plan";
import { awaitThreads, ceilDivide, takeTask } from "./threads";

/** Vectors of four numbers in a task. */
const RANGE: u32 = 1024;
const SIGN: u32 = 0x80000000;

/**
 * output ← g + l1·sign(w), or, where w is 0, g soft-thresholded by l1. The l1 of the intercept is 0. w:
 * input, g: first
 */
export function subgradient(plan: Plan, entry: Entry): void {
  const count = (plan.paddedClasses * plan.stride) >> 2;
  const tasks = ceilDivide(count, RANGE); // @point subgradient-tasks
  for (let task = takeTask(plan); task < tasks; task = takeTask(plan)) {
    const past = min(count, (task + 1) * RANGE);
    for (let i = task * RANGE; i < past; i++) {
      const w = v128.load(entry.input + (i << 4));
      const g = v128.load(entry.first + (i << 4));
      const l1 = v128.load(plan.l1 + (groupOf(plan, i) << 4)); // @point l1
      const pulled = f32x4.add(g, v128.or(l1, v128.and(w, i32x4.splat(SIGN)))); // @point pulled
      const left = f32x4.sub(g, f32x4.max(f32x4.neg(l1), f32x4.min(l1, g))); // @point left
      const zero = f32x4.eq(w, f32x4.splat(0)); // @point zero
      v128.store(entry.output + (i << 4), v128.bitselect(left, pulled, zero)); // @point subgradient
    }
  }
  awaitThreads(plan);
}

/**
 * output ← w + p, but 0 where its sign differs from that of w, or, where w is 0, from that of −d. Weights
 * without l1, such as the intercept, are w + p. w: input, p: first, d: order
 */
export function orthant(plan: Plan, entry: Entry): void {
  const zero = f32x4.splat(0);
  const count = (plan.paddedClasses * plan.stride) >> 2;
  const tasks = ceilDivide(count, RANGE); // @point orthant-tasks
  for (let task = takeTask(plan); task < tasks; task = takeTask(plan)) {
    const past = min(count, (task + 1) * RANGE);
    for (let i = task * RANGE; i < past; i++) {
      const w = v128.load(entry.input + (i << 4));
      const moved = f32x4.add(w, v128.load(entry.first + (i << 4)));
      const down = f32x4.neg(v128.load(entry.order + (i << 4))); // @point down
      const side = v128.bitselect(down, w, f32x4.eq(w, zero)); // @point side
      const above = v128.and(f32x4.gt(moved, zero), f32x4.gt(side, zero)); // @point above
      const below = v128.and(f32x4.lt(moved, zero), f32x4.lt(side, zero)); // @point below
      const stays = v128.or(v128.or(above, below), withoutL1(plan, i)); // @point stays
      v128.store(entry.output + (i << 4), v128.and(moved, stays));
    }
  }
  awaitThreads(plan);
}

/**
 * output ← v where w ≠ 0 or d ≠ 0, and 0 elsewhere. Weights without l1, such as the intercept, are v. v:
 * input, w: first, d: order
 */
export function restrict(plan: Plan, entry: Entry): void {
  const zero = f32x4.splat(0);
  const count = (plan.paddedClasses * plan.stride) >> 2;
  const tasks = ceilDivide(count, RANGE); // @point restrict-tasks
  for (let task = takeTask(plan); task < tasks; task = takeTask(plan)) {
    const past = min(count, (task + 1) * RANGE);
    for (let i = task * RANGE; i < past; i++) {
      const v = v128.load(entry.input + (i << 4));
      const w = v128.load(entry.first + (i << 4));
      const d = v128.load(entry.order + (i << 4));
      const free = v128.or(f32x4.ne(w, zero), f32x4.ne(d, zero)); // @point free
      const kept = v128.or(free, withoutL1(plan, i)); // @point kept
      v128.store(entry.output + (i << 4), v128.and(v, kept)); // @point restrict
    }
  }
  awaitThreads(plan);
}

/** Returns the index of the group of four features that vector i belongs to. */
// @ts-ignore: decorator
@inline
function groupOf(plan: Plan, i: u32): u32 {
  return (i % (plan.stride >> 1)) >> 1; // @point group
}

/** Returns a mask of the lanes of vector i whose weights have no l1, those of the intercept among them. */
// @ts-ignore: decorator
@inline
function withoutL1(plan: Plan, i: u32): v128 {
  return f32x4.eq(v128.load(plan.l1 + (groupOf(plan, i) << 4)), f32x4.splat(0)); // @point without-l1
}
