// steps: whole steps of a small problem, many in one dispatch: logits, residual, gradient and update.
//
// One workgroup does it all, so that a step costs a few barriers and not several dispatches. First each thread takes
// every WORKGROUP-th row: its logits and its residual. Then each takes every WORKGROUP-th vector of features: its
// rows of the gradient, over all rows of the batch in order, and of the weights. X has a column of ones, so the intercept is a feature like any other.

// The shape of the problem.
const FEATURES4 = 1u; // vectors of four features a row, the column of ones included
const CLASSES = 2u; // classes
const CLASSES4 = 1u; // vectors of four classes: CLASSES / 4, rounded up
const SCALE = 1.0; // what a unit of a byte means, times 255
const ONES = 0u; // where in the last vector of features the column of ones is
const KEPT = 1.0; // of a target t: 1 − ε, where smoothing makes (1 − ε)·t + ε / CLASSES of it
const SHARE = 0.0; // of each class in it: ε / CLASSES
const INTERCEPT = 0u; // the intercept's row of the weights; past it is only padding
const BATCH = 1u; // the most rows in a step
const FIT_INTERCEPT = true; // otherwise the intercept stays as it is
const WORKGROUP = 64u; // threads
const CAPTURE = false; // keep the logits, and the gradient

// The update rule.
const ADAM = false; // otherwise stochastic gradient descent with momentum
const MOMENTUM = 0.0; // share of the velocity that is kept
const NESTEROV = false; // step along g + MOMENTUM·velocity
const BETA1 = 0.9; // share of Adam's first moment that is kept
const BETA2 = 0.999; // share of its second moment that is kept; 1.0 − BETA2 is taken in f64, by the compiler
const EPSILON = 1e-7; // added to the root of the second moment
const WEIGHT_DECAY = 0.0; // AdamW's, a share of the weights for a learning rate of 1

struct Run {
  first: u32, // the first step of this dispatch
  steps: u32, // how many it takes
}

struct Step {
  first: u32, // where its rows begin in order
  rows: u32, // how many they are
  learningRate: f32,
  gradientScale: f32,
  penalty: f32,
  correction1: f32, // Adam's 1 − BETA1ᵗ at step t
  correction2: f32, // and 1 − BETA2ᵗ
  unused: u32,
}

@group(0) @binding(0) var<uniform> run: Run;
@group(0) @binding(1) var<storage, read> entries: array<Step>; // (steps of the submission)
@group(0) @binding(2) var<storage, read> order: array<u32>; // (rows of the epoch) row numbers
@group(0) @binding(3) var<storage, read> labels: array<u32>; // (rows) classes from 0; soft (rows, 1 + CLASSES) with the bits of the targets
@group(0) @binding(4) var<storage, read> rowWeights: array<f32>; // (rows)
@group(0) @binding(5) var<storage, read> x: array<vec4f>; // (rows, FEATURES4), floats, halves or bytes // when BYTES: @group(0) @binding(5) var<storage, read> x: array<u32>; // when HALVES: @group(0) @binding(5) var<storage, read> x: array<vec2u>;
@group(0) @binding(6) var<storage, read_write> weights: array<vec4f>; // (4·FEATURES4, CLASSES4)
@group(0) @binding(7) var<storage, read_write> moment1: array<vec4f>; // (4·FEATURES4, CLASSES4) velocity, or Adam's first moment
@group(0) @binding(8) var<storage, read_write> moment2: array<vec4f>; // (4·FEATURES4, CLASSES4) Adam's second moment
@group(0) @binding(9) var<storage, read_write> records: array<vec4f>; // (BATCH, 2·CLASSES4 + 1) residual, sums, captured logits; then the captured gradient
@group(0) @binding(10) var<storage, read_write> ring: array<vec4f>; // (steps of the submission) weighted loss, weighted hits, weight, 0

const RECORD = 2u * CLASSES4 + 1u;

// Four features of a row that begins at `start` in X.
fn features(start: u32, f: u32) -> vec4f {
  // when SCALED: let scale = select(vec4f(SCALE), select(vec4f(SCALE), vec4f(1.0), vec4u(0u, 1u, 2u, 3u) == vec4u(ONES)), f == FEATURES4 - 1u);
  return x[start + f]; // when SCALED: return scale * unpack4x8unorm(x[start + f]); // when BYTES: return unpack4x8unorm(x[start + f]); // when HALVES: return vec4f(unpack2x16float(x[start + f].x), unpack2x16float(x[start + f].y));
}

// How much a row is of class k: its label, whole or smoothed, or as it was given.
fn targetOf(row: u32, label: u32, k: u32) -> f32 {
  return select(SHARE, KEPT + SHARE, label == k); // when SOFT: return KEPT * bitcast<f32>(labels[row * (CLASSES + 1u) + 1u + k]) + SHARE;
}

