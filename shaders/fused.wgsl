// fused: logits, residual and gradient of one block of rows in one dispatch, for few classes. X is read once
// from memory.
//
// A workgroup owns a span of rows and one slot of partial sums. It takes ROWS·ROW_THREADS of its rows at a
// time: first each of ROW_THREADS threads computes the logits and the residual of ROWS rows, with all classes
// in registers; then each of COLUMN_THREADS threads adds the outer products of VECTORS vectors of features to
// accumulators that stay in registers until the span is done.
import package::lib::block::{block, order};
import package::lib::rows::{features, rowOf, rowWeights};
import package::lib::shape::{CLASSES, CLASSES4, FEATURES4};
import package::lib::targets::{labelOf, offsetOf, targetOf};
@if(NARROW) enable subgroup_size_control;
@if(SUBGROUPS) enable subgroups;
@if(SUBGROUPS) diagnostic(off, subgroup_uniformity);

const SUBGROUP = 8u; // lanes of a subgroup, with NARROW
const WORKGROUP = 64u; // threads: more than COLUMN_THREADS and no fewer than ROW_THREADS
const ROWS = 4u; // rows per thread
const ROW_THREADS = 16u; // threads that compute logits, a multiple of 4
const VECTORS = 1u; // vectors of features per thread
const COLUMN_THREADS = 4u; // threads of outer products: FEATURES4 / VECTORS, rounded up to a multiple of 4
const TURNS = 1u; // times ROWS·ROW_THREADS rows in a span
const EVALUATE = false; // stops after the losses
const CAPTURE = false; // keeps the logits

@group(0) @binding(5) var<storage, read> weights: array<vec4f>; // (4·FEATURES4, CLASSES4)
// (rows of the block, 2·CLASSES4 + 1) residual, sums, captured logits
@group(0) @binding(6) var<storage, read_write> records: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> slots: array<vec4f>; // (slots, 4·FEATURES4, CLASSES4)
// (slots) weighted loss, weighted hits, weight, 0
@group(0) @binding(8) var<storage, read_write> sums: array<vec4f>;

