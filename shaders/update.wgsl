// update: one step of the weights along g = gradientScale·G + penalty·W, by the update rule.
//
// A thread owns one vector of W. The intercept's row is neither penalised nor decayed.

// Shape of the problem.
override COUNT: u32 = 1u; // vectors in W: (4·FEATURES4 + 4) · CLASSES4
override INTERCEPT: u32 = 0u; // where the intercept's row begins: 4·FEATURES4·CLASSES4
override FIT_INTERCEPT: bool = true; // otherwise the intercept stays as it is

// The update rule.
override ADAM: bool = false; // otherwise stochastic gradient descent with momentum
override MOMENTUM: f32 = 0.0; // share of the velocity that is kept
override NESTEROV: bool = false; // step along g + MOMENTUM·velocity
override BETA1: f32 = 0.9; // share of Adam's first moment that is kept
override BETA2: f32 = 0.999; // share of its second moment that is kept
override ONE_MINUS_BETA1: f32 = 0.1; // rounded once, where 1.0 − BETA2 would cancel
override ONE_MINUS_BETA2: f32 = 0.001; // likewise
override EPSILON: f32 = 1e-7; // added to the root of the second moment
override WEIGHT_DECAY: f32 = 0.0; // AdamW's, a share of the weights for a learning rate of 1

struct Step {
  ring: u32,
  learningRate: f32,
  gradientScale: f32,
  penalty: f32,
  correction1: f32, // 1 − BETA1ᵗ at step t
  correction2: f32, // 1 − BETA2ᵗ
}

@group(0) @binding(0) var<uniform> current: Step;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>; // (COUNT) the sum over the step's rows
@group(0) @binding(2) var<storage, read_write> weights: array<vec4f>; // (COUNT)
@group(0) @binding(3) var<storage, read_write> moment1: array<vec4f>; // (COUNT) velocity, or Adam's first moment
@group(0) @binding(4) var<storage, read_write> moment2: array<vec4f>; // (COUNT) Adam's second moment

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * 64u + id.x;
  if (at >= COUNT) {
    return;
  }
  let penalised = at < INTERCEPT;
  if (!penalised && !FIT_INTERCEPT) {
    return;
  }
  var w = weights[at];
  var g = current.gradientScale * gradient[at];
  if (penalised) {
    g += current.penalty * w;
  }
  if (ADAM) {
    if (penalised) {
      w -= current.learningRate * WEIGHT_DECAY * w;
    }
    let m = BETA1 * moment1[at] + ONE_MINUS_BETA1 * g;
    let v = BETA2 * moment2[at] + ONE_MINUS_BETA2 * g * g;
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
