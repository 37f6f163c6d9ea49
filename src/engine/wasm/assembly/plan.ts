/**
 * Plans and entries, which the host writes into memory as words of four bytes. `../plan.ts` has the same
 * order.
 */
@unmanaged
export class Plan {
  // The rows.
  features: u32;
  stride: u32; // values of a row of X or of the weights, a multiple of 8: features, a one, and zeros
  rowBytes: u32;
  valueBytes: u32; // 4 for f32, 2 for f16, 1 for bytes
  scale: f32; // value of one unit of a byte
  x: u32; // (rows, stride)
  labels: u32; // (rows) u32
  rowWeights: u32; // (rows) f32
  targets: u32; // (rows, classes) f32 soft targets of a descent, or 0 if the labels are the targets
  offsets: u32; // (rows, classes) f32 added to the logits, or 0

  // The problem.
  classes: u32;
  paddedClasses: u32; // classes rounded up to an even number; the padding class has weights of zero
  intercept: u32;
  adam: u32;
  nesterov: u32;
  momentum: f32; // or Adam's beta1
  beta2: f32;
  oneMinusBeta1: f32; // 1 − beta1 rounded once; 1 − the rounded beta1 would be another number
  oneMinusBeta2: f32;
  epsilon: f32;
  weightDecay: f32;
  targetFactor: f32; // 1 − ε: label smoothing turns a target t into (1 − ε)·t + ε / classes
  smoothingShare: f32; // ε / classes
  moment1: u32; // laid out like the weights; 0 if the update rule has none
  moment2: u32;

  // The work.
  tiled: u32;
  twelveSums: u32; // 1 if the products keep twelve sums in registers, else eight
  threads: u32;
  steps: u32;
  entries: u32; // (steps) Entry
  ring: u32; // (steps, 4) f64: weighted loss, weighted hits, weight, 0
  rangeRows: u32; // rows whose outer products are added in order; the tree adds up the sums of ranges
  groupRanges: u32; // fused: ranges that have partial sums in memory at a time; a power of two
  packRows: u32; // rows whose logits are computed before their outer products are added; a multiple of 4
  partials: u32; // (ranges of a group, ...weights) sums of the gradient; tiled has the sum of one range
  nodes: u32; // (levels, ...weights) nodes of the gradient's tree that wait
  sums: u32; // (ranges of a group, 4) f64 sums of the losses; tiled: (chunkRows / 16, 4)
  nodeSums: u32; // (levels, 4) f64 nodes of the tree of those sums that wait
  scratch: u32; // (threads, scratchBytes)
  scratchBytes: u32;
  chunkRows: u32; // tiled: rows whose logits are in memory at a time; a power of two, of rangeRows at most
  pack: u32; // tiled: the RowPack of the chunk
  tiles: u32; // tiled: the chunk's X in tiles of features, (stride / TILE, chunkRows, TILE)
  tileRows: u32; // tiled: (chunkRows) addresses of the rows of the first of these tiles
  z: u32; // tiled: (classes, chunkRows + 4) logits of the chunk, then its residuals
  productSums: u32; // (ranges of a vector, 4) f64 partial sums of an inner product
  matrixRows: u32; // (threads, 1 + paddedClasses, 4) addresses of four rows of a matrix, and their products
  // (stride) f32 l2 penalty of each feature, 0 for the intercept and the padding; or of a descent factors on
  // its penalty, and 0 where it has none
  penalties: u32;
  l1: u32; // (stride) f32 l1 penalty, likewise

  // The logits Z of an objective, and their change ΔZ along a direction: (rows / 4, paddedClasses, 4 rows).
  point: u32;
  direction: u32;

  // Addresses where a captured step stores what its passes computed; 0 if it is not captured.
  capturedLogits: u32; // (rows, classes)
  capturedResidual: u32; // (rows, classes)
  capturedLosses: u32; // (rows)
  capturedGradient: u32; // laid out like the weights

  // Counters that threads share.
  nextTask: u32; // number of the first task that no thread has taken
  arrived: u32; // threads that wait for the others
  generation: u32; // how often all have arrived
}

/** The operation of an entry. */
export const TRAIN: u32 = 0; // a step of a descent: the gradient of some rows, and the update
export const EVALUATE: u32 = 1; // sums of the losses of some rows
export const LINEARIZE: u32 = 2; // Z ← X·w, and the gradient
export const SET_DIRECTION: u32 = 3; // ΔZ ← X·p
export const EVALUATE_ALONG: u32 = 4; // sums of the losses and their derivatives at Z + t·ΔZ
export const STEP: u32 = 5; // Z ← Z + t·ΔZ, and the gradient
export const CURVATURE: u32 = 6; // the product of the Hessian with a vector
export const COMBINE: u32 = 7; // a sum of vectors
export const PRODUCT: u32 = 8; // the inner product of two vectors
export const MULTIPLY: u32 = 9; // a matrix times a vector
export const CENTRE: u32 = 10; // a vector less its mean over the classes
export const SUBGRADIENT: u32 = 11; // the smallest subgradient under an l1 penalty
export const ORTHANT: u32 = 12; // the sum of two vectors, projected onto the orthant of the first
export const RESTRICT: u32 = 13; // a vector restricted to the free weights of an l1 problem

/** A step of a descent, or another operation. */
@unmanaged
export class Entry {
  operation: u32;
  order: u32; // address of the row numbers (u32), or of a third vector
  first: u32; // position in order of its first row; or address of a matrix or a second vector
  rows: u32; // number of rows, or of terms
  // Address of the weights or another vector, (paddedClasses / 2, stride / 4, 2, 4), or of the terms of a
  // sum, (terms) address and factor.
  input: u32;
  output: u32; // address of the gradient or the sum; or of the second vector of an inner product
  t: f32; // step length along the direction
  learningRate: f32;
  gradientScale: f32;
  penalty: f32; // l2 penalty of a descent, of all features or times their factors
  correction1: f32; // 1 − βᵗ of Adam's moments
  correction2: f32;
}

/** Returns whether the entry multiplies X by `input`. */
// @ts-ignore: decorator
@inline
export function hasLogits(entry: Entry): bool {
  return entry.operation != EVALUATE_ALONG && entry.operation != STEP;
}

/** Returns whether the entry adds up outer products. */
// @ts-ignore: decorator
@inline
export function hasGradient(entry: Entry): bool {
  const operation = entry.operation;
  return operation == TRAIN || operation == LINEARIZE || operation == STEP || operation == CURVATURE;
}
