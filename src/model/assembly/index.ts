/** Adds the products of a row's features with their weights to its logits, in f64. */

/**
 * logits[k] ← logits[k] + Σ value·weights[k] for `count` features, in their order.
 *
 * @param weights address of the weights, f32: (features, classes)
 * @param values address of the values of the features, f64: (count)
 * @param places where the weights of each begin, in bytes from the first, i32: (count)
 * @param logits address of the logits, f64: (classes)
 */
export function addProducts(
  weights: usize,
  values: usize,
  places: usize,
  count: usize,
  logits: usize,
  classes: usize,
): void {
  let k: usize = 0; // @point sixteen
  for (; k + 16 <= classes; k += 16) {
    addSixteen(weights + (k << 2), values, places, count, logits + (k << 3));
  }
  for (; k + 4 <= classes; k += 4) addFour(weights + (k << 2), values, places, count, logits + (k << 3));
  for (; k < classes; k++) addOne(weights + (k << 2), values, places, count, logits + (k << 3)); // @point rest
}

/** Adds to sixteen logits: the eight sums stay in registers. */
function addSixteen(w: usize, values: usize, places: usize, count: usize, z: usize): void {
  let z0 = v128.load(z, 0);
  let z2 = v128.load(z, 16);
  let z4 = v128.load(z, 32);
  let z6 = v128.load(z, 48);
  let z8 = v128.load(z, 64);
  let z10 = v128.load(z, 80);
  let z12 = v128.load(z, 96);
  let z14 = v128.load(z, 112);
  for (let n: usize = 0; n < count; n++) {
    const value = v128.load64_splat(values + (n << 3));
    const at = w + load<u32>(places + (n << 2));
    z0 = plusProduct(z0, value, v128.load64_zero(at, 0));
    z2 = plusProduct(z2, value, v128.load64_zero(at, 8));
    z4 = plusProduct(z4, value, v128.load64_zero(at, 16));
    z6 = plusProduct(z6, value, v128.load64_zero(at, 24));
    z8 = plusProduct(z8, value, v128.load64_zero(at, 32));
    z10 = plusProduct(z10, value, v128.load64_zero(at, 40));
    z12 = plusProduct(z12, value, v128.load64_zero(at, 48)); // @point pair
    z14 = plusProduct(z14, value, v128.load64_zero(at, 56));
  }
  v128.store(z, z0, 0);
  v128.store(z, z2, 16);
  v128.store(z, z4, 32);
  v128.store(z, z6, 48);
  v128.store(z, z8, 64);
  v128.store(z, z10, 80);
  v128.store(z, z12, 96);
  v128.store(z, z14, 112);
}

function addFour(w: usize, values: usize, places: usize, count: usize, z: usize): void {
  let z0 = v128.load(z, 0);
  let z2 = v128.load(z, 16);
  for (let n: usize = 0; n < count; n++) { // @point four
    const value = v128.load64_splat(values + (n << 3));
    const at = w + load<u32>(places + (n << 2));
    z0 = plusProduct(z0, value, v128.load64_zero(at, 0));
    z2 = plusProduct(z2, value, v128.load64_zero(at, 8));
  }
  v128.store(z, z0, 0);
  v128.store(z, z2, 16);
}

function addOne(w: usize, values: usize, places: usize, count: usize, z: usize): void {
  let sum = load<f64>(z);
  for (let n: usize = 0; n < count; n++) {
    const at = w + load<u32>(places + (n << 2));
    sum += load<f64>(values + (n << 3)) * <f64>load<f32>(at); // @point one
  }
  store<f64>(z, sum);
}

/** Adds the product of a value with two weights to two logits. */
// @ts-ignore: decorator
@inline
function plusProduct(sum: v128, value: v128, weights: v128): v128 {
  return f64x2.add(sum, f64x2.mul(value, f64x2.promote_low_f32x4(weights)));
}
