// The block of rows that a dispatch works on. The uniform at binding 0 has an offset that changes from
// dispatch to dispatch; a buffer that several kernels bind has the same binding number in each.

struct Block {
  first: u32, // where the block begins in order
  rows: u32, // rows in the block
  tile: u32, // the first tile of classes of this dispatch
  // The rates of the step that the block ends, where its gradient takes the step.
  learningRate: f32,
  gradientScale: f32,
  penalty: f32,
  correction1: f32,
  correction2: f32,
}

// A block of an objective, at a point on a line.
struct Part {
  first: u32, // where the block begins in order
  rows: u32, // rows in the block
  sum: u32, // where its sums begin
  t: f32, // the step length along the line
}

@group(0) @binding(0) var<uniform> block: Block;
@group(0) @binding(0) var<uniform> part: Part;

@group(0) @binding(1) var<storage, read> order: array<u32>; // (rows of the epoch or objective) row numbers
