/**
 * The two products, four rows and two classes at a time. The vectors of these rows, and of these classes, lie
 * side by side, so that a loop needs one address for each. Lanes are features; the lanes of Z are rows.
 */
import { madd, sums4 } from "./math";
import { Plan } from "./plan";

/** Features of a tile of the gradient: with all classes of a task it stays in the L1 cache. */
export const TILE: u32 = 64;

/**
 * Computes Z of four rows for the classes from k, an even number, to `past`. w: (paddedClasses / 2, stride /
 * 4, 2, 4), x: (stride / 4, 4 rows, 4), z: (classes, rows), `next` bytes from class to class.
 */
export function logits(plan: Plan, w: u32, x: u32, k: u32, past: u32, z: u32, next: u32): void {
  product(plan, w, x, k, past, z, next, false, 0, 0);
}

/**
 * Computes Z of four rows for the first classes, at most eight. With every two classes it copies one of the
 * next four rows from its address in `sources` to `copies`, laid out like x, so that memory is read while the
 * processor multiplies.
 */
export function logitsAhead(
  plan: Plan,
  w: u32,
  x: u32,
  past: u32,
  z: u32,
  next: u32,
  sources: u32,
  copies: u32,
): void {
  product(plan, w, x, 0, past, z, next, true, sources, copies);
}

// @ts-ignore: decorator
@inline
function product(
  plan: Plan,
  weights: u32,
  x: u32,
  k: u32,
  past: u32,
  z: u32,
  next: u32,
  ahead: bool,
  sources: u32,
  copies: u32,
): void {
  const end = x + (plan.stride << 4); // @point features
  for (; k < past; k += 2) {
    let w = weights + ((k * plan.stride) << 2); // @point classes
    let from = ahead ? load<u32>(sources + (k << 1)) : 0;
    let copy = copies + (k << 3);
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let b0 = a0;
    let b1 = a0;
    let b2 = a0;
    let b3 = a0;
    for (let at = x; at < end; at += 64) {
      const wa = v128.load(w);
      const wb = v128.load(w, 16); // @point second-class
      const x0 = v128.load(at);
      a0 = madd(x0, wa, a0);
      b0 = madd(x0, wb, b0);
      const x1 = v128.load(at, 16);
      a1 = madd(x1, wa, a1);
      b1 = madd(x1, wb, b1);
      const x2 = v128.load(at, 32);
      a2 = madd(x2, wa, a2);
      b2 = madd(x2, wb, b2);
      const x3 = v128.load(at, 48); // @point fourth-row
      a3 = madd(x3, wa, a3);
      b3 = madd(x3, wb, b3);
      w += 32;
      if (ahead) {
        v128.store(copy, v128.load(from));
        from += 16;
        copy += 64;
      }
    }
    const to = z + k * next;
    v128.store(to, sums4(a0, a1, a2, a3));
    v128.store(to + next, sums4(b0, b1, b2, b3));
  }
}

/**
 * Adds Xᵀ·R of four rows to G, for the classes from k, an even number, to `past` and the features of a tile.
 * x: (stride / 4, 4 rows, 4). r: (classes, rows), `next` bytes from class to class. g: (classes / 2, stride
 * / 4, 2, 4)
 */
export function gradient(plan: Plan, x: u32, k: u32, past: u32, tile: u32, r: u32, next: u32, g: u32): void {
  const begin = tile * TILE;
  const end = x + (min(plan.stride, begin + TILE) << 4);
  const row = plan.stride << 3; // bytes of two classes
  let first = g + ((k * plan.stride) << 2) + (begin << 3);
  for (let at = x + (begin << 4); at < end; at += 128) {
    const a0 = v128.load(at);
    const a1 = v128.load(at, 16);
    const a2 = v128.load(at, 32);
    const a3 = v128.load(at, 48);
    const b0 = v128.load(at, 64);
    const b1 = v128.load(at, 80);
    const b2 = v128.load(at, 96);
    const b3 = v128.load(at, 112);
    let to = first;
    for (let from = r + k * next, last = r + past * next; from < last; ) {
      add(to, from, a0, a1, a2, a3, b0, b1, b2, b3);
      from += next;
      add(to + 16, from, a0, a1, a2, a3, b0, b1, b2, b3); // @point second-residual
      from += next;
      to += row;
    }
    first += 64;
  }
}

/** Adds the outer products of four residuals of one class with eight features of the four rows. */
// @ts-ignore: decorator
@inline
function add(
  to: u32,
  from: u32,
  a0: v128,
  a1: v128,
  a2: v128,
  a3: v128,
  b0: v128,
  b1: v128,
  b2: v128,
  b3: v128,
): void {
  const r0 = v128.load32_splat(from);
  let a = madd(a0, r0, v128.load(to));
  let b = madd(b0, r0, v128.load(to, 32));
  const r1 = v128.load32_splat(from, 4);
  a = madd(a1, r1, a);
  b = madd(b1, r1, b);
  const r2 = v128.load32_splat(from, 8);
  a = madd(a2, r2, a);
  b = madd(b2, r2, b);
  const r3 = v128.load32_splat(from, 12); // @point fourth-residual
  v128.store(to, madd(a3, r3, a));
  v128.store(to, madd(b3, r3, b), 32);
}
