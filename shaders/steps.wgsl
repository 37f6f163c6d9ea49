// steps: whole steps of a small problem, many in one dispatch: logits, residual, gradient and update.
//
// One workgroup takes them all and keeps the weights in its memory, so that a step costs a few barriers
// instead of several dispatches. A turn takes ROWS·ROW_THREADS rows of a step. First each of ROW_THREADS
// threads computes the logits and the residuals of ROWS rows, and leaves the residuals in the workgroup's
// memory. Then LANES threads share VECTORS vectors of features, and each adds the outer products of every
// LANES-th row. After the last turn the sums of the lanes are added by halves.
//
// With OWN a thread has all features: it multiplies a row's residuals as soon as it has them.
import package::lib::block::order;
import package::lib::rows::{features, rowWeights};
import package::lib::rule::{Rates, stepped};
import package::lib::shape::{CLASSES, CLASSES4, COUNT, FEATURES4, FIT_INTERCEPT};
import package::lib::targets::{labelOf, offsetOf, targetOf};
@if(NARROW) enable subgroup_size_control;

const INTERCEPT = 0u; // the intercept's row of the weights; after it there is only padding
const BATCH = 1u; // the most rows in a step
const SUBGROUP = 8u; // lanes of a subgroup, with NARROW
const WORKGROUP = 64u; // threads: LANES·COLUMNS
const LANES = 4u; // threads that share vectors of features: a power of two
const COLUMNS = 16u; // FEATURES4 / VECTORS, rounded up
const VECTORS = 1u; // vectors of features per thread
const PLANES = 5u; // parts of G and of the sums that a thread adds at a time: 4·VECTORS + 1
const ROWS = 1u; // rows per thread
const ROW_THREADS = 64u; // threads that compute residuals, a multiple of LANES
const SHARED = 320u; // vectors of a turn's residuals, and of the lanes' sums
const CAPTURE = false; // keeps the logits, the residuals and the gradient

struct Run {
  first: u32, // the first step of this dispatch
  steps: u32, // the number of steps
}

struct Step {
  first: u32, // where its rows begin in order
  rows: u32, // the number of rows
  learningRate: f32,
  gradientScale: f32,
  penalty: f32,
  correction1: f32,
  correction2: f32,
  unused: u32,
}

@group(0) @binding(0) var<uniform> run: Run;
// (4·FEATURES4, CLASSES4), and with FACTORS after them (FEATURES4) factors on the penalty of each feature
@group(0) @binding(7) var<storage, read_write> weights: array<vec4f>;
// (BATCH, 2·CLASSES4 + 1) captured residual, sums, logits; then the gradient
@group(0) @binding(8) var<storage, read_write> records: array<vec4f>;
// (steps of the submission) weighted loss, weighted hits, weight, 0
@group(0) @binding(9) var<storage, read_write> ring: array<vec4f>;
@group(0) @binding(10) var<storage, read> entries: array<Step>; // (steps of the submission)

const RECORD = 2u * CLASSES4 + 1u;
const RESIDUAL = CLASSES4 + 1u; // vectors of a row's residual and sums
const TURN = ROWS * ROW_THREADS;

var<workgroup> held: array<vec4f, COUNT>; // the weights
// (TURN, RESIDUAL) residuals and sums of rows; or (PLANES, WORKGROUP) parts of G and of the sums
var<workgroup> parts: array<vec4f, SHARED>;

// Turns the logits of row i of a step of so many rows into its residuals. Returns weighted loss, weighted hit
// and weight.
fn residuals(i: u32, rows: u32, row: u32, z: ptr<function, array<f32, CLASSES>>) -> vec4f {
  let label = labelOf(row); // @point label
  let weight = rowWeights[row]; // @point row-weight
  @if(OFFSETS) for (var k = 0u; k < CLASSES; k++) { // unroll
    (*z)[k] += offsetOf(row, k); // @point offset-logit
  }
  if (CAPTURE) {
    capture(i, rows, CLASSES4 + 1u, z);
  }

  // The largest logit is subtracted before the exponential, so that logits of any finite size give finite
  // losses.
  var largest = (*z)[0];
  for (var k = 0u; k < CLASSES; k++) { // unroll
    largest = max(largest, (*z)[k]);
  }
  var sum = 0.0;
  @if(MIXED) var mean = 0.0; // Σ t·(z − largest)
  var labelLogit = largest;
  var tied = false; // whether an earlier class than the label's has the same, largest logit
  for (var k = 0u; k < CLASSES; k++) { // unroll
    labelLogit = select(labelLogit, (*z)[k], label == k);
    tied = tied | (((*z)[k] >= largest) & (k < label));
    @if(MIXED) mean += targetOf(row, k, label == k) * ((*z)[k] - largest);
    (*z)[k] = exp((*z)[k] - largest);
    sum += (*z)[k];
  }
  for (var k = 0u; k < CLASSES; k++) { // unroll
    (*z)[k] = weight * ((*z)[k] / sum - targetOf(row, k, label == k));
  }
  @if(MIXED) let loss = log(sum) - mean; // @point mixed-loss
  @else let loss = log(sum) - (labelLogit - largest);
  let hit = select(0.0, 1.0, (labelLogit >= largest) & !tied);
  let sums = vec4f(weight * loss, weight * hit, weight, 0.0);
  if (CAPTURE) {
    capture(i, rows, 0u, z);
    if (i < rows) {
      records[i * RECORD + CLASSES4] = sums;
    }
  }
  return sums;
}

