// split-logits: logits, residual and losses of a block of rows, for few classes on a GPU.
//
// A workgroup owns GROUP_ROWS rows. LANES threads share ROWS of them, and each takes every LANES-th vector of
// features, so that neighbouring threads load neighbouring words of X. They multiply by a slab of the weights
// in the workgroup's memory, which all rows use. Then the lanes' sums are added, and one thread a row takes
// the softmax. An objective keeps Z: with RAW, only Z is stored.
import package::lib::block::{block, order};
import package::lib::rows::{features, rowOf, rowWeights};
import package::lib::shape::{CLASSES, CLASSES4, FEATURES4};
import package::lib::targets::{labelOf, offsetOf, targetOf};
@if(NARROW) enable subgroup_size_control;

const SUBGROUP = 8u; // lanes of a subgroup, with NARROW
const WORKGROUP = 64u; // threads
const LANES = 32u; // threads that share rows, a multiple of 4
const ROWS = 4u; // rows that they share, no more than LANES
const CAPTURE = false; // keeps the logits
const EVALUATE = false; // adds the losses of the workgroup, and keeps no residuals
const RAW = false; // stores Z instead of records, and nothing else

@group(0) @binding(5) var<storage, read> weights: array<vec4f>; // (4·FEATURES4, CLASSES4)
// (rows of the block, 2·CLASSES4 + 1) residual, sums, captured logits; or (rows of the block, CLASSES4) Z
@group(0) @binding(6) var<storage, read_write> records: array<vec4f>;
// (workgroups) weighted loss, weighted hits, weight, 0 of an evaluation
@group(0) @binding(8) var<storage, read_write> sums: array<vec4f>;

const RECORD = 2u * CLASSES4 + 1u;
const GROUP_ROWS = ROWS * WORKGROUP / LANES;
const SLAB = 4u * CLASSES4 + 1u; // vectors of a slab's row, with one of padding: lanes read different banks
const COLUMN = WORKGROUP + 1u; // sums of a row, likewise
const SHARED = max(LANES * SLAB, ROWS * COLUMN);

