// The update rule of first-order training.
import package::lib::shape::{CLASSES4, COUNT, FIT_INTERCEPT, INTERCEPT};

const ADAM = false; // otherwise stochastic gradient descent with momentum
const MOMENTUM = 0.0; // the share of the velocity that is kept
const NESTEROV = false; // steps along g + MOMENTUM·velocity
const BETA1 = 0.9; // the share of Adam's first moment that is kept
const BETA2 = 0.999; // the share of its second moment that is kept; the compiler computes 1.0 − BETA2 in f64
const EPSILON = 1e-7; // added to the square root of the second moment
const WEIGHT_DECAY = 0.0; // AdamW's: the share of the weights taken off per step, for a learning rate of 1

// (COUNT), and with FACTORS after them (FEATURES4) factors on the penalty of each feature
@if(UPDATE) @group(0) @binding(11) var<storage, read_write> weights: array<vec4f>;
// (COUNT) velocity, or Adam's first moment
@if(UPDATE) @group(0) @binding(12) var<storage, read_write> moment1: array<vec4f>;
// (COUNT) Adam's second moment
@if(UPDATE) @group(0) @binding(13) var<storage, read_write> moment2: array<vec4f>;

struct Rates {
  learningRate: f32,
  gradientScale: f32,
  penalty: f32,
  correction1: f32, // Adam's 1 − BETA1ᵗ at step t
  correction2: f32, // and 1 − BETA2ᵗ
}

// Takes one step of vector `at` of the weights, along the sum of its gradient.
@if(UPDATE) fn takeStep(at: u32, gradient: vec4f, rates: Rates) {
  let penalised = at < INTERCEPT;
  if (!penalised && !FIT_INTERCEPT) {
    return;
  }
  var own = rates;
  @if(FACTORS) let feature = at / CLASSES4;
  @if(FACTORS) own.penalty *= weights[COUNT + feature / 4u][feature % 4u]; // @point penalty-factor
  weights[at] = stepped(at, weights[at], gradient, penalised, own);
}

// Returns vector `at` of the weights after one step along g = gradientScale·G + penalty·W. The intercept is
// neither penalised nor decayed.
@if(UPDATE) fn stepped(at: u32, before: vec4f, gradient: vec4f, penalised: bool, rates: Rates) -> vec4f {
  var w = before;
  var g = rates.gradientScale * gradient; // @point gradient-scale
  if (penalised) { // @point penalised
    g += rates.penalty * w; // @point penalty
  }
  if (ADAM) {
    if (penalised) {
      w -= rates.learningRate * WEIGHT_DECAY * w;
    }
    let m = BETA1 * moment1[at] + (1.0 - BETA1) * g;
    let v = BETA2 * moment2[at] + (1.0 - BETA2) * g * g;
    moment1[at] = m;
    moment2[at] = v;
    w -=
      rates.learningRate * (m / rates.correction1) / (sqrt(v / rates.correction2) + EPSILON); // @point moment
  } else {
    var velocity = g;
    if (MOMENTUM != 0.0) {
      velocity += MOMENTUM * moment1[at];
      moment1[at] = velocity;
    }
    if (NESTEROV) {
      w -= rates.learningRate * (g + MOMENTUM * velocity);
    } else {
      w -= rates.learningRate * velocity;
    }
  }
  return w;
}
