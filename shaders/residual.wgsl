// residual: of every row of a block the softmax's sum over all tiles of classes, its loss and its hit; and for every
// tile the factor that makes residuals of its powers: R = factor · powers − weight · T. The gradient does that as it
// loads them, so R itself is never stored.
//
// LANES threads share a row and each takes every LANES-th of its tiles. The largest logit of all is taken off, so that
// logits of any finite size give finite losses: ℓ = log Σₖ exp(zₖ − max) − Σₖ tₖ·(zₖ − max), or z_y − max where the
// targets t are labels.

// The shape of the problem.
const CLASSES = 2u; // a row's real classes; those past them are padding
const TILES = 1u; // tiles of classes a row
const TILE = 4u; // classes a tile

const WORKGROUP = 64u; // threads
const LANES = 1u; // threads a row: a power of two

struct Block {
  first: u32, // where the block begins in order
  rows: u32, // rows in the block
  continues: u32, // 0 when the block is the first of its step: sums begin at zero
  tile: u32,
}

@group(0) @binding(0) var<uniform> block: Block;
@group(0) @binding(1) var<storage, read> order: array<u32>; // (rows of the epoch) row numbers
@group(0) @binding(2) var<storage, read> labels: array<u32>; // (rows) classes from 0; soft (rows, 1 + CLASSES) with the bits of the targets
@group(0) @binding(3) var<storage, read> rowWeights: array<f32>; // (rows)
@group(0) @binding(4) var<storage, read_write> tiles: array<vec2f>; // (rows of the block, TILES) largest logit m, sum of powers, and where it is needed Σ t·(z − m), Σ t; becomes the factor // when MIXED: @group(0) @binding(4) var<storage, read_write> tiles: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> rowSums: array<vec4f>; // (rows of the block) the label's logit; becomes weighted loss, weighted hit, weight, 0
@group(0) @binding(6) var<storage, read_write> sums: array<vec4f>; // (workgroups) sums of rowSums

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
  let label = labels[row]; // when SOFT: let label = labels[row * (CLASSES + 1u)];
  let weight = select(0.0, rowWeights[row], inside);

  // The largest logit and whether a tile before the label's has it, then the sum of all powers.
  let found = rowSums[n];
  var top = LOWEST;
  for (var t = lane; t < TILES; t += LANES) {
    top = max(top, tiles[n * TILES + t].x);
  }
  top = largest(thread, lane, top);
  var sum = 0.0;
  var beaten = 0.0;
  // when MIXED: var mean = 0.0; // Σ t·(z − top)
  for (var t = lane; t < TILES; t += LANES) {
    let tile = tiles[n * TILES + t];
    sum += tile.y * exp(tile.x - top);
    beaten += select(0.0, 1.0, (tile.x >= top) & (t < label / TILE));
    // when MIXED: mean += tile.z + tile.w * (tile.x - top);
  }
  let whole = added(thread, lane, LANES, vec4f(sum, beaten, 0.0, 0.0)); // when MIXED: let whole = added(thread, lane, LANES, vec4f(sum, beaten, mean, 0.0));
  sum = whole.x;
  beaten = whole.y;
  for (var t = lane; t < TILES; t += LANES) {
    if (inside) {
      let at = n * TILES + t;
      tiles[at].x = weight * (exp(tiles[at].x - top) / sum);
    }
  }

  let loss = log(sum) - (found.x - top); // when MIXED: let loss = log(sum) - whole.z;
  let hit = select(0.0, 1.0, (found.x >= top) & (found.y + beaten == 0.0));
  let rowSum = vec4f(weight * loss, weight * hit, weight, 0.0);
  if (inside && lane == 0u) {
    rowSums[i] = rowSum;
  }

  let total = added(thread, thread, WORKGROUP, select(vec4f(), rowSum, vec4<bool>(inside & (lane == 0u))));
  if (thread == 0u) {
    sums[group.x] = total + select(vec4f(), sums[group.x], vec4<bool>(block.continues != 0u));
  }
}
