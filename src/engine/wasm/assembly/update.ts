/** Updates weights by the update rule, or stores the gradient of an objective. */
import { Entry, Plan, TRAIN } from "./plan";

/** Returns a mask of the lane of the constant feature among the four features from `feature` on, if any. */
// @ts-ignore: decorator
@inline
export function constantLanes(plan: Plan, feature: u32): v128 {
  const lanes = i32x4.sub(i32x4.splat(plan.features - feature), i32x4(0, 1, 2, 3));
  return i32x4.eq(lanes, i32x4.splat(0));
}

/**
 * Updates vector i of the weights, or stores the gradient there. The vector belongs to four features from
 * `feature` on and one class, and g is the sum of their outer products.
 */
export function update4(plan: Plan, entry: Entry, i: u32, feature: u32, g: v128): void {
  const at = i << 4;
  if (plan.capturedGradient) v128.store(plan.capturedGradient + at, g);
  const w = v128.load(entry.input + at);
  // The intercept is the weight of the constant feature: it has no penalty, and may have no gradient.
  const one = constantLanes(plan, feature);
  const sum = plan.intercept ? g : v128.andnot(g, one); // @point intercept
  const scaled = f32x4.mul(f32x4.splat(entry.gradientScale), sum); // @point scaled
  if (entry.operation != TRAIN) {
    const penalties = v128.load(plan.penalties + (feature << 2)); // @point penalties
    v128.store(entry.output + at, f32x4.add(scaled, f32x4.mul(penalties, w))); // @point gradient
    return;
  }
  const penalised = v128.andnot(w, one); // @point penalised
  let penalty = f32x4.splat(entry.penalty);
  if (plan.penalties) {
    penalty = f32x4.mul(penalty, v128.load(plan.penalties + (feature << 2))); // @point factors
  }
  const gradient = f32x4.add(scaled, f32x4.mul(penalty, penalised));
  const rate = f32x4.splat(entry.learningRate);
  let changed: v128;
  if (plan.adam) {
    const decayed = f32x4.sub(w, f32x4.mul(f32x4.mul(rate, f32x4.splat(plan.weightDecay)), penalised));
    const first = f32x4.add(
      f32x4.mul(f32x4.splat(plan.momentum), v128.load(plan.moment1 + at)),
      f32x4.mul(f32x4.splat(plan.oneMinusBeta1), gradient),
    );
    const second = f32x4.add(
      f32x4.mul(f32x4.splat(plan.beta2), v128.load(plan.moment2 + at)),
      f32x4.mul(f32x4.mul(f32x4.splat(plan.oneMinusBeta2), gradient), gradient),
    );
    v128.store(plan.moment1 + at, first); // @point moment
    v128.store(plan.moment2 + at, second);
    const mean = f32x4.div(first, f32x4.splat(entry.correction1)); // @point correction
    const root = f32x4.sqrt(f32x4.div(second, f32x4.splat(entry.correction2)));
    changed = f32x4.sub(
      decayed,
      f32x4.div(f32x4.mul(rate, mean), f32x4.add(root, f32x4.splat(plan.epsilon))),
    );
  } else if (plan.moment1) {
    const momentum = f32x4.splat(plan.momentum);
    const velocity = f32x4.add(f32x4.mul(momentum, v128.load(plan.moment1 + at)), gradient);
    v128.store(plan.moment1 + at, velocity);
    const ahead = f32x4.add(gradient, f32x4.mul(momentum, velocity));
    const along = plan.nesterov ? ahead : velocity; // @point along
    changed = f32x4.sub(w, f32x4.mul(rate, along));
  } else {
    changed = f32x4.sub(w, f32x4.mul(rate, gradient));
  }
  v128.store(entry.input + at, changed);
}

/** Copies three f64 to the step's place in the ring. */
export function storeSums(plan: Plan, sums: u32, step: u32): void {
  memory.copy(plan.ring + (step << 5), sums, 24);
}
