/**
 * The aligned binary tree of `core/sum-plan.ts`. Sums that are all in memory are added in place, level by
 * level. Sums that come one after another merge with nodes that wait for them, one a level, as bits carry in
 * a binary counter: bit l of a sum's number says whether a node of level l waits.
 */
import { ceilDivide } from "./threads";

/**
 * Adds `count` sums of `vectors` vectors each, `bytes` apart, three levels at a time. The total takes the
 * place of the first sum.
 */
export function addVectors(first: u32, bytes: u32, count: u32, vectors: u32): void {
  for (let width: u32 = 1; width < count; width <<= 3) {
    for (let n: u32 = 0; n + width < count; n += width << 3) {
      const nodes = ceilDivide(count - n, width);
      if (nodes >= 8) addEight(first + n * bytes, width * bytes, vectors);
      else addFew(first + n * bytes, width * bytes, nodes, vectors); // @point few
    }
  }
}

/** Adds eight sums in registers, so that the sums of pairs are not written to memory. */
function addEight(first: u32, bytes: u32, vectors: u32): void {
  for (const past = first + (vectors << 4); first < past; first += 16) {
    let at = first;
    const a = v128.load(at);
    const b = v128.load((at += bytes));
    const c = v128.load((at += bytes));
    const d = v128.load((at += bytes));
    const e = v128.load((at += bytes));
    const f = v128.load((at += bytes));
    const g = v128.load((at += bytes));
    const h = v128.load((at += bytes)); // @point eighth
    const left = f32x4.add(f32x4.add(a, b), f32x4.add(c, d)); // @point eight
    const right = f32x4.add(f32x4.add(e, f), f32x4.add(g, h));
    v128.store(first, f32x4.add(left, right));
  }
}

/** Adds fewer than eight sums, level by level. */
function addFew(first: u32, bytes: u32, count: u32, vectors: u32): void {
  for (let width: u32 = 1; width < count; width <<= 1) { // @point widths
    for (let n: u32 = 0; n + width < count; n += width << 1) { // @point pairs
      const left = first + n * bytes;
      addTo(left, left, left + width * bytes, vectors); // @point pair
    }
  }
}

/**
 * Merges sum `number` with the nodes that wait for it, `bytes` apart. The result waits among the nodes, or,
 * if it is the total, stays in the place of the sum.
 */
export function mergeVectors(sum: u32, nodes: u32, bytes: u32, number: u32, last: bool, vectors: u32): void {
  for (let levels = mergedLevels(number, last); levels != 0; levels &= levels - 1) { // @point merge
    addTo(sum, nodes + ctz(levels) * bytes, sum, vectors);
  }
  if (!last) memory.copy(nodes + ctz(~number) * bytes, sum, vectors << 4); // @point wait
}

/** sum ← left + right */
// @ts-ignore: decorator
@inline
function addTo(sum: u32, left: u32, right: u32, vectors: u32): void {
  for (let at: u32 = 0; at < vectors << 4; at += 16) {
    v128.store(sum + at, f32x4.add(v128.load(left + at), v128.load(right + at))); // @point add
  }
}

/** Adds `count` sums of four f64, level by level. */
export function addSums(first: u32, count: u32): void {
  for (let width: u32 = 1; width < count; width <<= 1) { // @point sum-widths
    for (let n: u32 = 0; n + width < count; n += width << 1) { // @point sum-pairs
      const left = first + (n << 5);
      addFour(left, left, left + (width << 5)); // @point sum-pair
    }
  }
}

/** Merges a sum of four f64 with the nodes that wait for it, likewise. */
export function mergeSums(sum: u32, nodes: u32, number: u32, last: bool): void {
  for (let levels = mergedLevels(number, last); levels != 0; levels &= levels - 1) { // @point merge-sums
    addFour(sum, nodes + (ctz(levels) << 5), sum);
  }
  if (!last) memory.copy(nodes + (ctz(~number) << 5), sum, 32); // @point wait-sums
}

function addFour(sum: u32, left: u32, right: u32): void {
  v128.store(sum, f64x2.add(v128.load(left), v128.load(right)));
  v128.store(sum, f64x2.add(v128.load(left, 16), v128.load(right, 16)), 16);
}

/** Returns the levels, as bits, of the nodes that a sum merges with: all that wait if it is the last. */
function mergedLevels(number: u32, last: bool): u32 {
  return last ? number : number & ~(number + 1); // @point merged
}
