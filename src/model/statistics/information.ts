/**
 * Gradient and Fisher information of the rows: sums of [x, 1]⊗[x, 1] over them, with the model's origin
 * subtracted from x.
 */
import { range } from "../../core/random.js";
import { yieldIfDue } from "../../core/event-loop.js";
import type { Rows } from "../../core/rows.js";
import { gradient, offsetLogits, residual } from "../../math/passes.js";
import { type Affine, rowBlock } from "./affine.js";
import { blocks } from "../../math/row-blocks.js";
import { softmax } from "../../math/softmax.js";

/**
 * Derivatives of Σ weight·loss with respect to the contrasts w_k − w_0 for k = 1 … K − 1, which determine the
 * loss. Contrasts are ordered class by class, `width` per class: the features', then the intercept's if width
 * is features + 1.
 */
export interface Derivatives {
  /** (contrasts) */
  readonly gradient: Float64Array;
  /** (contrasts, contrasts) The lower triangle of the Fisher information, which is the second derivative. */
  readonly information: Float64Array;
  /** True where every row with a weight is classified correctly. */
  readonly allRight: boolean;
}

/** Computes all three in one pass. */
export async function derivatives(
  rows: Rows,
  { weights, classes, origin }: Affine,
  width: number,
  smoothing: number,
): Promise<Derivatives> {
  const size = (classes - 1) * width;
  const information = new Float64Array(size * size);
  const sums = new Float64Array(weights.length);
  let [hits, total] = [0, 0];
  for (const block of blocks(rows, classes)) {
    const part = rowBlock(rows, block, origin);
    const all = range(part.count);
    const z = offsetLogits(part, all, weights, classes);
    const found = residual(part, all, z, classes, smoothing);
    gradient(part, all, found.residual, classes, sums);
    hits += found.sums.hits;
    total += found.sums.weight;
    softmax(z, classes);
    await addInformation(information, part, z, classes, width);
  }
  mirrorBlocks(information, classes, width);
  // The columns of ∂/∂W sum to zero; all but the first are the gradient with respect to the contrasts.
  const own = Float64Array.from({ length: size }, (_, i) => {
    const [k, d] = [Math.floor(i / width), i % width];
    return sums[d * classes + k + 1];
  });
  return { gradient: own, information, allRight: hits === total };
}

/**
 * Adds Σ weight·(diag(s) − s⊗s) ⊗ ([x, 1]⊗[x, 1]) to `information`: the lower triangle of each block of
 * classes k ≥ l. s: (rows, classes)
 */
async function addInformation(
  information: Float64Array,
  rows: Rows,
  s: Float64Array,
  classes: number,
  width: number,
): Promise<void> {
  const x = design(rows, width);
  const weights = weightsOf(rows);
  const shares = new Float64Array(rows.count);
  for (let k = 1; k < classes; k++) {
    for (let l = 1; l <= k; l++) {
      weights.forEach((weight, n) => {
        const sk = s[n * classes + k];
        shares[n] = weight * sk * (k === l ? 1 - sk : -s[n * classes + l]);
      });
      addOuter(information, (classes - 1) * width, (k - 1) * width, (l - 1) * width, shares, x, width);
      await yieldIfDue();
    }
  }
}

/** Returns the lower triangle of Σ weight·[x, 1]⊗[x, 1], (width, width). */
export function gram(rows: Rows, width: number, origin: Float64Array | undefined): Float64Array {
  const sums = new Float64Array(width * width);
  for (const block of blocks(rows, 0)) {
    const part = rowBlock(rows, block, origin);
    addOuter(sums, width, 0, 0, weightsOf(part), design(part, width), width);
  }
  return sums;
}

/**
 * Adds the lower triangle of Σₙ sharesₙ·xₙ⊗xₙ to the block of `matrix` that begins at (row, column). matrix:
 * (size, size), x: (rows, width)
 */
function addOuter(
  matrix: Float64Array,
  size: number,
  row: number,
  column: number,
  shares: Float64Array,
  x: Float64Array,
  width: number,
): void {
  for (let n = 0; n < shares.length; n++) {
    const own = n * width;
    for (let d = 0; d < width; d++) {
      const feature = shares[n] * x[own + d];
      if (feature === 0) continue; // adds nothing, and most pixels are 0
      const to = (row + d) * size + column;
      for (let e = 0; e <= d; e++) matrix[to + e] += feature * x[own + e];
    }
  }
}

/**
 * Copies the lower triangle of each block of two different classes to its upper one, since such blocks are
 * symmetric.
 */
function mirrorBlocks(information: Float64Array, classes: number, width: number): void {
  const size = (classes - 1) * width;
  for (let row = width; row < size; row++) {
    const d = row % width;
    for (let column = 0; column < row - d; column++) {
      const e = column % width;
      if (e > d) information[row * size + column] = information[(row - d + e) * size + column - e + d];
    }
  }
}

/** Returns the features in f64, followed by a 1 if width is features + 1: (rows, width). */
function design({ x, features, scale, count }: Rows, width: number): Float64Array {
  const values = new Float64Array(count * width).fill(1);
  for (let n = 0; n < count; n++) {
    for (let d = 0; d < features; d++) values[n * width + d] = scale * x[n * features + d];
  }
  return values;
}

function weightsOf({ weights, count }: Rows): Float64Array {
  return weights ? Float64Array.from(weights) : new Float64Array(count).fill(1);
}
