/** How well rows know the coefficients: sums of [x, 1]⊗[x, 1] over them. */
import { yieldIfDue } from "../event-loop.js";
import type { FloatArray, Rows } from "../engine/engine.js";
import { gradient, logits, residual } from "../engine/reference/passes.js";
import { blocks } from "./blocks.js";
import { softmax } from "./softmax.js";

/**
 * Derivatives of Σ weight·loss in the contrasts w_k − w_0 for k = 1 … K − 1, the only ones that the loss depends on. The
 * contrasts of a class follow one another, `width` many: the features', and the intercept's if width is features + 1.
 */
export interface Derivatives {
  /** (contrasts) */
  readonly gradient: Float64Array;
  /** (contrasts, contrasts) the lower triangle of the Fisher information, which is the second derivative. */
  readonly information: Float64Array;
  /** Whether every row that has a weight is given its class. */
  readonly allRight: boolean;
}

/** All three in one pass. weights: (features + 1, classes) */
export async function derivatives(
  rows: Rows,
  weights: FloatArray,
  classes: number,
  width: number,
): Promise<Derivatives> {
  const size = (classes - 1) * width;
  const information = new Float64Array(size * size);
  const sums = new Float64Array(weights.length);
  let [hits, total] = [0, 0];
  for (const order of blocks(rows, classes)) {
    const z = logits(rows, order, weights, classes);
    const found = residual(rows, order, z, classes);
    gradient(rows, order, found.residual, classes, sums);
    hits += found.sums.hits;
    total += found.sums.weight;
    softmax(z, classes);
    await addInformation(information, rows, order, z, classes, width);
  }
  mirrorBlocks(information, classes, width);
  // The columns of ∂/∂W add up to zero, and those but the first are the contrasts' own.
  const own = Float64Array.from({ length: size }, (_, i) => {
    const [k, d] = [Math.floor(i / width), i % width];
    return sums[d * classes + k + 1];
  });
  return { gradient: own, information, allRight: hits === total };
}

/** information += Σ weight·(diag(s) − s⊗s) ⊗ ([x, 1]⊗[x, 1]), in each block of classes k ≥ l its lower triangle. s: (rows, classes) */
async function addInformation(
  information: Float64Array,
  rows: Rows,
  order: Uint32Array,
  s: Float64Array,
  classes: number,
  width: number,
): Promise<void> {
  const x = design(rows, order, width);
  const weights = weightsOf(rows, order);
  const shares = new Float64Array(order.length);
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

/** Σ weight·[x, 1]⊗[x, 1], the lower triangle. (width, width) */
export function gram(rows: Rows, width: number): Float64Array {
  const sums = new Float64Array(width * width);
  for (const order of blocks(rows, 0)) {
    addOuter(sums, width, 0, 0, weightsOf(rows, order), design(rows, order, width), width);
  }
  return sums;
}

/** The block of `matrix`, (size, size), that begins at (row, column) += Σₙ sharesₙ·xₙ⊗xₙ, its lower triangle. x: (rows, width) */
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
      if (feature === 0) continue; // adds nothing; most pixels are
      const to = (row + d) * size + column;
      for (let e = 0; e <= d; e++) matrix[to + e] += feature * x[own + e];
    }
  }
}

/** A block of two classes is symmetric: its upper triangle is its lower. */
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

/** The features of these rows in f64, and 1 after them if the width is that of one more. (rows, width) */
function design({ x, features, scale }: Rows, order: Uint32Array, width: number): Float64Array {
  const values = new Float64Array(order.length * width).fill(1);
  order.forEach((row, n) => {
    for (let d = 0; d < features; d++) values[n * width + d] = scale * x[row * features + d];
  });
  return values;
}

function weightsOf({ weights }: Rows, order: Uint32Array): Float64Array {
  return Float64Array.from(order, (row) => (weights ? weights[row] : 1));
}