fn residual(i: u32, row: u32) {
  let start = row * FEATURES4;
  let label = labels[row]; // when SOFT: let label = labels[row * (CLASSES + 1u)];
  let weight = rowWeights[row];
  let at = i * RECORD;

  var z: array<f32, CLASSES>;
  for (var k = 0u; k < CLASSES; k++) { // unrolled
    z[k] = 0.0;
  }
  for (var f = 0u; f < FEATURES4; f++) {
    let four = features(start, f);
    for (var d = 0u; d < 4u; d++) { // unrolled
      for (var k = 0u; k < CLASSES; k++) { // unrolled
        z[k] += four[d] * weights[(4u * f + d) * CLASSES4 + k / 4u][k % 4u];
      }
    }
  }

  var vector: array<vec4f, CLASSES4>;
  for (var c = 0u; c < CLASSES4; c++) { // unrolled
    vector[c] = vec4f();
  }
  if (CAPTURE) {
    for (var k = 0u; k < CLASSES; k++) { // unrolled
      vector[k / 4u][k % 4u] = z[k];
    }
    for (var c = 0u; c < CLASSES4; c++) { // unrolled
      records[at + CLASSES4 + 1u + c] = vector[c];
    }
  }

  // The largest logit is taken off before the exponential, so that logits of any finite size give finite losses.
  var top = z[0];
  for (var k = 0u; k < CLASSES; k++) { // unrolled
    top = max(top, z[k]);
  }
  var sum = 0.0;
  // when MIXED: var mean = 0.0; // Σ t·(z − top)
  var labelLogit = top;
  var beaten = false; // an earlier class has the same, largest logit
  for (var k = 0u; k < CLASSES; k++) { // unrolled
    labelLogit = select(labelLogit, z[k], label == k);
    beaten = beaten | ((z[k] >= top) & (k < label));
    // when MIXED: mean += targetOf(row, label, k) * (z[k] - top);
    z[k] = exp(z[k] - top);
    sum += z[k];
  }
  for (var k = 0u; k < CLASSES; k++) { // unrolled
    vector[k / 4u][k % 4u] = weight * (z[k] / sum - targetOf(row, label, k));
  }
  for (var c = 0u; c < CLASSES4; c++) { // unrolled
    records[at + c] = vector[c];
  }
  let loss = log(sum) - (labelLogit - top); // when MIXED: let loss = log(sum) - mean;
  let hit = select(0.0, 1.0, (labelLogit >= top) & !beaten);
  records[at + CLASSES4] = vec4f(weight * loss, weight * hit, weight, 0.0);
}

// One vector of W, as in update.wgsl.
fn update(at: u32, feature: u32, step: Step, gradient: vec4f) {
  let penalised = feature < INTERCEPT;
  if (!penalised && !FIT_INTERCEPT) {
    return;
  }
  var w = weights[at];
  var g = step.gradientScale * gradient;
  if (penalised) {
    g += step.penalty * w;
  }
  if (ADAM) {
    if (penalised) {
      w -= step.learningRate * WEIGHT_DECAY * w;
    }
    let m = BETA1 * moment1[at] + (1.0 - BETA1) * g;
    let v = BETA2 * moment2[at] + (1.0 - BETA2) * g * g;
    moment1[at] = m;
    moment2[at] = v;
    w -= step.learningRate * (m / step.correction1) / (sqrt(v / step.correction2) + EPSILON);
  } else {
    var velocity = g;
    if (MOMENTUM != 0.0) {
      velocity += MOMENTUM * moment1[at];
      moment1[at] = velocity;
    }
    if (NESTEROV) {
      w -= step.learningRate * (g + MOMENTUM * velocity);
    } else {
      w -= step.learningRate * velocity;
    }
  }
  weights[at] = w;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(@builtin(local_invocation_index) thread: u32) {
  for (var n = 0u; n < run.steps; n++) {
    let step = entries[run.first + n];
    for (var i = thread; i < step.rows; i += WORKGROUP) {
      residual(i, order[step.first + i]);
    }
    storageBarrier();

    for (var f = thread; f < FEATURES4; f += WORKGROUP) {
      var g: array<array<vec4f, CLASSES4>, 4>;
      for (var d = 0u; d < 4u; d++) { // unrolled
        for (var c = 0u; c < CLASSES4; c++) { // unrolled
          g[d][c] = vec4f();
        }
      }
      for (var i = 0u; i < step.rows; i++) {
        let four = features(order[step.first + i] * FEATURES4, f);
        for (var c = 0u; c < CLASSES4; c++) { // unrolled
          let r = records[i * RECORD + c];
          for (var d = 0u; d < 4u; d++) { // unrolled
            g[d][c] += four[d] * r;
          }
        }
      }
      for (var d = 0u; d < 4u; d++) { // unrolled
        for (var c = 0u; c < CLASSES4; c++) { // unrolled
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
    storageBarrier();
  }
}
