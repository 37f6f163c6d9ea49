// split-gradient: G = Xᵀ·R for a block of rows, in partial sums, for few classes on a GPU.
//
// A workgroup owns COLUMNS vectors of features, PART4 vectors of classes and a span of rows, with a slot of
// its own. Each of ROW_LANES threads a vector of features takes every ROW_LANES-th row of the span and keeps
// its part of G in registers; then the parts are added in pairs. The workgroups of the first vectors add the
// losses of their rows, too.
import package::lib::block::block;
import package::lib::rows::{features, rowOf};
import package::lib::shape::{CLASSES4, FEATURES4};
@if(NARROW) enable subgroup_size_control;

const SUBGROUP = 8u; // lanes of a subgroup, with NARROW
const WORKGROUP = 128u; // threads
const COLUMNS = 16u; // vectors of features of a workgroup
const ROW_LANES = 8u; // threads of a vector: WORKGROUP / COLUMNS
const PART4 = 3u; // vectors of classes of a workgroup
const PART = 12u; // their classes: 4·PART4, or CLASSES if those are fewer
const SPAN = 64u; // rows that add to one slot

// (rows of the block, 2·CLASSES4 + 1) residual, sums, captured logits
@group(0) @binding(6) var<storage, read> records: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> slots: array<vec4f>; // (slots, 4·FEATURES4, CLASSES4)

// (slots) weighted loss, weighted hits, weight, 0
@group(0) @binding(8) var<storage, read_write> sums: array<vec4f>;

const RECORD = 2u * CLASSES4 + 1u;

// (4, ROW_LANES, COLUMNS) parts of G: four features of four classes
var<workgroup> parts: array<vec4f, 4u * WORKGROUP>;

var<workgroup> totals: array<vec4f, ROW_LANES>;

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = thread / COLUMNS;
  let column = COLUMNS * group.x + thread % COLUMNS;
  let f = min(column, FEATURES4 - 1u);
  let slot = group.y;
  let begin = SPAN * slot;
  let firstClasses = PART4 * group.z; // the workgroup's first vector of classes
  let isCounting = column == 0u && group.z == 0u; // @point counting

  // Past the last class, products are of padding, or of what follows it in a record: they are not stored.
  var g: array<vec4f, PART>;
  for (var k = 0u; k < PART; k++) { // unroll
    g[k] = vec4f();
  }
  var total = vec4f(); // the sums of the thread's rows, in the threads of the first vector
  for (var n = lane; n < SPAN; n += ROW_LANES) { // @point span
    let i = begin + n;
    if (i >= block.rows) { // @point past
      break;
    }
    if (isCounting) {
      total += records[i * RECORD + CLASSES4]; // @point total
    }
    let four = features(rowOf(i), f);
    for (var k = 0u; k < PART; k++) { // unroll
      g[k] += four * records[i * RECORD + firstClasses + k / 4u][k % 4u]; // @point product
    }
  }

  if (isCounting) {
    totals[lane] = total;
  }

  // Adds the parts of the lanes, four classes at a time: a thread adds those of one class and vector.
  for (var c = 0u; c < PART4; c++) { // unroll
    workgroupBarrier(); // @point reuse-barrier
    for (var m = 0u; m < 4u; m++) { // unroll
      parts[m * WORKGROUP + thread] =
        select(vec4f(), g[min(4u * c + m, PART - 1u)], vec4<bool>(4u * c + m < PART));
    }
    workgroupBarrier(); // @point filled-barrier
    for (var half = ROW_LANES / 2u; half > 0u; half /= 2u) {
      if (lane < half) { // @point lanes
        for (var m = 0u; m < 4u; m++) { // unroll
          parts[m * WORKGROUP + thread] += parts[m * WORKGROUP + thread + half * COLUMNS];
        }
      }
      workgroupBarrier();
    }
    // A thread stores one of the four features.
    if (lane < 4u && column < FEATURES4 && firstClasses + c < CLASSES4) { // @point stored
      let at = ((slot * FEATURES4 + column) * 4u + lane) * CLASSES4 + firstClasses + c;
      let first = thread % COLUMNS;
      var vector: vec4f;
      for (var m = 0u; m < 4u; m++) { // unroll
        vector[m] = parts[m * WORKGROUP + first][lane];
      }
      slots[at] = vector;
    }
  }

  if (isCounting && lane == 0u) {
    var sum = totals[0];
    for (var n = 1u; n < ROW_LANES; n++) { // @point totals
      sum += totals[n];
    }
    sums[slot] = sum;
  }
}