// Keeps the values of classes in the record of row i, from vector `at` on.
fn capture(i: u32, rows: u32, at: u32, values: ptr<function, array<f32, CLASSES>>) {
  if (i < rows) {
    for (var k = 0u; k < CLASSES; k++) { // unroll
      records[i * RECORD + at + k / 4u][k % 4u] = (*values)[k];
    }
  }
}

// Adds the parts of the lanes by halves, until four are left.
fn addLanes(thread: u32, lane: u32) {
  workgroupBarrier(); // @point filled-barrier
  for (var half = LANES / 2u; half > 2u; half /= 2u) {
    if (lane < half) { // @point lanes
      for (var p = 0u; p < PLANES; p++) { // unroll
        parts[p * WORKGROUP + thread] += parts[p * WORKGROUP + thread + half * COLUMNS];
      }
    }
    workgroupBarrier();
  }
}

// Returns component d of the sum of the lanes that are left, by halves too.
fn laneSum(at: u32, d: u32) -> f32 {
  let first = parts[at][d];
  if (LANES == 1u) {
    return first;
  }
  let second = parts[at + COLUMNS][d]; // @point second-lane
  if (LANES == 2u) {
    return first + second;
  }
  return (first + parts[at + 2u * COLUMNS][d]) + (second + parts[at + 3u * COLUMNS][d]); // @point four-lanes
}