// (LANES, SLAB) the weights of LANES vectors of features, or (ROWS, COLUMN) sums of four classes a thread
var<workgroup> slab: array<vec4f, SHARED>;
var<workgroup> logits: array<vec4f, GROUP_ROWS * CLASSES4>;
var<workgroup> rowSums: array<vec4f, GROUP_ROWS>;

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = thread % LANES;
  let sharers = thread / LANES;
  let begin = GROUP_ROWS * group.x;
  if (begin >= block.rows) {
    if (EVALUATE && thread == 0u) {
      sums[group.x] = vec4f();
    }
    return;
  }

  var start: array<u32, ROWS>;
  var z: array<array<f32, CLASSES>, ROWS>;
  for (var r = 0u; r < ROWS; r++) { // unroll
    start[r] = rowOf(begin + ROWS * sharers + r);
    for (var k = 0u; k < CLASSES; k++) { // unroll
      z[r][k] = 0.0;
    }
  }
  for (var first = 0u; first < FEATURES4; first += LANES) { // @point features
    workgroupBarrier(); // The slab before is used up. @point refill-barrier
    for (var n = thread; n < LANES * 4u * CLASSES4; n += WORKGROUP) {
      let at = first * 4u * CLASSES4 + n;
      let there = min(at, FEATURES4 * 4u * CLASSES4 - 1u);
      slab[n + n / (4u * CLASSES4)] = weights[there];
    }
    workgroupBarrier(); // @point filled-barrier
    let f = first + lane;
    if (f < FEATURES4) { // @point inside
      var four: array<vec4f, ROWS>;
      for (var r = 0u; r < ROWS; r++) { // unroll
        four[r] = features(start[r], f);
      }
      for (var k = 0u; k < CLASSES; k++) { // unroll
        for (var d = 0u; d < 4u; d++) { // unroll
          let w = slab[lane * SLAB + d * CLASSES4 + k / 4u][k % 4u];
          for (var r = 0u; r < ROWS; r++) { // unroll
            z[r][k] += four[r][d] * w; // @point logit
          }
        }
      }
    }
  }

  // Adds the sums of the lanes, four classes at a time: a thread adds those of one row.
  for (var c = 0u; c < CLASSES4; c++) { // unroll
    workgroupBarrier();
    for (var r = 0u; r < ROWS; r++) { // unroll
      var vector: vec4f;
      for (var m = 0u; m < 4u; m++) { // unroll
        vector[m] = select(0.0, z[r][min(4u * c + m, CLASSES - 1u)], 4u * c + m < CLASSES);
      }
      slab[r * COLUMN + thread] = vector;
    }
    workgroupBarrier();
    if (lane < ROWS) {
      let at = lane * COLUMN + LANES * sharers;
      var sum: array<vec4f, 4>;
      for (var m = 0u; m < 4u; m++) { // unroll
        sum[m] = slab[at + m];
      }
      for (var n = 4u; n < LANES; n += 4u) { // @point lanes
        for (var m = 0u; m < 4u; m++) { // unroll
          sum[m] += slab[at + n + m];
        }
      }
      logits[(ROWS * sharers + lane) * CLASSES4 + c] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    }
  }
  workgroupBarrier();

  if (RAW) {
    for (var n = thread; n < GROUP_ROWS * CLASSES4; n += WORKGROUP) {
      if (begin + n / CLASSES4 < block.rows) { // @point raw-rows
        records[begin * CLASSES4 + n] = logits[n]; // @point raw
      }
    }
    return;
  }
  if (thread < GROUP_ROWS) {
    let i = begin + thread;
    let row = order[block.first + min(i, block.rows - 1u)];
    let label = labelOf(row); // @point label
    let weight = select(0.0, rowWeights[row], i < block.rows); // @point row-weight
    @if(OFFSETS) for (var k = 0u; k < CLASSES; k++) { // unroll
      logits[thread * CLASSES4 + k / 4u][k % 4u] += offsetOf(row, k); // @point offset-logit
    }
    let at = min(i, block.rows - 1u) * RECORD;
    var exponentials: array<f32, CLASSES>;
    // The largest logit is subtracted before the exponential, so that logits of any finite size give finite
    // losses.
    var largest = logits[thread * CLASSES4][0];
    for (var k = 0u; k < CLASSES; k++) { // unroll
      exponentials[k] = logits[thread * CLASSES4 + k / 4u][k % 4u];
      largest = max(largest, exponentials[k]); // @point largest
    }
    if (CAPTURE && i < block.rows) {
      for (var c = 0u; c < CLASSES4; c++) { // unroll
        records[at + CLASSES4 + 1u + c] = logits[thread * CLASSES4 + c];
      }
    }
    var sum = 0.0;
    @if(MIXED) var mean = 0.0; // Σ t·(z − largest)
    var labelLogit = largest;
    var tied = false; // whether an earlier class than the label's has the same, largest logit
    for (var k = 0u; k < CLASSES; k++) { // unroll
      let z = exponentials[k];
      labelLogit = select(labelLogit, z, label == k); // @point label-logit
      tied = tied | ((z >= largest) & (k < label));
      @if(MIXED) mean += targetOf(row, k, label == k) * (z - largest); // @point mean
      exponentials[k] = exp(z - largest); // @point exponential
      sum += exponentials[k]; // @point sum
    }
    @if(MIXED) let loss = log(sum) - mean; // @point mixed-loss
    @else let loss = log(sum) - (labelLogit - largest);
    let hit = select(0.0, 1.0, (labelLogit >= largest) & !tied);
    rowSums[thread] = vec4f(weight * loss, weight * hit, weight, 0.0);
    if (!EVALUATE && i < block.rows) {
      for (var c = 0u; c < CLASSES4; c++) { // unroll
        var vector = vec4f();
        for (var m = 0u; m < 4u; m++) { // unroll
          let k = min(4u * c + m, CLASSES - 1u);
          let r = weight * (exponentials[k] / sum - targetOf(row, k, label == k)); // @point residual
          vector[m] = select(0.0, r, 4u * c + m < CLASSES);
        }
        records[at + c] = vector;
      }
      records[at + CLASSES4] = rowSums[thread];
    }
  }
  workgroupBarrier();

  if (EVALUATE && thread == 0u) {
    var total = vec4f();
    for (var n = 0u; n < GROUP_ROWS; n++) {
      total += rowSums[n];
    }
    sums[group.x] = total;
  }
}
