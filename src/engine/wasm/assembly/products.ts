/**
 * The two products. Rows are read where they lie, from a list of their addresses. The vectors of two classes
 * lie side by side in the weights and in the gradient, so that a loop needs one address for both. Lanes are
 * features; the lanes of Z are rows.
 *
 * Sums stay in registers. Two multiply-adds a cycle, each of which takes four, need at least eight sums, and
 * do not wait with twelve. Twelve and their operands take all fifteen registers that V8 allocates on x64:
 * they are used where `../module.ts` finds a compiler that can. Both add in the same order.
 */
import { madd, sums4 } from "./math";
import { Plan } from "./plan";

/**
 * Computes Z of `rows` rows, a multiple of four, for the classes from k, an even number, to `past`. w:
 * (paddedClasses / 2, stride / 4, 2, 4), x: (rows) addresses of (stride), z: (classes, rows), `next` bytes
 * from class to class.
 */
export function logits(
  plan: Plan,
  w: u32,
  x: u32,
  rows: u32,
  k: u32,
  past: u32,
  z: u32,
  next: u32,
): void {
  let i: u32 = 0;
  if (plan.twelveSums) {
    // Sixes leave none of a multiple of four rows, or four or eight.
    for (; i + 6 <= rows && i + 8 != rows; i += 6) logits6(plan, w, x + (i << 2), k, past, z + (i << 2), next);
  }
  for (; i < rows; i += 4) logits4(plan, w, x + (i << 2), k, past, z + (i << 2), next); // @point rows
}

/** The same for four rows. */
function logits4(plan: Plan, w: u32, x: u32, k: u32, past: u32, z: u32, next: u32): void {
  const row0 = load<u32>(x);
  const row1 = load<u32>(x, 4);
  const row2 = load<u32>(x, 8);
  const row3 = load<u32>(x, 12); // @point fourth-row
  const bytes = plan.stride << 2;
  for (; k < past; k += 2) {
    let weights = w + k * bytes; // @point classes
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let b0 = a0;
    let b1 = a0;
    let b2 = a0;
    let b3 = a0;
    for (let at: u32 = 0; at < bytes; at += 16) { // @point features
      const wa = v128.load(weights);
      const wb = v128.load(weights, 16); // @point second-class
      const x0 = v128.load(row0 + at);
      a0 = madd(x0, wa, a0);
      b0 = madd(x0, wb, b0);
      const x1 = v128.load(row1 + at);
      a1 = madd(x1, wa, a1);
      b1 = madd(x1, wb, b1);
      const x2 = v128.load(row2 + at);
      a2 = madd(x2, wa, a2);
      b2 = madd(x2, wb, b2);
      const x3 = v128.load(row3 + at);
      a3 = madd(x3, wa, a3);
      b3 = madd(x3, wb, b3);
      weights += 32;
    }
    const to = z + k * next;
    v128.store(to, sums4(a0, a1, a2, a3));
    v128.store(to + next, sums4(b0, b1, b2, b3));
  }
}

/** The same for six rows. */
function logits6(plan: Plan, w: u32, x: u32, k: u32, past: u32, z: u32, next: u32): void {
  const row0 = load<u32>(x);
  const row1 = load<u32>(x, 4);
  const row2 = load<u32>(x, 8);
  const row3 = load<u32>(x, 12);
  const row4 = load<u32>(x, 16);
  const row5 = load<u32>(x, 20); // @point sixth-row
  const bytes = plan.stride << 2;
  for (; k < past; k += 2) {
    let weights = w + k * bytes;
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let a4 = a0;
    let a5 = a0;
    let b0 = a0;
    let b1 = a0;
    let b2 = a0;
    let b3 = a0;
    let b4 = a0;
    let b5 = a0;
    for (let at: u32 = 0; at < bytes; at += 16) {
      const wa = v128.load(weights);
      const wb = v128.load(weights, 16);
      const x0 = v128.load(row0 + at);
      a0 = madd(x0, wa, a0);
      b0 = madd(x0, wb, b0);
      const x1 = v128.load(row1 + at);
      a1 = madd(x1, wa, a1);
      b1 = madd(x1, wb, b1);
      const x2 = v128.load(row2 + at);
      a2 = madd(x2, wa, a2);
      b2 = madd(x2, wb, b2);
      const x3 = v128.load(row3 + at);
      a3 = madd(x3, wa, a3);
      b3 = madd(x3, wb, b3);
      const x4 = v128.load(row4 + at);
      a4 = madd(x4, wa, a4);
      b4 = madd(x4, wb, b4);
      const x5 = v128.load(row5 + at);
      a5 = madd(x5, wa, a5);
      b5 = madd(x5, wb, b5);
      weights += 32;
    }
    const to = z + k * next;
    v128.store(to, sums4(a0, a1, a2, a3));
    v128.store(to + next, sums4(b0, b1, b2, b3));
    const rest = sums4(a4, a5, b4, b5);
    v128.store64_lane(to, rest, 0, 16);
    v128.store64_lane(to + next, rest, 1, 16); // @point last-rows
  }
}

/**
 * Adds Xᵀ·R of `rows` rows to G, for the classes from k, an even number, to `past` and the features from
 * `feature` to `pastFeature`, multiples of eight. x: (rows) addresses, to which `offset` is added to find the
 * first of these features. r: (classes, rows), `next` bytes from class to class. g: (classes / 2, stride / 4,
 * 2, 4)
 */
