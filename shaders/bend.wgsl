// bend: how the residuals of one block of rows change when their logits Z change by U, in place of U:
// u ← weight ⊙ s ⊙ (u − s·u), s the softmax of a row. Half of a product with the curvature is before it, U = X·V, and half
// after it. U counts from the label's, which changes nothing, so that the difference is exact where the row is all but
// certain of its label.
//
// LANES threads share a row and each takes every LANES-th of its vectors of classes.

// The shape of the problem.
const CLASSES = 2u; // a row's real classes; those past them are padding
const CLASSES4 = 1u; // vectors of four classes a row

const WORKGROUP = 64u; // threads
const LANES = 1u; // threads a row: a power of two

struct Block {
  first: u32, // where the block begins in order
  rows: u32, // rows in the block
  continues: u32,
  tile: u32,
}

@group(0) @binding(0) var<uniform> block: Block;
@group(0) @binding(1) var<storage, read> order: array<u32>; // (rows of the objective) row numbers
@group(0) @binding(2) var<storage, read> labels: array<u32>; // (rows) classes from 0
@group(0) @binding(3) var<storage, read> rowWeights: array<f32>; // (rows)
@group(0) @binding(4) var<storage, read> z: array<vec4f>; // (rows of the block, CLASSES4)
@group(0) @binding(5) var<storage, read_write> u: array<vec4f>; // (rows of the block, CLASSES4)

const LOWEST: f32 = -3.4e38;
const ROWS_A_GROUP = WORKGROUP / LANES;

var<workgroup> parts: array<vec4f, WORKGROUP>; // one a thread

// The largest value of a row's lanes.
fn largest(thread: u32, lane: u32, value: f32) -> f32 {
  parts[thread].x = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      parts[thread].x = max(parts[thread].x, parts[thread + half].x);
    }
    workgroupBarrier();
  }
  let found = parts[thread - lane].x;
  workgroupBarrier();
  return found;
}

// The sum of the values of `lanes` threads, pairwise.
fn added(thread: u32, lane: u32, lanes: u32, value: vec4f) -> vec4f {
  parts[thread] = value;
  workgroupBarrier();
  for (var half = lanes / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      parts[thread] += parts[thread + half];
    }
    workgroupBarrier();
  }
  let found = parts[thread - lane];
  workgroupBarrier();
  return found;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = thread % LANES;
  let i = ROWS_A_GROUP * group.x + thread / LANES;
  let inside = i < block.rows;
  let n = min(i, block.rows - 1u);
  let row = order[block.first + n];
  let label = labels[row];
  let weight = rowWeights[row];

  let labelled = u[n * CLASSES4 + label / 4u];
  let own = labelled[label % 4u];
  var top = LOWEST;
  for (var c = lane; c < CLASSES4; c += LANES) {
    let four = select(vec4f(LOWEST), z[n * CLASSES4 + c], 4u * c + vec4u(0u, 1u, 2u, 3u) < vec4u(CLASSES));
    top = max(top, max(max(four.x, four.y), max(four.z, four.w)));
  }
  top = largest(thread, lane, top);

  var powers = vec4f();
  var means = vec4f();
  for (var c = lane; c < CLASSES4; c += LANES) {
    let at = n * CLASSES4 + c;
    let four = select(vec4f(LOWEST), z[at], 4u * c + vec4u(0u, 1u, 2u, 3u) < vec4u(CLASSES)); // the power of padding is 0
    let power = exp(four - top);
    powers += power;
    means += power * (u[at] - own);
  }
  storageBarrier(); // all lanes have the label's u
  let whole = added(thread, lane, LANES, vec4f(dot(powers, vec4f(1.0)), dot(means, vec4f(1.0)), 0.0, 0.0));
  let mean = whole.y / whole.x;

  for (var c = lane; c < CLASSES4; c += LANES) {
    if (inside) {
      let at = n * CLASSES4 + c;
      let four = select(vec4f(LOWEST), z[at], 4u * c + vec4u(0u, 1u, 2u, 3u) < vec4u(CLASSES));
      u[at] = (weight * (exp(four - top) / whole.x)) * ((u[at] - own) - mean);
    }
  }
}
