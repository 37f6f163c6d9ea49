/** Operations on vectors, which are laid out like the weights. */
import { madd } from "./math";
import { Entry, Plan } from "./plan";
import { logits } from "./products";
import { awaitThreads, ceilDivide, takeTask } from "./threads";
import { addSums } from "./tree";
import { storeSums } from "./update";

/** Vectors of four numbers in a task. */
const RANGE: u32 = 1024;

/** output ← Σ factor·vector */
export function combine(plan: Plan, entry: Entry): void {
  const count = (plan.paddedClasses * plan.stride) >> 2;
  const past = entry.input + (entry.rows << 3);
  const tasks = ceilDivide(count, RANGE); // @point tasks
  for (let task = takeTask(plan); task < tasks; task = takeTask(plan)) {
    const end = min(count, (task + 1) * RANGE) << 4;
    for (let at = (task * RANGE) << 4; at < end; at += 16) {
      let sum = f32x4.splat(0); // @point sum
      for (let term = entry.input; term < past; term += 8) { // @point terms
        sum = madd(v128.load32_splat(term, 4), v128.load(load<u32>(term) + at), sum); // @point term
      }
      v128.store(entry.output + at, sum);
    }
  }
  awaitThreads(plan);
}

/**
 * Stores three numbers in the step's place in the ring: Σ input·output, the same sum with each product times
 * the penalty of its feature, and the largest absolute product.
 */
export function product(plan: Plan, entry: Entry, step: u32, thread: u32): void {
  const count = (plan.paddedClasses * plan.stride) >> 2;
  const tasks = ceilDivide(count, RANGE);
  for (let task = takeTask(plan); task < tasks; task = takeTask(plan)) {
    const end = min(count, (task + 1) * RANGE); // @point range
    addProducts(plan, entry, task * RANGE, end, plan.productSums + (task << 5));
  }
  awaitThreads(plan);
  if (thread == 0) {
    let most: f64 = 0;
    for (let task: u32 = 0; task < tasks; task++) {
      most = max(most, load<f64>(plan.productSums + (task << 5), 16)); // @point most
    }
    addSums(plan.productSums, tasks); // @point products
    store<f64>(plan.productSums, most, 16);
    storeSums(plan, plan.productSums, step);
  }
  awaitThreads(plan);
}

/** Computes the three numbers for vectors from `begin` to `end`. A product of two f32 is exact in f64. */
function addProducts(plan: Plan, entry: Entry, begin: u32, end: u32, to: u32): void {
  let sum = f64x2.splat(0);
  let penalised = f64x2.splat(0);
  let most = f64x2.splat(0);
  const round = plan.stride >> 1; // vectors of two classes, side by side
  let at = begin % round; // @point first-penalties
  for (let i = begin; i < end; i++) {
    const a = v128.load(entry.input + (i << 4));
    const b = v128.load(entry.output + (i << 4));
    const penalties = v128.load(plan.penalties + ((at >> 1) << 4)); // @point penalties
    const first = f64x2.mul(low(a), low(b));
    const last = f64x2.mul(high(a), high(b));
    sum = f64x2.add(sum, f64x2.add(first, last)); // @point product
    const both = f64x2.add(f64x2.mul(low(penalties), first), f64x2.mul(high(penalties), last)); // @point both
    penalised = f64x2.add(penalised, both); // @point penalised
    most = larger(most, first, last);
    if (++at == round) at = 0;
  }
  most = f64x2.add(most, f64x2.sub(sum, sum)); // NaN if any product is NaN
  store<f64>(to, f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
  store<f64>(to, f64x2.extract_lane(penalised, 0) + f64x2.extract_lane(penalised, 1), 8);
  store<f64>(to, max(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1)), 16);
}

/** Converts the first two of four numbers to f64. */
// @ts-ignore: decorator
@inline
function low(a: v128): v128 {
  return f64x2.promote_low_f32x4(a);
}

/** Converts the last two of four numbers to f64. */
// @ts-ignore: decorator
@inline
function high(a: v128): v128 {
  return low(v128.shuffle<f32>(a, a, 2, 3, 2, 3));
}

/**
 * Returns the largest of `most`, |first| and |last|. pmax is one instruction on x64, unlike max; it drops
 * NaN.
 */
// @ts-ignore: decorator
@inline
function larger(most: v128, first: v128, last: v128): v128 {
  return f64x2.pmax(f64x2.pmax(most, f64x2.abs(first)), f64x2.abs(last)); // @point largest
}

/** Groups of four rows of a matrix, or of four features, in a task. */
const FOURS: u32 = 16;

/** output ← M·input. M: (stride, stride), of which the first features + 1 rows and columns are not 0 */
export function multiply(plan: Plan, entry: Entry, thread: u32): void {
  const fours = ceilDivide(plan.features + 1, 4); // @point matrix-rows
  const x = plan.matrixRows + ((thread * (plan.paddedClasses + 1)) << 4); // addresses of four rows
  const z = x + 16;
  const tasks = ceilDivide(fours, FOURS); // @point matrix-tasks
  for (let task = takeTask(plan); task < tasks; task = takeTask(plan)) {
    const past = min(fours, (task + 1) * FOURS);
    for (let four = task * FOURS; four < past; four++) {
      for (let row: u32 = 0; row < 4; row++) {
        store<u32>(x + (row << 2), entry.first + (((four << 2) + row) * plan.stride << 2));
      }
      logits(plan, entry.input, x, 4, 0, plan.classes, z, 16);
      let to = entry.output + (four << 5);
      for (let k: u32 = 0; k < plan.classes; k += 2) {
        v128.store(to, v128.load(z + (k << 4)));
        v128.store(to, v128.load(z + (k << 4), 16), 16); // @point second-class
        to += plan.stride << 3;
      }
    }
  }
  awaitThreads(plan);
}

/** Subtracts from every row of output its mean over the classes. */
export function centre(plan: Plan, entry: Entry): void {
  const count = plan.stride >> 2; // groups of four features
  const tasks = ceilDivide(count, FOURS); // @point centre-tasks
  for (let task = takeTask(plan); task < tasks; task = takeTask(plan)) {
    const past = min(count, (task + 1) * FOURS);
    for (let four = task * FOURS; four < past; four++) {
      const first = entry.output + (four << 5);
      let sum = f32x4.splat(0);
      for (let k: u32 = 0; k < plan.classes; k++) { // @point centre-classes
        sum = f32x4.add(sum, v128.load(first + classOffset(plan, k)));
      }
      const mean = f32x4.div(sum, f32x4.splat(<f32>plan.classes)); // @point centre-mean
      for (let k: u32 = 0; k < plan.classes; k++) {
        const at = first + classOffset(plan, k);
        v128.store(at, f32x4.sub(v128.load(at), mean));
      }
    }
  }
  awaitThreads(plan);
}

/** Returns the bytes from four features of class 0 to the same features of class k. */
// @ts-ignore: decorator
@inline
function classOffset(plan: Plan, k: u32): u32 {
  return (((k >> 1) * plan.stride) << 3) + ((k & 1) << 4);
}
