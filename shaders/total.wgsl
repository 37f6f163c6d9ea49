// total: adds the slots' partial sums up, in the order of the slots, and makes of them the gradient of an objective, or a
// product with its curvature: to ← scale·G + penalties·W. The penalty of the intercept is 0.
//
// A thread owns one vector of four classes of one feature.

// The shape of the problem.
const COUNT = 1u; // vectors in W: 4·FEATURES4 · CLASSES4
const CLASSES4 = 1u; // vectors of four classes a row
const INTERCEPT = 0u; // where the intercept's row begins; past it is only padding
const SLOTS = 1u; // partial sums of the gradient
const FIT_INTERCEPT = true; // otherwise the intercept's row is 0

struct Scales {
  vector: u32, // the first vector of this dispatch
  scale: f32,
}

@group(0) @binding(0) var<uniform> scales: Scales;
@group(0) @binding(1) var<storage, read> slots: array<vec4f>; // (SLOTS, COUNT)
@group(0) @binding(2) var<storage, read> weights: array<vec4f>; // (COUNT)
@group(0) @binding(3) var<storage, read> penalties: array<f32>; // (4·FEATURES4) each feature's, and zeros
@group(0) @binding(4) var<storage, read_write> to: array<vec4f>; // (COUNT)

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = scales.vector + id.y * groups.x * 64u + id.x;
  if (at >= COUNT) {
    return;
  }
  var gradient = vec4f();
  for (var slot = 0u; slot < SLOTS; slot++) {
    gradient += slots[slot * COUNT + at];
  }
  gradient *= scales.scale;
  if (!FIT_INTERCEPT && at >= INTERCEPT) {
    gradient = vec4f();
  }
  to[at] = gradient + penalties[at / CLASSES4] * weights[at];
}
