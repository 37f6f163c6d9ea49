// fused: logits, residual and gradient of one block of rows in one dispatch, for few classes. X is read once from memory.
//
// A workgroup owns SPAN rows and one slot of partial sums. It takes ROWS·ROW_THREADS of its rows at a time: first each
// of ROW_THREADS threads computes the logits and the residual of ROWS rows, all classes in registers; then each of
// COLUMN_THREADS threads adds the outer products of VECTORS vectors of features to accumulators that stay in
// registers until the span is done. X has a column of ones, so the intercept is a feature like any other.
// when SUBGROUPS: enable subgroups;
// when SUBGROUPS: diagnostic(off, subgroup_uniformity);

// The shape of the problem.
const FEATURES4 = 1u; // vectors of four features a row, the column of ones included
const CLASSES = 2u; // classes
const CLASSES4 = 1u; // vectors of four classes: CLASSES / 4, rounded up
const SCALE = 1.0; // what a unit of a byte means, times 255
const ONES = 0u; // where in the last vector of features the column of ones is
const KEPT = 1.0; // of a target t: 1 − ε, where smoothing makes (1 − ε)·t + ε / CLASSES of it
const SHARE = 0.0; // of each class in it: ε / CLASSES

// The tiles.
const WORKGROUP = 64u; // threads: more than COLUMN_THREADS and no fewer than ROW_THREADS
const ROWS = 4u; // rows a thread
const ROW_THREADS = 16u; // threads that compute logits, a multiple of 4
const VECTORS = 1u; // vectors of features a thread
const COLUMN_THREADS = 4u; // threads that compute outer products: FEATURES4 / VECTORS, rounded up to a multiple of 4
const TURNS = 1u; // times ROWS·ROW_THREADS rows in a span
const EVALUATE = false; // stop after the losses
const CAPTURE = false; // keep the logits

struct Block {
  first: u32, // where the block begins in order
  rows: u32, // rows in the block
  continues: u32, // 0 when the block is the first of its step: slots begin at zero
  tile: u32,
}

@group(0) @binding(0) var<uniform> block: Block;
@group(0) @binding(1) var<storage, read> order: array<u32>; // (rows of the epoch) row numbers
@group(0) @binding(2) var<storage, read> labels: array<u32>; // (rows) classes from 0; soft (rows, 1 + CLASSES) with the bits of the targets
@group(0) @binding(3) var<storage, read> rowWeights: array<f32>; // (rows)
@group(0) @binding(4) var<storage, read> x: array<vec4f>; // (rows, FEATURES4), floats, halves or bytes // when BYTES: @group(0) @binding(4) var<storage, read> x: array<u32>; // when HALVES: @group(0) @binding(4) var<storage, read> x: array<vec2u>;
@group(0) @binding(5) var<storage, read> weights: array<vec4f>; // (4·FEATURES4, CLASSES4)
@group(0) @binding(6) var<storage, read_write> records: array<vec4f>; // (rows of the block, 2·CLASSES4 + 1) residual, sums, captured logits
@group(0) @binding(7) var<storage, read_write> slots: array<vec4f>; // (slots, 4·FEATURES4, CLASSES4)
@group(0) @binding(8) var<storage, read_write> sums: array<vec4f>; // (slots) weighted loss, weighted hits, weight, 0

const RECORD = 2u * CLASSES4 + 1u;
const TURN = ROWS * ROW_THREADS; // rows that a workgroup takes at a time

// Four features of a row that begins at `start` in X.
fn features(start: u32, f: u32) -> vec4f {
  // when SCALED: let scale = select(vec4f(SCALE), select(vec4f(SCALE), vec4f(1.0), vec4u(0u, 1u, 2u, 3u) == vec4u(ONES)), f == FEATURES4 - 1u);
  return x[start + f]; // when SCALED: return scale * unpack4x8unorm(x[start + f]); // when BYTES: return unpack4x8unorm(x[start + f]); // when HALVES: return vec4f(unpack2x16float(x[start + f].x), unpack2x16float(x[start + f].y));
}

