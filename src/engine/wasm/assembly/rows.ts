/** Packs of rows from anywhere in X, as f32: where they lie if they are, else converted. */
import { Entry, Plan } from "./plan";

/** Some rows of a step, a multiple of four. Rows past the last real one have weight 0. */
@unmanaged
export class RowPack {
  first: u32; // position in the step of the first row
  real: u32; // number of real rows
  labels: u32; // (rows) u32
  weights: u32; // (rows) f32, 0 past the real rows
  targets: u32; // (rows) addresses of soft targets, if there are any
  offsets: u32; // (rows) addresses of offsets, likewise
  sources: u32; // (rows) addresses in X
  x: u32; // (rows) addresses of the rows as f32, each (stride)
  converted: u32; // (rows, stride) f32, if X is not
}

/** Creates a pack of `rows` rows at an address, followed by the arrays that it points to. */
export function packAt(plan: Plan, at: u32, rows: u32): RowPack {
  const pack = changetype<RowPack>(at);
  pack.labels = at + 64;
  pack.weights = pack.labels + (rows << 2);
  pack.targets = pack.weights + (rows << 2);
  pack.offsets = pack.targets + (rows << 2);
  pack.sources = pack.offsets + (rows << 2);
  pack.x = plan.valueBytes == 4 ? pack.sources : pack.sources + (rows << 2);
  pack.converted = (pack.x + (rows << 2) + 63) & ~63;
  return pack;
}

/** Looks up labels, weights and addresses of the pack's rows from i to `past`. */
export function locateRows(plan: Plan, entry: Entry, pack: RowPack, i: u32, past: u32): void {
  for (; i < past; i++) {
    const at = min(pack.first + i, entry.rows - 1);
    const number = load<u32>(entry.order + ((entry.first + at) << 2)); // @point order
    const weight: f32 = i < pack.real ? load<f32>(plan.rowWeights + (number << 2)) : 0; // @point weight
    store<u32>(pack.labels + (i << 2), load<u32>(plan.labels + (number << 2))); // @point label
    store<f32>(pack.weights + (i << 2), weight);
    store<u32>(pack.sources + (i << 2), plan.x + number * plan.rowBytes);
    store<u32>(pack.targets + (i << 2), plan.targets + ((number * plan.classes) << 2)); // @point targets
    store<u32>(pack.offsets + (i << 2), plan.offsets + ((number * plan.classes) << 2)); // @point row-offsets
  }
}

/** Converts the pack's rows from i to `past`, which were located before, to f32. */
export function convertRows(plan: Plan, pack: RowPack, i: u32, past: u32): void {
  if (plan.valueBytes == 4) return;
  for (; i < past; i++) {
    const from = load<u32>(pack.sources + (i << 2));
    const to = pack.converted + ((i * plan.stride) << 2);
    store<u32>(pack.x + (i << 2), to);
    if (plan.valueBytes == 1) convertBytes(from, to, plan.stride, f32x4.splat(plan.scale), plan.valueBytes);
    else convertHalves(from, to, plan.stride);
    // The one of a row of bytes was scaled.
    store<f32>(to + (plan.features << 2), 1); // @point one
  }
}

/** Converts bytes, of which there are a multiple of eight. */
function convertBytes(from: u32, to: u32, count: u32, scale: v128, size: u32): void {
  const past = from + count;
  if (ASC_FEATURE_RELAXED_SIMD) {
    // Each shuffle takes four of sixteen bytes and, by indices that are negative, zeros.
    // V8 would make vectors of constants anew in every turn: these depend on a number that is always 1.
    const four = i32x4.splat(size << 2);
    const first = i32x4.mul(i32x4(0x80808000, 0x80808001, 0x80808002, 0x80808003), i32x4.splat(size));
    const second = i32x4.add(first, four);
    const third = i32x4.add(second, four);
    const fourth = i32x4.add(third, four);
    for (; from + 16 <= past; from += 16) {
      const sixteen = v128.load(from);
      storeScaled(to, i8x16.relaxed_swizzle(sixteen, first), scale);
      storeScaled(to + 16, i8x16.relaxed_swizzle(sixteen, second), scale);
      storeScaled(to + 32, i8x16.relaxed_swizzle(sixteen, third), scale);
      storeScaled(to + 48, i8x16.relaxed_swizzle(sixteen, fourth), scale);
      to += 64;
    }
  }
  for (; from < past; from += 8) {
    const eight = v128.load_ext<u8>(from);
    storeScaled(to, i32x4.extend_low_i16x8_u(eight), scale);
    storeScaled(to + 16, i32x4.extend_high_i16x8_u(eight), scale); // @point high
    to += 32;
  }
}

// @ts-ignore: decorator
@inline
function storeScaled(to: u32, integers: v128, scale: v128): void {
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(integers), scale));
}

function convertHalves(from: u32, to: u32, count: u32): void {
  for (const past = from + 2 * count; from < past; from += 8) {
    v128.store(to, half4(v128.load_ext<u16>(from)));
    to += 16;
  }
}

/**
 * Converts four finite f16, each in 32 bits, to f32. Exponent and fraction are read as those of an f32, which
 * is too small by a factor of 2¹¹². Multiplying by it is exact, and also right for subnormal numbers.
 */
function half4(h: v128): v128 {
  const magnitude = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13);
  const sign = i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16); // @point sign
  return v128.or(f32x4.mul(magnitude, f32x4.splat(reinterpret<f32>(0x77800000))), sign); // @point half
}
