/**
 * The pass between the two products: turns the logits of four rows, which are the lanes, into residuals, or
 * does what an operation of an objective needs instead. An objective stores the logits Z of all its rows, and
 * their changes ΔZ, four rows side by side.
 */
import { exp4, log4, madd } from "./math";
import { CURVATURE, EVALUATE_ALONG, Entry, LINEARIZE, Plan, SET_DIRECTION, STEP } from "./plan";
import { addToSum, residual, valuesAt, valuesOfLabels } from "./residual";
import { RowPack } from "./rows";

/**
 * Processes the pack's rows from i to i + 3. z: (classes, rows) their logits, or room for them, `next` bytes
 * from class to class.
 */
export function processRows(
  plan: Plan,
  entry: Entry,
  pack: RowPack,
  i: u32,
  z: u32,
  next: u32,
  sums: u32,
): void {
  const offset = ((pack.first + i) * plan.paddedClasses) << 2; // @point offset
  const past = z + plan.classes * next;
  const padded = z + plan.paddedClasses * next; // the gradient reads the padding class too
  if (entry.operation == SET_DIRECTION) {
    storeLogits(z, padded, next, plan.direction + offset); // @point direction
  } else if (entry.operation == EVALUATE_ALONG) {
    moveLogits(z, padded, next, plan.point + offset, plan.direction + offset, entry.t);
    addLossesAlong(pack, i, z, past, next, plan.direction + offset, sums);
  } else if (entry.operation == CURVATURE) {
    hessianResidual(pack, i, z, past, next, plan.point + offset); // @point curvature
  } else {
    if (plan.offsets && entry.operation != STEP) addOffsets(pack, i, z, past, next); // @point offsets
    if (entry.operation == LINEARIZE) storeLogits(z, padded, next, plan.point + offset); // @point linearize
    if (entry.operation == STEP) {
      moveLogits(z, padded, next, plan.point + offset, plan.direction + offset, entry.t);
      storeLogits(z, padded, next, plan.point + offset); // @point step
    }
    residual(plan, entry, pack, i, z, next, sums);
  }
}

/** z ← z + o, with o the offsets of the rows. */
function addOffsets(pack: RowPack, i: u32, z: u32, past: u32, next: u32): void {
  let at: u32 = 0; // bytes before the class in a row of offsets
  for (; z < past; z += next) { // @point offset-classes
    v128.store(z, f32x4.add(v128.load(z), valuesAt(pack.offsets + (i << 2), at))); // @point offset-rows
    at += 4;
  }
}

function storeLogits(z: u32, past: u32, next: u32, to: u32): void {
  for (; z < past; z += next) { // @point stored-classes
    v128.store(to, v128.load(z));
    to += 16;
  }
}

/** z ← Z + t·ΔZ */
function moveLogits(z: u32, past: u32, next: u32, point: u32, direction: u32, t: f32): void {
  for (; z < past; z += next) { // @point moved-classes
    const change = f32x4.mul(f32x4.splat(t), v128.load(direction)); // @point change
    v128.store(z, f32x4.add(v128.load(point), change));
    point += 16;
    direction += 16; // @point next-direction
  }
}

// @ts-ignore: decorator
@inline
function largest(z: u32, past: u32, next: u32): v128 {
  let top = v128.load(z);
  // pmax may drop a NaN, but its power is NaN again.
  for (let at = z + next; at < past; at += next) top = f32x4.pmax(top, v128.load(at));
  return top;
}

/**
 * Adds losses and their derivatives to the sums: ℓ = log Σ exp z − z_y, ℓ′ = s·δ − δ_y and ℓ″ = s·δ² −
 * (s·δ)², where s is the softmax of z and δ the row of ΔZ.
 */
function addLossesAlong(
  pack: RowPack,
  i: u32,
  z: u32,
  past: u32,
  next: u32,
  direction: u32,
  sums: u32,
): void {
  const top = largest(z, past, next); // @point trial-top
  let sum = f32x4.splat(0);
  let mean = sum;
  let square = sum;
  let delta = direction;
  for (let at = z; at < past; at += next) { // @point trial-classes
    const power = exp4(f32x4.sub(v128.load(at), top));
    const one = v128.load(delta);
    const weighted = f32x4.mul(power, one);
    sum = f32x4.add(sum, power);
    mean = f32x4.add(mean, weighted);
    square = madd(weighted, one, square); // @point square
    delta += 16;
  }
  mean = f32x4.div(mean, sum); // @point mean
  square = f32x4.div(square, sum); // @point mean-square
  const weight = v128.load(pack.weights + (i << 2));
  const label = v128.load(pack.labels + (i << 2));
  const loss = f32x4.sub(log4(sum), f32x4.sub(valuesOfLabels(label, z, next), top));
  addToSum(sums, f32x4.mul(weight, loss)); // @point loss
  const slope = f32x4.sub(mean, valuesOfLabels(label, direction, 16)); // @point slope
  addToSum(sums + 8, f32x4.mul(weight, slope)); // @point slopes
  const variance = f32x4.sub(square, f32x4.mul(mean, mean)); // @point variance
  addToSum(sums + 16, f32x4.mul(weight, variance)); // @point variances
}

/**
 * u ← weight·s ⊙ (u − s·u), with s the softmax of Z: the change of the residual with a change u of the
 * logits.
 */
function hessianResidual(pack: RowPack, i: u32, u: u32, past: u32, next: u32, point: u32): void {
  const end = point + ((past - u) / next << 4);
  const top = largest(point, end, 16); // @point curvature-top
  let sum = f32x4.splat(0);
  let mean = sum;
  let at = u;
  for (let z = point; z < end; z += 16) { // @point powers
    const power = exp4(f32x4.sub(v128.load(z), top));
    sum = f32x4.add(sum, power);
    mean = madd(power, v128.load(at), mean);
    at += next;
  }
  mean = f32x4.div(mean, sum); // @point curvature-mean
  const factor = f32x4.div(v128.load(pack.weights + (i << 2)), sum); // @point factor
  at = u;
  for (let z = point; z < end; z += 16) { // @point residuals
    const power = f32x4.mul(factor, exp4(f32x4.sub(v128.load(z), top)));
    v128.store(at, f32x4.mul(power, f32x4.sub(v128.load(at), mean))); // @point residual
    at += next;
  }
}