// Where the features of the block's row i begin in X. Rows past the end repeat the last one; they count for nothing.
fn rowOf(i: u32) -> u32 {
  let row = min(i, block.rows - 1u);
  return order[block.first + row] * FEATURES4; // when GATHERED: return row * FEATURES4;
}

// How much a row is of class k: its label, whole or smoothed, or as it was given.
fn targetOf(row: u32, label: u32, k: u32) -> f32 {
  return select(SHARE, KEPT + SHARE, label == k); // when SOFT: return KEPT * bitcast<f32>(labels[row * (CLASSES + 1u) + 1u + k]) + SHARE;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3u,
  // when SUBGROUPS: @builtin(subgroup_invocation_id) invocation: u32,
) {
  // when SUBGROUPS: let lane = invocation & 3u;
  let slot = group.x;
  let column = VECTORS * thread; // the thread's first vector of features
  var total = vec4f(); // the last thread's: the slot's sums
  var g: array<array<array<f32, CLASSES>, 4>, VECTORS>; // this thread's share of G
  for (var v = 0u; v < VECTORS; v++) { // unrolled
    for (var d = 0u; d < 4u; d++) { // unrolled
      for (var k = 0u; k < CLASSES; k++) { // unrolled
        g[v][d][k] = 0.0;
      }
    }
  }

  for (var turn = 0u; turn < TURNS; turn++) {
    let begin = TURN * (TURNS * slot + turn); // of these rows, in the block
    if (begin >= block.rows) {
      break;
    }

    if (thread < ROW_THREADS) {
      var start: array<u32, ROWS>;
      var z: array<array<f32, CLASSES>, ROWS>;
      for (var r = 0u; r < ROWS; r++) { // unrolled
        start[r] = rowOf(begin + ROWS * thread + r);
        for (var k = 0u; k < CLASSES; k++) { // unrolled
          z[r][k] = 0.0;
        }
      }
      for (var f = 0u; f < FEATURES4; f++) {
        var four: array<vec4f, ROWS>;
        for (var r = 0u; r < ROWS; r++) { // unrolled
          four[r] = features(start[r], f);
        }
        // Of every four lanes each loads the weights of one feature, and all four use them.
        // when SUBGROUPS: var own: array<vec4f, CLASSES4>;
        for (var c = 0u; c < CLASSES4; c++) { // unrolled
          // when SUBGROUPS: own[c] = weights[(4u * f + lane) * CLASSES4 + c];
        }
        // Class by class, so that a sum is in a register while it is added to.
        for (var k = 0u; k < CLASSES; k++) { // unrolled
          var w: array<f32, 4>;
          for (var d = 0u; d < 4u; d++) { // unrolled
            w[d] = weights[(4u * f + d) * CLASSES4 + k / 4u][k % 4u]; // when SUBGROUPS: w[d] = subgroupBroadcast(own[k / 4u][k % 4u], d);
          }
          for (var r = 0u; r < ROWS; r++) { // unrolled
            for (var d = 0u; d < 4u; d++) { // unrolled
              z[r][k] += four[r][d] * w[d];
            }
          }
        }
      }

      for (var r = 0u; r < ROWS; r++) { // unrolled
        let i = begin + ROWS * thread + r;
        let row = order[block.first + min(i, block.rows - 1u)];
        let label = labels[row]; // when SOFT: let label = labels[row * (CLASSES + 1u)];
        let weight = select(0.0, rowWeights[row], i < block.rows);
        let at = i * RECORD;
        var vector: array<vec4f, CLASSES4>;
        for (var c = 0u; c < CLASSES4; c++) { // unrolled
          vector[c] = vec4f();
        }
        if (CAPTURE) {
          for (var k = 0u; k < CLASSES; k++) { // unrolled
            vector[k / 4u][k % 4u] = z[r][k];
          }
          for (var c = 0u; c < CLASSES4; c++) { // unrolled
            records[at + CLASSES4 + 1u + c] = vector[c];
          }
        }

        // The largest logit is taken off before the exponential, so that logits of any finite size give finite losses.
        var top = z[r][0];
        for (var k = 0u; k < CLASSES; k++) { // unrolled
          top = max(top, z[r][k]);
        }
        var sum = 0.0;
        // when MIXED: var mean = 0.0; // Σ t·(z − top)
        var labelLogit = top;
        var beaten = false; // an earlier class has the same, largest logit
        for (var k = 0u; k < CLASSES; k++) { // unrolled
          labelLogit = select(labelLogit, z[r][k], label == k);
          beaten = beaten | ((z[r][k] >= top) & (k < label));
          // when MIXED: mean += targetOf(row, label, k) * (z[r][k] - top);
          z[r][k] = exp(z[r][k] - top);
          sum += z[r][k];
        }
        for (var k = 0u; k < CLASSES; k++) { // unrolled
          vector[k / 4u][k % 4u] = weight * (z[r][k] / sum - targetOf(row, label, k));
        }
        for (var c = 0u; c < CLASSES4; c++) { // unrolled
          records[at + c] = vector[c];
        }
        let loss = log(sum) - (labelLogit - top); // when MIXED: let loss = log(sum) - mean;
        let hit = select(0.0, 1.0, (labelLogit >= top) & !beaten);
        records[at + CLASSES4] = vec4f(weight * loss, weight * hit, weight, 0.0);
      }
    }

    storageBarrier();

    if (thread == WORKGROUP - 1u) {
      for (var n = 0u; n < TURN; n++) {
        total += records[(begin + n) * RECORD + CLASSES4];
      }
    } else if (!EVALUATE && thread < COLUMN_THREADS) {
      for (var n = 0u; n < TURN / 4u; n++) {
        let i = begin + 4u * n;
        // Of every four lanes each loads the residual of one row, and all four use it.
        // when SUBGROUPS: var own: array<vec4f, CLASSES4>;
        for (var c = 0u; c < CLASSES4; c++) { // unrolled
          // when SUBGROUPS: own[c] = records[(i + lane) * RECORD + c];
        }
        var four: array<array<vec4f, VECTORS>, 4>;
        for (var s = 0u; s < 4u; s++) { // unrolled
          let start = rowOf(i + s);
          for (var v = 0u; v < VECTORS; v++) { // unrolled
            four[s][v] = features(start, min(column + v, FEATURES4 - 1u));
          }
        }
        for (var k = 0u; k < CLASSES; k++) { // unrolled
          var r: array<f32, 4>;
          for (var s = 0u; s < 4u; s++) { // unrolled
            r[s] = records[(i + s) * RECORD + k / 4u][k % 4u]; // when SUBGROUPS: r[s] = subgroupBroadcast(own[k / 4u][k % 4u], s);
          }
          for (var v = 0u; v < VECTORS; v++) { // unrolled
            for (var d = 0u; d < 4u; d++) { // unrolled
              for (var s = 0u; s < 4u; s++) { // unrolled
                g[v][d][k] += four[s][v][d] * r[s];
              }
            }
          }
        }
      }
    }

    storageBarrier();
  }

  if (thread == WORKGROUP - 1u) {
    if (block.continues != 0u) {
      total += sums[slot];
    }
    sums[slot] = total;
  } else if (!EVALUATE) {
    for (var v = 0u; v < VECTORS; v++) { // unrolled
      if (column + v < FEATURES4) {
        for (var d = 0u; d < 4u; d++) { // unrolled
          let at = ((slot * FEATURES4 + column + v) * 4u + d) * CLASSES4;
          var vector: array<vec4f, CLASSES4>;
          for (var c = 0u; c < CLASSES4; c++) { // unrolled
            vector[c] = vec4f();
          }
          for (var k = 0u; k < CLASSES; k++) { // unrolled
            vector[k / 4u][k % 4u] = g[v][d][k];
          }
          for (var c = 0u; c < CLASSES4; c++) { // unrolled
            if (block.continues != 0u) {
              vector[c] += slots[at + c];
            }
            slots[at + c] = vector[c];
          }
        }
      }
    }
  }
}
