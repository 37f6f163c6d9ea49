/** Functions of vectors of four f32. */

/** Returns a·b + c, rounded once with relaxed SIMD on a processor that fuses it, otherwise twice. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Returns (Σa, Σb, Σc, Σd). */
// @ts-ignore: decorator
@inline
export function sums4(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** The x whose e^x is about the smallest normal f32. */
const LEAST: f32 = -87.33;
const LOG2_E: f32 = 1.44269504;
/** ln 2 in two parts. The first has so few digits that its product with n is exact. */
const LN2_HIGH: f32 = 0.693145751953125;
const LN2_LOW: f32 = 1.428606765330187e-6;

/**
 * 1.5·2²³ + 127. Adding a number rounds it to an integer n, and the lowest bits of the sum are then the
 * exponent of 2ⁿ.
 */
const ROUNDER: f32 = 12583039;

/**
 * Returns e^x for x ≤ 0, to 2 ulp; 0 where it is below the smallest normal number, and NaN for NaN. With n =
 * round(x / ln 2), e^x = 2ⁿ·e^r and |r| ≤ ln 2 / 2. The Taylor polynomial of degree 7 of e^r has a remainder
 * below 2⁻²⁷.
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const least = f32x4.splat(LEAST);
  const bounded = f32x4.pmax(x, least); // one instruction on x64, unlike max
  const shifted = madd(bounded, f32x4.splat(LOG2_E), f32x4.splat(ROUNDER));
  const n = f32x4.sub(shifted, f32x4.splat(ROUNDER));
  const high = madd(n, f32x4.splat(-LN2_HIGH), bounded);
  const r = madd(n, f32x4.splat(-LN2_LOW), high); // @point remainder
  let p = f32x4.splat(1.0 / 5040.0); // @point power-7
  p = madd(p, r, f32x4.splat(1.0 / 720.0));
  p = madd(p, r, f32x4.splat(1.0 / 120.0));
  p = madd(p, r, f32x4.splat(1.0 / 24.0)); // @point power-4
  p = madd(p, r, f32x4.splat(1.0 / 6.0));
  p = madd(p, r, f32x4.splat(0.5));
  p = madd(p, r, f32x4.splat(1.0));
  p = madd(p, r, f32x4.splat(1.0));
  const power = f32x4.mul(p, i32x4.shl(shifted, 23));
  return v128.andnot(power, f32x4.lt(x, least));
}

/**
 * Returns ln x for x ≥ 1, to 2 ulp or 2⁻²³. With x = m·2ᵉ, √½ ≤ m < √2 and s = (m − 1)/(m + 1), ln x = e·ln
 * 2 + 2·artanh s. The series of artanh to s⁹ has a remainder below 2⁻³⁰.
 */
// @ts-ignore: decorator
@inline
export function log4(x: v128): v128 {
  const half = i32x4.splat(0x3f3504f3 /* √½ */); // @point half
  const offset = i32x4.sub(x, half);
  const e = f32x4.convert_i32x4_s(i32x4.shr_s(offset, 23));
  const m = i32x4.add(v128.and(offset, i32x4.splat(0x7fffff)), half);
  const s = f32x4.div(f32x4.sub(m, f32x4.splat(1)), f32x4.add(m, f32x4.splat(1)));
  const square = f32x4.mul(s, s);
  let p = f32x4.splat(2.0 / 9.0);
  p = madd(p, square, f32x4.splat(2.0 / 7.0)); // @point logarithm-7
  p = madd(p, square, f32x4.splat(2.0 / 5.0)); // @point logarithm-5
  p = madd(p, square, f32x4.splat(2.0 / 3.0));
  p = madd(p, square, f32x4.splat(2.0));
  const low = f32x4.mul(e, f32x4.splat(LN2_LOW)); // @point low
  return f32x4.add(f32x4.mul(e, f32x4.splat(LN2_HIGH)), f32x4.add(low, f32x4.mul(p, s)));
}