// Updates one vector of W.
fn update(at: u32, feature: u32, step: Step, gradient: vec4f) {
  if (CAPTURE) {
    records[BATCH * RECORD + at] = gradient;
  }
  let penalised = feature < INTERCEPT;
  if (!penalised && !FIT_INTERCEPT) {
    return;
  }
  var rates = Rates(
    step.learningRate,
    step.gradientScale,
    step.penalty,
    step.correction1,
    step.correction2,
  );
  @if(FACTORS) rates.penalty *= weights[COUNT + feature / 4u][feature % 4u]; // @point own-factor
  held[at] = stepped(at, held[at], gradient, penalised, rates);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(@builtin(local_invocation_index) thread: u32) {
  let lane = thread / COLUMNS;
  let column = thread % COLUMNS;
  for (var n = thread; n < COUNT; n += WORKGROUP) {
    held[n] = weights[n];
  }
  workgroupBarrier();

  for (var n = 0u; n < run.steps; n++) {
    let step = entries[run.first + n]; // @point entry
    var total = vec4f(); // the sums of the thread's rows
    var g: array<array<vec4f, CLASSES>, VECTORS>; // and its part of G
    for (var v = 0u; v < VECTORS; v++) { // unroll
      for (var k = 0u; k < CLASSES; k++) { // unroll
        g[v][k] = vec4f();
      }
    }

    @if(OWN) var w: array<array<array<f32, CLASSES>, 4>, VECTORS>;
    @if(OWN) for (var f = 0u; f < VECTORS; f++) { // unroll
      for (var d = 0u; d < 4u; d++) { // unroll
        for (var k = 0u; k < CLASSES; k++) { // unroll
          w[f][d][k] = held[(4u * f + d) * CLASSES4 + k / 4u][k % 4u];
        }
      }
    }
    @if(OWN) for (var i = thread; i < step.rows; i += WORKGROUP) {
      let row = order[step.first + i];
      var own: array<vec4f, VECTORS>;
      var z: array<f32, CLASSES>;
      for (var k = 0u; k < CLASSES; k++) { // unroll
        z[k] = 0.0;
      }
      for (var f = 0u; f < VECTORS; f++) { // unroll
        own[f] = features(row * FEATURES4, f);
        for (var d = 0u; d < 4u; d++) { // unroll
          for (var k = 0u; k < CLASSES; k++) { // unroll
            z[k] += own[f][d] * w[f][d][k]; // @point own-logit
          }
        }
      }
      total += residuals(i, step.rows, row, &z); // @point own-total
      for (var v = 0u; v < VECTORS; v++) { // unroll
        for (var k = 0u; k < CLASSES; k++) { // unroll
          g[v][k] += own[v] * z[k]; // @point own-product
        }
      }
    }
    @else for (var begin = 0u; begin < step.rows; begin += TURN) {
      if (thread < ROW_THREADS) {
        var row: array<u32, ROWS>;
        var z: array<array<f32, CLASSES>, ROWS>;
        for (var r = 0u; r < ROWS; r++) { // unroll
          row[r] = order[step.first + min(begin + r * ROW_THREADS + thread, step.rows - 1u)];
          for (var k = 0u; k < CLASSES; k++) { // unroll
            z[r][k] = 0.0;
          }
        }
        for (var f = 0u; f < FEATURES4; f++) { // @point features
          var four: array<vec4f, ROWS>;
          for (var r = 0u; r < ROWS; r++) { // unroll
            four[r] = features(row[r] * FEATURES4, f);
          }
          for (var d = 0u; d < 4u; d++) { // unroll
            for (var k = 0u; k < CLASSES; k++) { // unroll
              let w = held[(4u * f + d) * CLASSES4 + k / 4u][k % 4u];
              for (var r = 0u; r < ROWS; r++) { // unroll
                z[r][k] += four[r][d] * w; // @point logit
              }
            }
          }
        }
        for (var r = 0u; r < ROWS; r++) { // unroll
          let i = r * ROW_THREADS + thread; // in the turn
          var own = z[r];
          parts[i * RESIDUAL + CLASSES4] = residuals(begin + i, step.rows, row[r], &own);
          for (var k = 0u; k < CLASSES; k++) { // unroll
            parts[i * RESIDUAL + k / 4u][k % 4u] = own[k];
          }
        }
      }
      workgroupBarrier(); // @point barrier
      for (var i = lane; i < min(TURN, step.rows - begin); i += LANES) {
        let start = order[step.first + begin + i] * FEATURES4;
        if (column == 0u) {
          total += parts[i * RESIDUAL + CLASSES4]; // @point total
        }
        for (var v = 0u; v < VECTORS; v++) { // unroll
          let four = features(start, min(VECTORS * column + v, FEATURES4 - 1u));
          for (var k = 0u; k < CLASSES; k++) { // unroll
            g[v][k] += four * parts[i * RESIDUAL + k / 4u][k % 4u]; // @point product
          }
        }
      }
      workgroupBarrier(); // @point turn-barrier
    }

    // Four classes at a time.
    for (var c = 0u; c < CLASSES4; c++) { // unroll
      for (var v = 0u; v < VECTORS; v++) { // unroll
        for (var m = 0u; m < 4u; m++) { // unroll
          if (4u * c + m < CLASSES) {
            parts[(4u * v + m) * WORKGROUP + thread] = g[v][min(4u * c + m, CLASSES - 1u)];
          }
        }
      }
      parts[4u * VECTORS * WORKGROUP + thread] = total;
      addLanes(thread, lane);
      for (var d = lane; d < 4u * VECTORS; d += LANES) { // features of the column
        let feature = 4u * VECTORS * column + d;
        if (feature < 4u * FEATURES4) {
          var gradient: vec4f; // of four classes
          for (var m = 0u; m < 4u; m++) { // unroll
            if (4u * c + m < CLASSES) {
              gradient[m] = laneSum((d - d % 4u + m) * WORKGROUP + column, d % 4u);
            }
          }
          update(feature * CLASSES4 + c, feature, step, gradient);
        }
      }
      if (thread == 0u) {
        let at = 4u * VECTORS * WORKGROUP;
        ring[run.first + n] = vec4f(laneSum(at, 0u), laneSum(at, 1u), laneSum(at, 2u), 0.0);
      }
      workgroupBarrier(); // @point step-barrier
    }
  }

  for (var n = thread; n < COUNT; n += WORKGROUP) {
    weights[n] = held[n]; // @point stored
  }
}
