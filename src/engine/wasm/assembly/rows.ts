/**
 * Some rows of a step, as floats and in the order that the products want, wherever and whatever they are in
 * X.
 */
import { Entry, Plan } from "./plan";

/** Rows, four by four: those past the last real one count for nothing. */
@unmanaged
export class RowPack {
  first: u32; // of the block's rows, in the step
  real: u32; // how many there are
  labels: u32; // (rows) u32
  weights: u32; // (rows) f32, 0 for those that are not real
  sources: u32; // (rows) where in X they are
  targets: u32; // (rows) where their targets are, if they have any
  x: u32; // (rows / 4, stride / 4, 4 rows, 4)
}

/** A block of so many rows: at this address itself, and then what it points to. */
export function packAt(at: u32, rows: u32): RowPack {
  const pack = changetype<RowPack>(at);
  pack.labels = at + 64;
  pack.weights = pack.labels + (rows << 2);
  pack.sources = pack.weights + (rows << 2);
  pack.targets = pack.sources + (rows << 2);
  pack.x = (pack.targets + (rows << 2) + 63) & ~63;
  return pack;
}

/** Where in the block's X the four rows from i on are. */
// @ts-ignore: decorator
@inline
export function fourRows(plan: Plan, pack: RowPack, i: u32): u32 {
  return pack.x + ((i * plan.stride) << 2);
}

/** Finds the block's rows from i to `past`. */
export function locateRows(plan: Plan, entry: Entry, pack: RowPack, i: u32, past: u32): void {
  for (; i < past; i++) {
    const at = min(pack.first + i, entry.rows - 1);
    const number = load<u32>(entry.order + ((entry.first + at) << 2));
    const weight: f32 = i < pack.real ? load<f32>(plan.rowWeights + (number << 2)) : 0;
    store<u32>(pack.labels + (i << 2), load<u32>(plan.labels + (number << 2)));
    store<f32>(pack.weights + (i << 2), weight);
    store<u32>(pack.sources + (i << 2), plan.x + number * plan.rowBytes);
    store<u32>(pack.targets + (i << 2), plan.targets + ((number * plan.classes) << 2));
  }
}

/** Copies the features of the block's rows from i to `past`, which were found. */
export function copyRows(plan: Plan, pack: RowPack, i: u32, past: u32): void {
  for (; i < past; i++) {
    const from = load<u32>(pack.sources + (i << 2));
    const to = fourRows(plan, pack, i & ~3) + ((i & 3) << 4);
    if (plan.valueBytes == 4) copyFloats(from, to, plan.stride);
    else if (plan.valueBytes == 1) copyBytes(from, to, plan.stride, f32x4.splat(plan.scale));
    else copyHalves(from, to, plan.stride);
    const one = to + ((plan.features >> 2) << 6) + ((plan.features & 3) << 2);
    store<f32>(one, 1); // that of bytes was scaled
  }
}

function copyFloats(from: u32, to: u32, count: u32): void {
  for (const past = from + 4 * count; from < past; from += 16) {
    v128.store(to, v128.load(from));
    to += 64;
  }
}

function copyBytes(from: u32, to: u32, count: u32, scale: v128): void {
  for (const past = from + count; from < past; from += 8) {
    const eight = v128.load_ext<u8>(from);
    v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(eight)), scale));
    v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(eight)), scale), 64);
    to += 128;
  }
}

function copyHalves(from: u32, to: u32, count: u32): void {
  for (const past = from + 2 * count; from < past; from += 8) {
    v128.store(to, half4(v128.load_ext<u16>(from)));
    to += 64;
  }
}

/**
 * Four finite f16, each in 32 bits, as f32. Their exponents and fractions are read as those of an f32, which
 * is 2¹¹² too small; the product is exact, and what is subnormal comes out right.
 */
function half4(h: v128): v128 {
  const magnitude = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13);
  const sign = i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16);
  return v128.or(f32x4.mul(magnitude, f32x4.splat(reinterpret<f32>(0x77800000))), sign);
}
