/** What the host asks for, as it writes it into memory: words of four bytes, in the order of `../plan.ts`. */
@unmanaged
export class Plan {
  // The rows.
  features: u32;
  stride: u32; // of a row of features or weights, in values: a multiple of 8; the one and then zeros follow the features
  rowBytes: u32;
  valueBytes: u32; // 4 for f32, 2 for f16, 1 for bytes
  scale: f32; // what a byte means
  x: u32; // (rows, stride)
  labels: u32; // (rows) u32
  rowWeights: u32; // (rows) f32
  targets: u32; // (rows, classes) f32, of a descent; 0 where labels are the targets

  // The problem.
  classes: u32;
  paddedClasses: u32; // to an even number, by weights of zero
  intercept: u32;
  adam: u32;
  nesterov: u32;
  momentum: f32; // or Adam's beta1
  beta2: f32;
  oneMinusBeta1: f32; // 1 − beta1, and 1 − beta2, which the rounded betas do not give
  oneMinusBeta2: f32;
  epsilon: f32;
  weightDecay: f32;
  targetFactor: f32; // 1 − ε, of a target t, where smoothing makes (1 − ε)·t + ε / classes of it
  smoothingShare: f32; // ε / classes, of each class in it
  moment1: u32; // as the weights, where the rule has them
  moment2: u32;

  // The work.
  tiled: u32;
  threads: u32;
  steps: u32;
  entries: u32; // (steps) Entry
  ring: u32; // (steps, 4) f64: weighted loss, weighted hits, weight, 0
  rangeRows: u32; // rows whose outer products are added in order; the tree adds up the sums of ranges
  groupRanges: u32; // fused: ranges that have partial sums in memory at a time; a power of two
  packRows: u32; // rows whose logits are computed before their outer products are added; a multiple of 4
  partials: u32; // (ranges of a group, ...weights) of the gradient; tiled has one
  nodes: u32; // (levels, ...weights) nodes of the tree that wait
  sums: u32; // (ranges of a group, or sixteens of rows of a chunk, 4) f64
  nodeSums: u32; // (levels, 4) f64
  scratch: u32; // (threads, scratchBytes)
  scratchBytes: u32;
  chunkRows: u32; // tiled: rows whose logits are in memory at a time; a power of two, of rangeRows at most
  pack: u32; // tiled: the Block of the chunk
  z: u32; // tiled: (classes, chunkRows + 4) its logits, then its residuals
  productSums: u32; // (ranges of a vector, 4) f64 of a product
  matrixRows: u32; // (threads, paddedClasses, 4) rows of a matrix times a vector
  penalties: u32; // (stride) f32, the l2 penalty of each feature of an objective; 0 for the intercept and the padding
  l1: u32; // (stride) f32, the l1 penalty, likewise

  // The point of an objective, and how it changes along a direction: (rows / 4, paddedClasses, 4 rows).
  point: u32;
  direction: u32;

  // Where a captured step's passes go, row by row; 0 when nothing is captured.
  capturedLogits: u32; // (rows, classes)
  capturedResidual: u32; // (rows, classes)
  capturedLosses: u32; // (rows)
  capturedGradient: u32; // as the weights

  // Where threads meet.
  nextTask: u32; // the next task
  arrived: u32;
  generation: u32;
}

/** What an entry is for. */
export const TRAIN: u32 = 0; // a step: the gradient of some rows, and the update
export const EVALUATE: u32 = 1; // the sums of some rows
export const LINEARIZE: u32 = 2; // an objective at a point: Z ← X·w, and its gradient
export const SET_DIRECTION: u32 = 3; // ΔZ ← X·p
export const EVALUATE_ALONG: u32 = 4; // the losses at Z + t·ΔZ
export const STEP: u32 = 5; // Z ← Z + t·ΔZ, and the gradient
export const CURVATURE: u32 = 6; // the change of the gradient along a direction
export const COMBINE: u32 = 7; // a sum of vectors
export const PRODUCT: u32 = 8; // the inner product of two
export const MULTIPLY: u32 = 9; // a matrix times a vector
export const CENTRE: u32 = 10; // a vector less its mean over the classes
export const SUBGRADIENT: u32 = 11; // the smallest subgradient with the penalty l1
export const ORTHANT: u32 = 12; // the sum of two vectors, within the orthant of the first
export const RESTRICT: u32 = 13; // a vector in the free weights of an l1 problem, 0 in the others

/** One step, or another thing to do. */
@unmanaged
export class Entry {
  operation: u32;
  order: u32; // row numbers, u32; or where a third vector is
  first: u32; // its rows in order; or where a matrix or a second vector is
  rows: u32; // how many; or how many terms
  input: u32; // the weights, or another vector: (paddedClasses / 2, stride / 4, 2, 4); or (terms) address and factor
  output: u32; // where a gradient or a sum goes; or the other vector of a product
  t: f32; // how far along the direction
  learningRate: f32;
  gradientScale: f32;
  penalty: f32; // of a step, the l2 penalty of all features
  correction1: f32; // 1 − βᵗ of Adam's moments
  correction2: f32;
}

/** Whether it multiplies X by `input`. */
// @ts-ignore: decorator
@inline
export function hasLogits(entry: Entry): bool {
  return entry.operation != EVALUATE_ALONG && entry.operation != STEP;
}

/** Whether it adds up outer products. */
// @ts-ignore: decorator
@inline
export function hasGradient(entry: Entry): bool {
  return entry.operation == TRAIN || entry.operation == LINEARIZE || entry.operation == STEP || entry.operation == CURVATURE;
}
