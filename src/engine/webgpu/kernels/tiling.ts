/** How a problem is cut for its kernels. The cut depends only on the shape, the adapter and the choice. */
import { chainLength } from "../../../core/sum-plan.js";
import type { Sharing } from "./choice.js";
import type { WholeCut } from "./whole-steps.js";

/** The fields of every tiling. */
export interface CommonTiling {
  /** Vectors of four features per row, including the column of ones; the last is padded with zeros. */
  readonly features4: number;
  /** Whether the column of ones is alone in its vector. */
  readonly onesAlone: boolean;
  readonly classes: number;
  /** Vectors of four classes per row, padded with zeros after the last class. */
  readonly classes4: number;
  /** Vectors of four in W: 4·features4 rows of classes4 each. */
  readonly count: number;
  /** Most rows that a pass takes at a time. A step with more rows is cut into several blocks. */
  readonly blockRows: number;
  /** Number of partial sums of a block's gradient, and of its losses. */
  readonly slots: number;
  readonly sums: number;
  /** Partial sums of the losses of an evaluated block. */
  readonly evaluationSums: number;
  /** Levels of the tree that adds the sums of blocks; 0 if a step is a single block. */
  readonly levels: number;
  /** Rows that each partial sum of the gradient adds in order. */
  readonly span: number;
  /** 32-bit words per row of X. */
  readonly rowWords: number;
  /** Rows of X per binding. With more than one shard the rows of a block are gathered first. */
  readonly shardRows: number;
  readonly gathered: boolean;
  readonly sharing: Sharing;
  /** Vectors of W per dispatch of the update. */
  readonly updateVectors: number;
  /** Threads per workgroup. */
  readonly workgroup: number;
  /** Rows, and vectors of four features, per thread. */
  readonly rows: number;
  readonly vectors: number;
  /** Lanes of the subgroups that its products ask for, or 0. */
  readonly subgroupSize: number;
}

/** Tiling for few classes: one kernel does all three passes. */
export interface FusedTiling extends CommonTiling {
  readonly kind: "fused";
  /** Threads per workgroup for logits and for outer products, and turns that it takes over its rows. */
  readonly rowThreads: number;
  readonly columnThreads: number;
  readonly turns: number;
  readonly whole?: WholeCut;
}

/** Tiling for a small problem, one workgroup of which takes whole steps. The rest is for evaluations. */
export interface WholeTiling extends FusedTiling {
  readonly whole: WholeCut;
}

/** Tiling for few classes on a GPU, whose threads share rows by their features. */
export interface SplitTiling extends CommonTiling {
  readonly kind: "split";
  /** Threads that share rows in the product of the logits, and rows of one workgroup. */
  readonly lanes: number;
  readonly groupRows: number;
  /** Vectors of classes of a workgroup of the gradient. */
  readonly part4: number;
}

/** Tiling for many classes: tiles of `tile4` vectors of classes. */
export interface TiledTiling extends CommonTiling {
  readonly kind: "tiled";
  readonly tile4: number;
  readonly tiles: number;
  /** Vectors of features that the products multiply: all, or all but ones that are alone in theirs. */
  readonly multiplied4: number;
  /** Threads per workgroup of the two products: along rows or vectors of features, and along tiles. */
  readonly threads: number;
  readonly tileThreads: number;
  /** Tiles per dispatch. */
  readonly dispatchTiles: number;
  /** Threads that share a row in the residual kernel. */
  readonly lanes: number;
  /**
   * Whether the gradient takes the step itself, where a block is the whole step and has one slot. On a
   * software adapter it would compile longer than it gains.
   */
  readonly takesStep: boolean;
}

export type Tiling = FusedTiling | SplitTiling | TiledTiling;

/** Tiling of an objective, which keeps its logits and processes them row by row in passes of their own. */
export interface ObjectiveTiling extends TiledTiling {
  /** The tiling of the product that makes the logits; that of the gradient is this one. */
  readonly logits: TiledTiling | SplitTiling;
  /** Threads that share a row in these passes, and threads of their workgroups. */
  readonly rowLanes: number;
  readonly rowThreads: number;
  /** Rows that a thread takes by itself, one after the other; 1 where threads add their sums together. */
  readonly threadRows: number;
  /** Sums that a workgroup of these passes writes: one, or one for each thread. */
  readonly groupSums: number;
  /** Vectors of four for each thread of vector-products.wgsl. */
  readonly productVectors: number;
  /** Threads that share four rows of four classes of a product of a matrix and a vector. */
  readonly multiplyLanes: number;
  /** Most multiply-adds in one submission, and in one dispatch. */
  readonly submissionMacs: number;
}

export function isWhole(tiling: Tiling): tiling is WholeTiling {
  return tiling.kind === "fused" && tiling.whole !== undefined;
}

/**
 * Returns the longest chain of additions behind an element of the gradient of a step over `rows` rows, or
 * more: the lanes of a split span add fewer in order.
 */
export function chainOf(tiling: Tiling, rows: number): number {
  if (isWhole(tiling)) {
    const { lanes } = tiling.whole;
    return Math.ceil(rows / lanes) + Math.log2(lanes);
  }
  return chainLength(rows, Math.min(tiling.span, tiling.blockRows));
}

/** Whether a step's gradient updates the weights, unless it is captured. */
export function takesStep(tiling: Tiling): boolean {
  return tiling.kind === "tiled" && tiling.takesStep;
}
