// steps: whole steps of a small problem, many in one dispatch: logits, residual, gradient and update.
//
// One workgroup takes them all, so that a step costs a few barriers instead of several dispatches. First each
// thread takes every WORKGROUP-th row: its logits and its residual. Then each takes every WORKGROUP-th vector
// of features: its rows of the gradient, over all rows of the batch in order, and of the weights.
import package::lib::block::order;
import package::lib::rows::{features, rowWeights};
import package::lib::rule::{Rates, stepped};
import package::lib::shape::{CLASSES, CLASSES4, FEATURES4, FIT_INTERCEPT};
import package::lib::targets::{labelOf, targetOf};

const INTERCEPT = 0u; // the intercept's row of the weights; after it there is only padding
const BATCH = 1u; // the most rows in a step
const WORKGROUP = 64u; // threads
const CAPTURE = false; // keeps the logits and the gradient

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
@group(0) @binding(7) var<storage, read_write> weights: array<vec4f>; // (4·FEATURES4, CLASSES4)
// (BATCH, 2·CLASSES4 + 1) residual, sums, captured logits; then the captured gradient
@group(0) @binding(8) var<storage, read_write> records: array<vec4f>;
// (steps of the submission) weighted loss, weighted hits, weight, 0
@group(0) @binding(9) var<storage, read_write> ring: array<vec4f>;
@group(0) @binding(10) var<storage, read> entries: array<Step>; // (steps of the submission)

const RECORD = 2u * CLASSES4 + 1u;

// Computes the logits, the residual and the sums of the batch's row i.
fn residual(i: u32, row: u32) {
  let start = row * FEATURES4;
  let label = labelOf(row); // @point label
  let weight = rowWeights[row]; // @point row-weight
  let at = i * RECORD;

  var z: array<f32, CLASSES>;
  for (var k = 0u; k < CLASSES; k++) { // unroll
    z[k] = 0.0;
  }
  for (var f = 0u; f < FEATURES4; f++) { // @point features
    let four = features(start, f);
    for (var d = 0u; d < 4u; d++) { // unroll
      for (var k = 0u; k < CLASSES; k++) { // unroll
        z[k] += four[d] * weights[(4u * f + d) * CLASSES4 + k / 4u][k % 4u];
      }
    }
  }

  var vector: array<vec4f, CLASSES4>;
  for (var c = 0u; c < CLASSES4; c++) { // unroll
    vector[c] = vec4f();
  }
  if (CAPTURE) {
    for (var k = 0u; k < CLASSES; k++) { // unroll
      vector[k / 4u][k % 4u] = z[k];
    }
    for (var c = 0u; c < CLASSES4; c++) { // unroll
      records[at + CLASSES4 + 1u + c] = vector[c];
    }
  }

  // The largest logit is subtracted before the exponential, so that logits of any finite size give finite
  // losses.
  var largest = z[0];
  for (var k = 0u; k < CLASSES; k++) { // unroll
    largest = max(largest, z[k]);
  }
  var sum = 0.0;
  @if(MIXED) var mean = 0.0; // Σ t·(z − largest)
  var labelLogit = largest;
  var tied = false; // whether an earlier class than the label's has the same, largest logit
  for (var k = 0u; k < CLASSES; k++) { // unroll
    labelLogit = select(labelLogit, z[k], label == k);
    tied = tied | ((z[k] >= largest) & (k < label));
    @if(MIXED) mean += targetOf(row, k, label == k) * (z[k] - largest);
    z[k] = exp(z[k] - largest);
    sum += z[k];
  }
  for (var k = 0u; k < CLASSES; k++) { // unroll
    vector[k / 4u][k % 4u] = weight * (z[k] / sum - targetOf(row, k, label == k));
  }
  for (var c = 0u; c < CLASSES4; c++) { // unroll
    records[at + c] = vector[c];
  }
  @if(MIXED) let loss = log(sum) - mean; // @point mixed-loss
  @else let loss = log(sum) - (labelLogit - largest);
  let hit = select(0.0, 1.0, (labelLogit >= largest) & !tied);
  records[at + CLASSES4] = vec4f(weight * loss, weight * hit, weight, 0.0);
}

// Updates one vector of W.
fn update(at: u32, feature: u32, step: Step, gradient: vec4f) {
  let penalised = feature < INTERCEPT;
  if (!penalised && !FIT_INTERCEPT) {
    return;
  }
  let rates = Rates(
    step.learningRate,
    step.gradientScale,
    step.penalty,
    step.correction1,
    step.correction2,
  );
  weights[at] = stepped(at, weights[at], gradient, penalised, rates);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(@builtin(local_invocation_index) thread: u32) {
  for (var n = 0u; n < run.steps; n++) {
    let step = entries[run.first + n]; // @point entry
    for (var i = thread; i < step.rows; i += WORKGROUP) {
      residual(i, order[step.first + i]);
    }
    storageBarrier(); // @point barrier

    for (var f = thread; f < FEATURES4; f += WORKGROUP) {
      var g: array<array<vec4f, CLASSES4>, 4>;
      for (var d = 0u; d < 4u; d++) { // unroll
        for (var c = 0u; c < CLASSES4; c++) { // unroll
          g[d][c] = vec4f();
        }
      }
      for (var i = 0u; i < step.rows; i++) {
        let four = features(order[step.first + i] * FEATURES4, f);
        for (var c = 0u; c < CLASSES4; c++) { // unroll
          let r = records[i * RECORD + c];
          for (var d = 0u; d < 4u; d++) { // unroll
            g[d][c] += four[d] * r; // @point product
          }
        }
      }
      for (var d = 0u; d < 4u; d++) { // unroll
        for (var c = 0u; c < CLASSES4; c++) { // unroll
          let at = (4u * f + d) * CLASSES4 + c;
          if (CAPTURE) {
            records[BATCH * RECORD + at] = g[d][c];
          }
          update(at, 4u * f + d, step, g[d][c]);
        }
      }
    }
    if (thread == WORKGROUP - 1u) {
      var total = vec4f();
      for (var i = 0u; i < step.rows; i++) {
        total += records[i * RECORD + CLASSES4];
      }
      ring[run.first + n] = total;
    }
    storageBarrier(); // @point step-barrier
  }
}