const RECORD = 2u * CLASSES4 + 1u;
const TURN = ROWS * ROW_THREADS; // rows that a workgroup takes at a time

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3u,
  @if(SUBGROUPS) @builtin(subgroup_invocation_id) invocation: u32,
) {
  @if(SUBGROUPS) let lane = invocation & 3u;
  let slot = group.x;
  let column = VECTORS * thread; // the thread's first vector of features
  var total = vec4f(); // the slot's sums, in the last thread
  var g: array<array<array<f32, CLASSES>, 4>, VECTORS>; // the thread's part of G
  for (var v = 0u; v < VECTORS; v++) { // unroll
    for (var d = 0u; d < 4u; d++) { // unroll
      for (var k = 0u; k < CLASSES; k++) { // unroll
        g[v][d][k] = 0.0;
      }
    }
  }

  for (var turn = 0u; turn < TURNS; turn++) {
    let begin = TURN * (TURNS * slot + turn); // the first of these rows in the block
    if (begin >= block.rows) {
      break;
    }

    if (thread < ROW_THREADS) {
      var start: array<u32, ROWS>;
      var z: array<array<f32, CLASSES>, ROWS>;
      for (var r = 0u; r < ROWS; r++) { // unroll
        start[r] = rowOf(begin + ROWS * thread + r);
        for (var k = 0u; k < CLASSES; k++) { // unroll
          z[r][k] = 0.0;
        }
      }
      for (var f = 0u; f < FEATURES4; f++) { // @point features
        var four: array<vec4f, ROWS>;
        for (var r = 0u; r < ROWS; r++) { // unroll
          four[r] = features(start[r], f); // @point load
        }
        // Each of four neighbouring lanes loads the weights of one feature, and all four use them.
        @if(SUBGROUPS) var own: array<vec4f, CLASSES4>;
        @if(SUBGROUPS) for (var c = 0u; c < CLASSES4; c++) { // unroll
          own[c] = weights[(4u * f + lane) * CLASSES4 + c];
        }
        // Class by class, so that a sum is in a register while it is added to.
        for (var k = 0u; k < CLASSES; k++) { // unroll
          var w: array<f32, 4>;
          for (var d = 0u; d < 4u; d++) { // unroll
            @if(SUBGROUPS) w[d] = subgroupBroadcast(own[k / 4u][k % 4u], d);
            @else w[d] = weights[(4u * f + d) * CLASSES4 + k / 4u][k % 4u];
          }
          for (var r = 0u; r < ROWS; r++) { // unroll
            for (var d = 0u; d < 4u; d++) { // unroll
              z[r][k] += four[r][d] * w[d]; // @point logit
            }
          }
        }
      }

      for (var r = 0u; r < ROWS; r++) { // unroll
        let i = begin + ROWS * thread + r;
        let row = order[block.first + min(i, block.rows - 1u)];
        let label = labelOf(row); // @point label
        let weight = select(0.0, rowWeights[row], i < block.rows); // @point row-weight
        @if(OFFSETS) for (var k = 0u; k < CLASSES; k++) { // unroll
          z[r][k] += offsetOf(row, k); // @point offset-logit
        }
        let at = i * RECORD;
        var vector: array<vec4f, CLASSES4>;
        for (var c = 0u; c < CLASSES4; c++) { // unroll
          vector[c] = vec4f();
        }
        if (CAPTURE) {
          for (var k = 0u; k < CLASSES; k++) { // unroll
            vector[k / 4u][k % 4u] = z[r][k];
          }
          for (var c = 0u; c < CLASSES4; c++) { // unroll
            records[at + CLASSES4 + 1u + c] = vector[c];
          }
        }

        // The largest logit is subtracted before the exponential, so that logits of any finite size give
        // finite losses.
        var largest = z[r][0];
        for (var k = 0u; k < CLASSES; k++) { // unroll
          largest = max(largest, z[r][k]); // @point largest
        }
        var sum = 0.0;
        @if(MIXED) var mean = 0.0; // Σ t·(z − largest)
        var labelLogit = largest;
        var tied = false; // whether an earlier class than the label's has the same, largest logit
        for (var k = 0u; k < CLASSES; k++) { // unroll
          labelLogit = select(labelLogit, z[r][k], label == k); // @point label-logit
          tied = tied | ((z[r][k] >= largest) & (k < label));
          @if(MIXED) mean += targetOf(row, k, label == k) * (z[r][k] - largest); // @point mean
          z[r][k] = exp(z[r][k] - largest); // @point exponential
          sum += z[r][k]; // @point sum
        }
        for (var k = 0u; k < CLASSES; k++) { // unroll
          vector[k / 4u][k % 4u] = weight * (z[r][k] / sum - targetOf(row, k, label == k)); // @point residual
        }
        for (var c = 0u; c < CLASSES4; c++) { // unroll
          records[at + c] = vector[c]; // @point record
        }
        @if(MIXED) let loss = log(sum) - mean; // @point mixed-loss
        @else let loss = log(sum) - (labelLogit - largest);
        let hit = select(0.0, 1.0, (labelLogit >= largest) & !tied);
        records[at + CLASSES4] = vec4f(weight * loss, weight * hit, weight, 0.0);
      }
    }

    storageBarrier(); // @point barrier

    if (thread == WORKGROUP - 1u) {
      for (var n = 0u; n < TURN; n++) {
        total += records[(begin + n) * RECORD + CLASSES4];
      }
    } else if (!EVALUATE && thread < COLUMN_THREADS) {
      for (var n = 0u; n < TURN / 4u; n++) {
        let i = begin + 4u * n;
        // Each of four neighbouring lanes loads the residual of one row, and all four use it.
        @if(SUBGROUPS) var own: array<vec4f, CLASSES4>;
        @if(SUBGROUPS) for (var c = 0u; c < CLASSES4; c++) { // unroll
          own[c] = records[(i + lane) * RECORD + c];
        }
        var four: array<array<vec4f, VECTORS>, 4>;
        for (var s = 0u; s < 4u; s++) { // unroll
          let start = rowOf(i + s);
          for (var v = 0u; v < VECTORS; v++) { // unroll
            four[s][v] = features(start, min(column + v, FEATURES4 - 1u));
          }
        }
        for (var k = 0u; k < CLASSES; k++) { // unroll
          var r: array<f32, 4>;
          for (var s = 0u; s < 4u; s++) { // unroll
            @if(SUBGROUPS) r[s] = subgroupBroadcast(own[k / 4u][k % 4u], s);
            @else r[s] = records[(i + s) * RECORD + k / 4u][k % 4u];
          }
          for (var v = 0u; v < VECTORS; v++) { // unroll
            for (var d = 0u; d < 4u; d++) { // unroll
              for (var s = 0u; s < 4u; s++) { // unroll
                g[v][d][k] += four[s][v][d] * r[s]; // @point product
              }
            }
          }
        }
      }
    }

    storageBarrier();
  }

  if (thread == WORKGROUP - 1u) {
    sums[slot] = total;
  } else if (!EVALUATE) {
    for (var v = 0u; v < VECTORS; v++) { // unroll
      if (column + v < FEATURES4) {
        for (var d = 0u; d < 4u; d++) { // unroll
          let at = ((slot * FEATURES4 + column + v) * 4u + d) * CLASSES4;
          var vector: array<vec4f, CLASSES4>;
          for (var c = 0u; c < CLASSES4; c++) { // unroll
            vector[c] = vec4f();
          }
          for (var k = 0u; k < CLASSES; k++) { // unroll
            vector[k / 4u][k % 4u] = g[v][d][k];
          }
          for (var c = 0u; c < CLASSES4; c++) { // unroll
            slots[at + c] = vector[c];
          }
        }
      }
    }
  }
}
