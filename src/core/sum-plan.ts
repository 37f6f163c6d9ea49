/**
 * The plan of sums over rows, which is the same on every engine.
 *
 * The rows of a pass, in its order, are cut from the first on into blocks of `planBlockRows` rows, of which
 * the last may have fewer. Each block has one sum, and the sums are added by the aligned binary tree: a node
 * of level 0 is the sum of a block, and node n of level l + 1 is node 2n + node 2n + 1 of level l, in this
 * order; a node that has no right neighbour rises as it is. The result depends on the sums and their numbers
 * alone: the sums of blocks n·2ˡ to (n + 1)·2ˡ − 1 can be added anywhere, and give node n of level l bit for
 * bit.
 *
 * Inside a block the order is that of the engine's kernel. A kernel may apply the same tree there, to ranges
 * whose rows are a power of two: a block is then one of the tree's nodes.
 */
import type { RowHead } from "./rows.js";

/** Most bytes of a block's features. */
const BLOCK_BYTES = 2 ** 24;
/** Least rows of a block, for rows that are longer than a block. */
const LEAST_ROWS = 16;

/**
 * Returns the rows of a block: the largest power of two whose features take 16 MiB or less, and at least 16.
 * A feature takes the bytes of its type in x, on every engine; f64 counts as f32.
 */
export function planBlockRows({ features, x }: Pick<RowHead, "features" | "x">): number {
  const rowBytes = features * Math.min(4, x.BYTES_PER_ELEMENT);
  return Math.max(LEAST_ROWS, 2 ** Math.floor(Math.log2(BLOCK_BYTES / rowBytes)));
}

/** Returns the levels above the leaves of a tree of `count` sums: the additions that a sum goes through. */
export function countLevels(count: number): number {
  return 32 - Math.clz32(count - 1);
}

/**
 * Returns the longest chain of additions behind a sum over `rows` rows that adds `leafRows` of them in order,
 * and the sums of those by the tree.
 */
export function chainLength(rows: number, leafRows: number): number {
  return Math.min(rows, leafRows) + countLevels(Math.ceil(rows / leafRows));
}

/** Adds sums by the aligned binary tree as they come, in their order, and keeps one node a level at most. */
export class SumTree<T> {
  readonly #add: (left: T, right: T) => T;
  /** Nodes that wait for their right neighbour, from the highest level to the lowest. */
  readonly #nodes: { readonly level: number; readonly sum: T }[] = [];

  /** @param add may change its left argument and return it: the tree uses neither again. */
  constructor(add: (left: T, right: T) => T) {
    this.#add = add;
  }

  /** Adds the sum of the next block. */
  push(sum: T): void {
    let node = { level: 0, sum };
    for (let left = this.#nodes.at(-1); left?.level === node.level; left = this.#nodes.at(-1)) {
      this.#nodes.pop();
      node = { level: left.level + 1, sum: this.#add(left.sum, node.sum) };
    }
    this.#nodes.push(node);
  }

  /** Returns the sum of all, and `zero` of none. Nothing may be pushed after it. */
  total(zero: T): T {
    const sums = this.#nodes.map(({ sum }) => sum);
    return sums.length > 0 ? sums.reduceRight((right, left) => this.#add(left, right)) : zero;
  }
}
