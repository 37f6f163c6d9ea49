// gradient-sum: adds the partial sums of a block and finishes the gradient of an objective, or a product of
// its Hessian with a vector W: to ← scale·G + penalties ⊙ W. The penalty of the intercept is 0.
//
// A thread owns one vector of four classes of one feature.
import package::lib::shape::{CLASSES4, COUNT, FIT_INTERCEPT, INTERCEPT};
import package::lib::tree::treeSum;
import package::lib::vector::numberOf;

struct Scales {
  vector: u32, // the first vector of this dispatch
  scale: f32,
}

@group(0) @binding(0) var<uniform> scales: Scales;
@group(0) @binding(3) var<storage, read_write> weights: array<vec4f>; // (COUNT)
@group(0) @binding(4) var<storage, read> penalties: array<f32>; // (4·FEATURES4) one per feature, then zeros
@group(0) @binding(5) var<storage, read_write> to: array<vec4f>; // (COUNT)

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = numberOf(scales.vector, id, groups);
  if (at >= COUNT) {
    return;
  }
  var gradient = treeSum(at) * scales.scale; // @point scale
  if (!FIT_INTERCEPT && at >= INTERCEPT) { // @point no-intercept
    gradient = vec4f();
  }
  to[at] = gradient + penalties[at / CLASSES4] * weights[at]; // @point penalties
}
