// The gradient of an objective, or a product of its Hessian with a vector W, from the partial sums of a
// block: scale·G + penalties ⊙ W. The penalty of the intercept is 0.
import package::lib::shape::{CLASSES4, FIT_INTERCEPT, INTERCEPT};
import package::lib::tree::treeSum;

struct Scales {
  vector: u32, // the first vector of this dispatch, of four classes or of all classes of a feature
  scale: f32,
}

@group(0) @binding(0) var<uniform> scales: Scales;
@group(0) @binding(3) var<storage, read_write> weights: array<vec4f>; // (COUNT)
@group(0) @binding(4) var<storage, read> penalties: array<f32>; // (4·FEATURES4) one per feature, then zeros

// Returns vector `at` of it.
fn totalOf(at: u32) -> vec4f {
  var gradient = treeSum(at) * scales.scale; // @point total-scale
  if (!FIT_INTERCEPT && at >= INTERCEPT) { // @point no-intercept
    gradient = vec4f();
  }
  return gradient + penalties[at / CLASSES4] * weights[at]; // @point total-penalties
}
