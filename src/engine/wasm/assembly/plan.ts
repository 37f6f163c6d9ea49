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
  order: u32; // row numbers, u32

  // The problem.
  classes: u32;
  paddedClasses: u32; // to an even number, by weights of zero
  intercept: u32;
  adam: u32;
  nesterov: u32;
  momentum: f32; // or Adam's beta1
  beta2: f32;
  fresh1: f32; // 1 − beta1, and 1 − beta2, which are not to be had of the rounded betas
  fresh2: f32;
  epsilon: f32;
  weightDecay: f32;
  weights: u32; // (paddedClasses / 2, stride / 4, 2, 4)
  moment1: u32; // the same, where the rule has them
  moment2: u32;

  // The work.
  tiled: u32;
  evaluate: u32; // no gradient and no update
  threads: u32;
  steps: u32;
  entries: u32; // (steps) Entry
  ring: u32; // (steps, 4) f64: weighted loss, weighted hits, weight, 0
  slotRows: u32; // fused: of a step, in each range that has a partial sum; a multiple of 4
  blockRows: u32; // rows whose logits are computed before their outer products are added; a multiple of 4
  partials: u32; // (slots, ...weights) of the gradient; tiled has one
  sums: u32; // (slots, or sixteens of rows of a chunk, 4) f64
  scratch: u32; // (threads, scratchBytes)
  scratchBytes: u32;
  chunkRows: u32; // tiled: rows whose logits are in memory at a time; a multiple of 4
  block: u32; // tiled: the Block of the chunk
  z: u32; // tiled: (classes, chunkRows + 4) its logits, then its residuals

  // Where a captured step's passes go, row by row; 0 when nothing is captured.
  keptLogits: u32; // (rows, classes)
  keptResidual: u32; // (rows, classes)
  keptLosses: u32; // (rows)
  keptGradient: u32; // as the weights

  // Where threads meet.
  next: u32; // the next task
  arrived: u32;
  generation: u32;
}

/** One step. */
@unmanaged
export class Entry {
  first: u32; // its rows in order
  rows: u32;
  learningRate: f32;
  gradientScale: f32;
  penalty: f32;
  correction1: f32; // 1 − βᵗ of Adam's moments
  correction2: f32;
}
