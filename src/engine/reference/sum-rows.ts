/** Sums over rows by the plan of sums: in order inside a block, and by the aligned tree between blocks. */
import { SumTree } from "../../core/sum-plan.js";
import { type Sums, addSums } from "../../core/sums.js";
import type { Rows } from "../../core/rows.js";
import { inBlocks } from "../../math/pieces.js";

/** Placed rows, and how passes go over them. */
export interface ReferenceContext {
  readonly rows: Rows;
  /** Rows of a block of the plan. */
  readonly blockRows: number;
  /** Aborts, with the error of passes from then on, when the runtime is closed. */
  readonly closing: AbortSignal;
}

/** How to add up sums of type T over the rows of a pass. */
export interface RowSum<T> extends Pick<ReferenceContext, "blockRows" | "closing"> {
  /** Multiply-adds per row. */
  readonly workPerRow: number;
  /** Returns the sum over no rows. */
  zero(): T;
  /** Adds some rows, the first of which has position `first` in the pass. May change `sum` and return it. */
  addRows(sum: T, rows: Uint32Array, first: number): T;
  /** Adds two sums. May change `left` and return it. */
  merge(left: T, right: T): T;
}

export async function sumRows<T>(rows: Uint32Array, of: RowSum<T>): Promise<T> {
  const tree = new SumTree<T>((left, right) => of.merge(left, right));
  for (let begin = 0; begin < rows.length; begin += of.blockRows) {
    let sum = of.zero();
    await inBlocks(rows.subarray(begin, begin + of.blockRows), of.workPerRow, (some, first) => {
      of.closing.throwIfAborted();
      sum = of.addRows(sum, some, begin + first);
    });
    tree.push(sum);
  }
  return tree.total(of.zero());
}

/** Adds `right` to `left`, element by element. */
export function addElements(left: Float64Array, right: Float64Array): Float64Array {
  for (let i = 0; i < left.length; i++) left[i] += right[i];
  return left;
}

/** The gradient G of some rows, and their sums. */
export interface GradientSum {
  readonly g: Float64Array;
  readonly sums: Sums;
}

export function addGradients(left: GradientSum, right: GradientSum): GradientSum {
  return { g: addElements(left.g, right.g), sums: addSums(left.sums, right.sums) };
}
