// update: adds the slots' partial sums up, in the order of the slots, and takes one step of the weights along
// g = gradientScale·G + penalty·W, by the update rule.
//
// A thread owns one vector of W. The one after the last owns the sums of losses and hits, which go to the step's place
// in a ring that the host reads later. The intercept's row is neither penalised nor decayed.

// The shape of the problem.
const COUNT = 1u; // vectors in W: 4·FEATURES4 · CLASSES4
const INTERCEPT = 0u; // where the intercept's row begins; past it is only padding
const SLOTS = 1u; // partial sums of the gradient
const SUMS = 1u; // partial sums of losses and hits
const FIT_INTERCEPT = true; // otherwise the intercept stays as it is
const CAPTURE = false; // keep G, in the first slot

// The update rule.
const ADAM = false; // otherwise stochastic gradient descent with momentum
const MOMENTUM = 0.0; // share of the velocity that is kept
const NESTEROV = false; // step along g + MOMENTUM·velocity
const BETA1 = 0.9; // share of Adam's first moment that is kept
const BETA2 = 0.999; // share of its second moment that is kept; 1.0 − BETA2 is taken in f64, by the compiler
const EPSILON = 1e-7; // added to the root of the second moment
const WEIGHT_DECAY = 0.0; // AdamW's, a share of the weights for a learning rate of 1

struct Step {
  ring: u32, // the step's place in the ring
  vector: u32, // the first vector of this dispatch
  learningRate: f32,
  gradientScale: f32,
  penalty: f32,
  correction1: f32, // Adam's 1 − BETA1ᵗ at step t
  correction2: f32, // and 1 − BETA2ᵗ
}

@group(0) @binding(0) var<uniform> current: Step;
@group(0) @binding(1) var<storage, read_write> slots: array<vec4f>; // (SLOTS, COUNT)
@group(0) @binding(2) var<storage, read> sums: array<vec4f>; // (SUMS) weighted loss, weighted hits, weight, 0
@group(0) @binding(3) var<storage, read_write> weights: array<vec4f>; // (COUNT)
@group(0) @binding(4) var<storage, read_write> moment1: array<vec4f>; // (COUNT) velocity, or Adam's first moment
@group(0) @binding(5) var<storage, read_write> moment2: array<vec4f>; // (COUNT) Adam's second moment
@group(0) @binding(6) var<storage, read_write> ring: array<vec4f>; // (steps in flight) sums

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = current.vector + id.y * groups.x * 64u + id.x;
  if (at == COUNT) {
    var total = vec4f();
    for (var n = 0u; n < SUMS; n++) {
      total += sums[n];
    }
    ring[current.ring] = total;
  }
  if (at >= COUNT) {
    return;
  }

  var gradient = vec4f();
  for (var slot = 0u; slot < SLOTS; slot++) {
    gradient += slots[slot * COUNT + at];
  }
  if (CAPTURE) {
    slots[at] = gradient;
  }
  let penalised = at < INTERCEPT;
  if (!penalised && !FIT_INTERCEPT) {
    return;
  }

  var w = weights[at];
  var g = current.gradientScale * gradient;
  if (penalised) {
    g += current.penalty * w;
  }
  if (ADAM) {
    if (penalised) {
      w -= current.learningRate * WEIGHT_DECAY * w;
    }
    let m = BETA1 * moment1[at] + (1.0 - BETA1) * g;
    let v = BETA2 * moment2[at] + (1.0 - BETA2) * g * g;
    moment1[at] = m;
    moment2[at] = v;
    w -= current.learningRate * (m / current.correction1) / (sqrt(v / current.correction2) + EPSILON);
  } else {
    var velocity = g;
    if (MOMENTUM != 0.0) {
      velocity += MOMENTUM * moment1[at];
      moment1[at] = velocity;
    }
    if (NESTEROV) {
      w -= current.learningRate * (g + MOMENTUM * velocity);
    } else {
      w -= current.learningRate * velocity;
    }
  }
  weights[at] = w;
}
