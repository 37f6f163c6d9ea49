/** The softmax and the residual of four rows, which are the lanes. */
import { exp4, log4 } from "./math";
import { EVALUATE, Entry, Plan, TRAIN } from "./plan";
import { RowPack } from "./rows";

/**
 * Replaces the logits of the pack's rows from i to i + 3 by R = weight·(softmax(z) − t), and adds to the
 * sums. The targets t are one-hot labels or soft targets; steps smooth them. z: (classes, rows), `next`
 * bytes from class to class. Stores what a captured step computes.
 */
export function residual(
  plan: Plan,
  entry: Entry,
  pack: RowPack,
  i: u32,
  z: u32,
  next: u32,
  sums: u32,
): void {
  const past = z + plan.classes * next;
  if (plan.capturedLogits) captureRows(plan, plan.capturedLogits, pack, i, z, next);

  let top = v128.load(z);
  let place = i32x4.splat(0); // the first class of the largest logit
  let k: u32 = 0;
  for (let at = z + next; at < past; at += next) {
    k++;
    const one = v128.load(at);
    place = v128.bitselect(i32x4.splat(k), place, f32x4.gt(one, top)); // @point place
    // pmax may drop a NaN, but its power is NaN again.
    top = f32x4.pmax(top, one); // @point top
  }
  const label = v128.load(pack.labels + (i << 2));
  // True where the targets are not one-hot.
  const mixed = plan.targets != 0 || (entry.operation == TRAIN && plan.smoothingShare > 0); // @point mixed
  let mean = f32x4.splat(0); // Σ t·(z − top)
  if (mixed) {
    k = 0;
    for (let at = z; at < past; at += next) {
      const t = target(plan, entry, pack, i, k++);
      mean = f32x4.add(mean, f32x4.mul(t, f32x4.sub(v128.load(at), top))); // @point mean
    }
  } else {
    mean = f32x4.sub(valuesOfLabels(label, z, next), top);
  }
  // Four sums: additions of one sum would wait for each other.
  let sum0 = f32x4.splat(0);
  let sum1 = sum0;
  let sum2 = sum0;
  let sum3 = sum0;
  let at = z;
  for (; at + 3 * next < past; at += 4 * next) {
    sum0 = f32x4.add(sum0, power(at, top));
    sum1 = f32x4.add(sum1, power(at + next, top));
    sum2 = f32x4.add(sum2, power(at + 2 * next, top));
    sum3 = f32x4.add(sum3, power(at + 3 * next, top));
  }
  for (; at < past; at += next) sum0 = f32x4.add(sum0, power(at, top)); // @point powers
  const sum = f32x4.add(f32x4.add(sum0, sum1), f32x4.add(sum2, sum3));

  const weight = v128.load(pack.weights + (i << 2));
  const loss = f32x4.mul(weight, f32x4.sub(log4(sum), mean));
  addToSum(sums, loss);
  addToSum(sums + 8, v128.and(weight, i32x4.eq(place, label))); // @point hits
  addToSum(sums + 16, weight);
  if (plan.capturedLosses) captureLosses(plan, pack, i, loss);
  if (entry.operation == EVALUATE) return;

  const factor = f32x4.div(weight, sum); // @point factor
  for (at = z; at < past; at += next) v128.store(at, f32x4.mul(v128.load(at), factor));
  if (mixed) {
    k = 0;
    for (at = z; at < past; at += next) {
      const share = f32x4.mul(weight, target(plan, entry, pack, i, k++)); // @point share
      v128.store(at, f32x4.sub(v128.load(at), share));
    }
  } else {
    for (let lane: u32 = 0; lane < 4; lane++) {
      const own = z + load<u32>(pack.labels + ((i + lane) << 2)) * next + (lane << 2); // @point label
      store<f32>(own, load<f32>(own) - load<f32>(pack.weights + ((i + lane) << 2)));
    }
  }
  if (plan.capturedResidual) captureRows(plan, plan.capturedResidual, pack, i, z, next);
}

/** Returns each row's value at the class of its label. */
// @ts-ignore: decorator
@inline
export function valuesOfLabels(label: v128, z: u32, next: u32): v128 {
  return f32x4(
    load<f32>(z + <u32>i32x4.extract_lane(label, 0) * next),
    load<f32>(z + <u32>i32x4.extract_lane(label, 1) * next, 4),
    load<f32>(z + <u32>i32x4.extract_lane(label, 2) * next, 8),
    load<f32>(z + <u32>i32x4.extract_lane(label, 3) * next, 12), // @point fourth-label
  );
}

/** Returns the target of each row for class k: one-hot or soft, and smoothed in a step. */
function target(plan: Plan, entry: Entry, pack: RowPack, i: u32, k: u32): v128 {
  const t = plan.targets // @point soft
    ? valuesAt(pack.targets + (i << 2), k << 2)
    : v128.and(f32x4.splat(1), i32x4.eq(v128.load(pack.labels + (i << 2)), i32x4.splat(k)));
  if (entry.operation != TRAIN) return t;
  const kept = f32x4.mul(f32x4.splat(plan.targetFactor), t);
  return f32x4.add(kept, f32x4.splat(plan.smoothingShare)); // @point smoothed
}

/** Loads four values, each `at` bytes after an address of `rows`. */
// @ts-ignore: decorator
@inline
export function valuesAt(rows: u32, at: u32): v128 {
  return f32x4(
    load<f32>(load<u32>(rows) + at),
    load<f32>(load<u32>(rows, 4) + at),
    load<f32>(load<u32>(rows, 8) + at),
    load<f32>(load<u32>(rows, 12) + at), // @point fourth-target
  );
}

/** Replaces z by e^(z − top), and returns it. */
function power(at: u32, top: v128): v128 {
  const p = exp4(f32x4.sub(v128.load(at), top));
  v128.store(at, p);
  return p;
}

/** Adds four numbers to one sum in f64. */
export function addToSum(sum: u32, four: v128): void {
  const low = f64x2.promote_low_f32x4(four);
  const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(four, four, 2, 3, 2, 3));
  const both = f64x2.add(low, high); // @point sum
  store<f64>(sum, load<f64>(sum) + (f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1)));
}

/** Copies Z or R of four rows, class by class in memory, to the results of a captured step, row by row. */
function captureRows(plan: Plan, to: u32, pack: RowPack, i: u32, from: u32, next: u32): void {
  for (let lane: u32 = 0; lane < 4 && i + lane < pack.real; lane++) {
    for (let k: u32 = 0; k < plan.classes; k++) {
      const value = load<f32>(from + k * next + (lane << 2));
      store<f32>(to + (((pack.first + i + lane) * plan.classes + k) << 2), value);
    }
  }
}

function captureLosses(plan: Plan, pack: RowPack, i: u32, losses: v128): void {
  const to = plan.capturedLosses + ((pack.first + i) << 2);
  if (pack.real > i) v128.store32_lane(to, losses, 0);
  if (pack.real > i + 1) v128.store32_lane(to, losses, 1, 4);
  if (pack.real > i + 2) v128.store32_lane(to, losses, 2, 8);
  if (pack.real > i + 3) v128.store32_lane(to, losses, 3, 12);
}