export function gradient(
  plan: Plan,
  x: u32,
  rows: u32,
  k: u32,
  past: u32,
  feature: u32,
  pastFeature: u32,
  offset: u32,
  r: u32,
  next: u32,
  g: u32,
): void {
  const end = x + (rows << 2);
  while (feature < pastFeature) {
    const left = pastFeature - feature;
    const size: u32 = plan.twelveSums && left >= 24 ? 24 : left >= 16 ? 16 : 8; // @point size
    for (let c = k; c < past; c += 2) {
      const to = g + ((c * plan.stride + (feature << 1)) << 2);
      const from = r + c * next;
      if (size == 24) add24(to, x, end, offset, from, next);
      else if (size == 16) add16(to, x, end, offset, from, next);
      else add8(to, x, end, offset, from, next);
    }
    feature += size;
    offset += size << 2;
  }
}

/** Adds the outer products of two classes' residuals with eight features, `offset` bytes into each row. */
function add8(g: u32, x: u32, end: u32, offset: u32, r: u32, next: u32): void {
  let a0 = v128.load(g);
  let b0 = v128.load(g, 16);
  let a1 = v128.load(g, 32);
  let b1 = v128.load(g, 48);
  for (; x < end; x += 4) {
    const at = load<u32>(x) + offset;
    const ra = v128.load32_splat(r);
    const rb = v128.load32_splat(r + next); // @point last-residual
    const x0 = v128.load(at);
    a0 = madd(x0, ra, a0);
    b0 = madd(x0, rb, b0);
    const x1 = v128.load(at, 16);
    a1 = madd(x1, ra, a1);
    b1 = madd(x1, rb, b1);
    r += 4;
  }
  v128.store(g, a0);
  v128.store(g, b0, 16);
  v128.store(g, a1, 32);
  v128.store(g, b1, 48);
}

/** The same with sixteen features. */
function add16(g: u32, x: u32, end: u32, offset: u32, r: u32, next: u32): void {
  let a0 = v128.load(g);
  let b0 = v128.load(g, 16);
  let a1 = v128.load(g, 32);
  let b1 = v128.load(g, 48);
  let a2 = v128.load(g, 64);
  let b2 = v128.load(g, 80);
  let a3 = v128.load(g, 96);
  let b3 = v128.load(g, 112);
  for (; x < end; x += 4) {
    const at = load<u32>(x) + offset;
    const ra = v128.load32_splat(r);
    const rb = v128.load32_splat(r + next); // @point second-residual
    const x0 = v128.load(at);
    a0 = madd(x0, ra, a0);
    b0 = madd(x0, rb, b0);
    const x1 = v128.load(at, 16);
    a1 = madd(x1, ra, a1);
    b1 = madd(x1, rb, b1);
    const x2 = v128.load(at, 32);
    a2 = madd(x2, ra, a2);
    b2 = madd(x2, rb, b2);
    const x3 = v128.load(at, 48);
    a3 = madd(x3, ra, a3);
    b3 = madd(x3, rb, b3);
    r += 4;
  }
  v128.store(g, a0);
  v128.store(g, b0, 16);
  v128.store(g, a1, 32);
  v128.store(g, b1, 48);
  v128.store(g, a2, 64);
  v128.store(g, b2, 80);
  v128.store(g, a3, 96);
  v128.store(g, b3, 112);
}

/** The same with twenty-four features. */
function add24(g: u32, x: u32, end: u32, offset: u32, r: u32, next: u32): void {
  let a0 = v128.load(g);
  let b0 = v128.load(g, 16);
  let a1 = v128.load(g, 32);
  let b1 = v128.load(g, 48);
  let a2 = v128.load(g, 64);
  let b2 = v128.load(g, 80);
  let a3 = v128.load(g, 96);
  let b3 = v128.load(g, 112);
  let a4 = v128.load(g, 128);
  let b4 = v128.load(g, 144);
  let a5 = v128.load(g, 160);
  let b5 = v128.load(g, 176);
  for (; x < end; x += 4) {
    const at = load<u32>(x) + offset;
    const ra = v128.load32_splat(r);
    const rb = v128.load32_splat(r + next);
    const x0 = v128.load(at);
    a0 = madd(x0, ra, a0);
    b0 = madd(x0, rb, b0);
    const x1 = v128.load(at, 16);
    a1 = madd(x1, ra, a1);
    b1 = madd(x1, rb, b1);
    const x2 = v128.load(at, 32);
    a2 = madd(x2, ra, a2);
    b2 = madd(x2, rb, b2);
    const x3 = v128.load(at, 48);
    a3 = madd(x3, ra, a3);
    b3 = madd(x3, rb, b3);
    const x4 = v128.load(at, 64);
    a4 = madd(x4, ra, a4);
    b4 = madd(x4, rb, b4);
    const x5 = v128.load(at, 80); // @point last-features
    a5 = madd(x5, ra, a5);
    b5 = madd(x5, rb, b5);
    r += 4;
  }
  v128.store(g, a0);
  v128.store(g, b0, 16);
  v128.store(g, a1, 32);
  v128.store(g, b1, 48);
  v128.store(g, a2, 64);
  v128.store(g, b2, 80);
  v128.store(g, a3, 96);
  v128.store(g, b3, 112);
  v128.store(g, a4, 128);
  v128.store(g, b4, 144);
  v128.store(g, a5, 160);
  v128.store(g, b5, 176);
}
