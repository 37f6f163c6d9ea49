/** Vectors of four f32. */

/** a·b + c: rounded once where the machine fuses it and the module may ask, otherwise twice. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** (Σa, Σb, Σc, Σd) */
// @ts-ignore: decorator
@inline
export function sums4(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** e^x is about the smallest normal f32. */
const LEAST: f32 = -87.33;
const LOG2_E: f32 = 1.44269504;
/** ln 2 in two parts, the first with so few digits that n times it is exact. */
const LN2_HIGH: f32 = 0.693145751953125;
const LN2_LOW: f32 = 1.428606765330187e-6;

/**
 * 1.5·2²³ + 127: a number added to it is rounded to a whole one, n, and its lowest bits are then the exponent
 * of 2ⁿ.
 */
const ROUNDER: f32 = 12583039;

/**
 * e^x for x ≤ 0, to 2 ulp; 0 where that is less than the smallest normal number, and NaN of NaN. With n =
 * round(x / ln 2) it is 2ⁿ·e^r, |r| ≤ ln 2 / 2, and e^r is its Taylor polynomial of degree 7, whose remainder
 * is below 2⁻²⁷.
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const least = f32x4.splat(LEAST);
  const bounded = f32x4.pmax(x, least); // one instruction, as max is not
  const shifted = madd(bounded, f32x4.splat(LOG2_E), f32x4.splat(ROUNDER));
  const n = f32x4.sub(shifted, f32x4.splat(ROUNDER));
  const high = madd(n, f32x4.splat(-LN2_HIGH), bounded);
  const r = madd(n, f32x4.splat(-LN2_LOW), high);
  let p = f32x4.splat(1.0 / 5040.0);
  p = madd(p, r, f32x4.splat(1.0 / 720.0));
  p = madd(p, r, f32x4.splat(1.0 / 120.0));
  p = madd(p, r, f32x4.splat(1.0 / 24.0));
  p = madd(p, r, f32x4.splat(1.0 / 6.0));
  p = madd(p, r, f32x4.splat(0.5));
  p = madd(p, r, f32x4.splat(1.0));
  p = madd(p, r, f32x4.splat(1.0));
  const power = f32x4.mul(p, i32x4.shl(shifted, 23));
  return v128.andnot(power, f32x4.lt(x, least));
}

/**
 * ln x for x ≥ 1, to 2 ulp or 2⁻²³. With x = m·2ᵉ and √½ ≤ m < √2 it is e·ln 2 + 2·artanh s, s = (m − 1)/(m +
 * 1), and artanh its series to s⁹, whose remainder is below 2⁻³⁰.
 */
// @ts-ignore: decorator
@inline
export function log4(x: v128): v128 {
  const half = i32x4.splat(0x3f3504f3); // √½
  const offset = i32x4.sub(x, half);
  const e = f32x4.convert_i32x4_s(i32x4.shr_s(offset, 23));
  const m = i32x4.add(v128.and(offset, i32x4.splat(0x7fffff)), half);
  const s = f32x4.div(f32x4.sub(m, f32x4.splat(1)), f32x4.add(m, f32x4.splat(1)));
  const square = f32x4.mul(s, s);
  let p = f32x4.splat(2.0 / 9.0);
  p = madd(p, square, f32x4.splat(2.0 / 7.0));
  p = madd(p, square, f32x4.splat(2.0 / 5.0));
  p = madd(p, square, f32x4.splat(2.0 / 3.0));
  p = madd(p, square, f32x4.splat(2.0));
  const low = f32x4.mul(e, f32x4.splat(LN2_LOW));
  return f32x4.add(f32x4.mul(e, f32x4.splat(LN2_HIGH)), f32x4.add(low, f32x4.mul(p, s)));
}
