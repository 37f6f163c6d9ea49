// softmax: R = weight ⊙ (softmax(Z) − Y) for one block of rows whose logits Z are kept, and sums of their losses and
// hits. Where it moves, Z ← Z + t·ΔZ comes first.
//
// LANES threads share a row and each takes every LANES-th of its vectors of classes. The largest logit is taken off, so
// that logits of any finite size give finite losses: ℓ = log Σₖ exp(zₖ − max) − (z_y − max). Where a row is all but
// certain of its label, s_y − 1 and log s_y would be differences of numbers near 1: they are made of the other classes'
// powers instead.

// The shape of the problem.
const CLASSES = 2u; // a row's real classes; those past them are padding
const CLASSES4 = 1u; // vectors of four classes a row

const WORKGROUP = 64u; // threads
const LANES = 1u; // threads a row: a power of two
const MOVE = false; // Z changes first
const EVALUATE = false; // only the sums

struct Part {
  first: u32, // where the block begins in order
  rows: u32, // rows in the block
  sum: u32, // where its sums begin
  t: f32, // how far Z moves
}

@group(0) @binding(0) var<uniform> part: Part;
@group(0) @binding(1) var<storage, read> order: array<u32>; // (rows of the objective) row numbers
@group(0) @binding(2) var<storage, read> labels: array<u32>; // (rows) classes from 0
@group(0) @binding(3) var<storage, read> rowWeights: array<f32>; // (rows)
@group(0) @binding(4) var<storage, read_write> z: array<vec4f>; // (rows of the block, CLASSES4)
@group(0) @binding(5) var<storage, read> change: array<vec4f>; // (rows of the block, CLASSES4) ΔZ
@group(0) @binding(6) var<storage, read_write> r: array<vec4f>; // (rows of the block, CLASSES4)
@group(0) @binding(7) var<storage, read_write> sums: array<vec4f>; // (workgroups, from part.sum on) weighted loss, weighted hits, weight, 0

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
    if (MOVE && inside) {
      z[at] += part.t * change[at];
    }
    let four = select(vec4f(LOWEST), z[at], 4u * c + vec4u(0u, 1u, 2u, 3u) < vec4u(CLASSES));
    top = max(top, max(max(four.x, four.y), max(four.z, four.w)));
  }
  top = largest(thread, lane, top);

  // The other classes' powers, the label's logit, and whether a class before the label has as large a one.
  var powers = vec4f();
  var labelLogit = 0.0;
  var beaten = vec4f();
  for (var c = lane; c < CLASSES4; c += LANES) {
    let classes = 4u * c + vec4u(0u, 1u, 2u, 3u);
    let four = select(vec4f(LOWEST), z[n * CLASSES4 + c], classes < vec4u(CLASSES)); // the power of padding is 0
    powers += select(exp(four - top), vec4f(), classes == vec4u(label));
    beaten += select(vec4f(), vec4f(1.0), (four >= vec4f(top)) & (classes < vec4u(label)));
    if (c == label / 4u) {
      labelLogit = four[label % 4u];
    }
  }
  let whole = added(thread, lane, LANES, vec4f(dot(powers, vec4f(1.0)), labelLogit, dot(beaten, vec4f(1.0)), 0.0));
  let others = whole.x;
  labelLogit = whole.y;
  let sum = others + exp(labelLogit - top);

  if (inside && !EVALUATE) {
    for (var c = lane; c < CLASSES4; c += LANES) {
      let classes = 4u * c + vec4u(0u, 1u, 2u, 3u);
      let at = n * CLASSES4 + c;
      let four = select(vec4f(LOWEST), z[at], classes < vec4u(CLASSES));
      r[at] = weight * (select(exp(four - top), vec4f(-others), classes == vec4u(label)) / sum);
    }
  }

  let certain = others * (1.0 - others * (0.5 - others / 3.0)); // log(1 + others): the label's logit is the largest
  let loss = select(log(sum) - (labelLogit - top), certain, others < 0.01);
  let hit = select(0.0, 1.0, (labelLogit >= top) & (whole.z == 0.0));
  let counts = inside & (lane == 0u);
  let total = added(thread, thread, WORKGROUP, select(vec4f(), vec4f(weight * loss, weight * hit, weight, 0.0), vec4<bool>(counts)));
  if (thread == 0u) {
    sums[part.sum + group.x] = total;
  }
}
