// trial: the losses of one block of rows at Z + t·ΔZ, and their first and second derivative in t. With s the softmax of
// a row and d = δ − δ_y, δ its row of ΔZ and y its label: ℓ′ = s·d and ℓ″ = s·d² − (s·d)². Differences from the
// label's δ keep ℓ′ exact where the row is all but certain of its label.
//
// LANES threads share a row and each takes every LANES-th of its vectors of classes.

// The shape of the problem.
const CLASSES = 2u; // a row's real classes; those past them are padding
const CLASSES4 = 1u; // vectors of four classes a row

const WORKGROUP = 64u; // threads
const LANES = 1u; // threads a row: a power of two

struct Part {
  first: u32, // where the block begins in order
  rows: u32, // rows in the block
  sum: u32, // where its sums begin
  t: f32, // how far along the line
}

@group(0) @binding(0) var<uniform> part: Part;
@group(0) @binding(1) var<storage, read> order: array<u32>; // (rows of the objective) row numbers
@group(0) @binding(2) var<storage, read> labels: array<u32>; // (rows) classes from 0
@group(0) @binding(3) var<storage, read> rowWeights: array<f32>; // (rows)
@group(0) @binding(4) var<storage, read> z: array<vec4f>; // (rows of the block, CLASSES4)
@group(0) @binding(5) var<storage, read> change: array<vec4f>; // (rows of the block, CLASSES4) ΔZ
@group(0) @binding(6) var<storage, read_write> sums: array<vec4f>; // (workgroups, from part.sum on) weighted loss, slope, curvature, 0

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
  let inside = i < part.rows;
  let n = min(i, part.rows - 1u);
  let row = order[part.first + n];
  let label = labels[row];
  let weight = select(0.0, rowWeights[row], inside);

  var top = LOWEST;
  for (var c = lane; c < CLASSES4; c += LANES) {
    let at = n * CLASSES4 + c;
    let four = select(vec4f(LOWEST), z[at] + part.t * change[at], 4u * c + vec4u(0u, 1u, 2u, 3u) < vec4u(CLASSES));
    top = max(top, max(max(four.x, four.y), max(four.z, four.w)));
  }
  top = largest(thread, lane, top);

  // The other classes' powers, and their sums with d and d².
  let labelled = change[n * CLASSES4 + label / 4u];
  let own = labelled[label % 4u];
  var powers = vec4f();
  var labelLogit = 0.0;
  var mean = vec4f();
  var square = vec4f();
  for (var c = lane; c < CLASSES4; c += LANES) {
    let classes = 4u * c + vec4u(0u, 1u, 2u, 3u);
    let at = n * CLASSES4 + c;
    let four = select(vec4f(LOWEST), z[at] + part.t * change[at], classes < vec4u(CLASSES)); // the power of padding is 0
    let power = select(exp(four - top), vec4f(), classes == vec4u(label));
    let d = change[at] - own;
    powers += power;
    mean += power * d;
    square += power * d * d;
    if (c == label / 4u) {
      labelLogit = four[label % 4u];
    }
  }
  let one = vec4f(1.0);
  let whole = added(thread, lane, LANES, vec4f(dot(powers, one), labelLogit, dot(mean, one), dot(square, one)));
  let others = whole.x;
  labelLogit = whole.y;
  let sum = others + exp(labelLogit - top);

  let certain = others * (1.0 - others * (0.5 - others / 3.0)); // log(1 + others): the label's logit is the largest
  let loss = select(log(sum) - (labelLogit - top), certain, others < 0.01);
  let slope = whole.z / sum;
  let curvature = whole.w / sum - slope * slope;
  let counts = inside & (lane == 0u);
  let total = added(thread, thread, WORKGROUP, select(vec4f(), weight * vec4f(loss, slope, curvature, 0.0), vec4<bool>(counts)));
  if (thread == 0u) {
    sums[part.sum + group.x] = total;
  }
}
