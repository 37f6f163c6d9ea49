// vector-restrict: a vector restricted to the free weights of an l1 problem: the vector where w or the
// smallest subgradient is not 0, and 0 elsewhere. Rows without l1, such as the intercept's, are the vector's.
//
// A thread owns one vector of four classes of one feature.
import package::lib::shape::{CLASSES4, COUNT};
import package::lib::vector::{numberOf, vectors};

@group(0) @binding(1) var<storage, read_write> values: array<vec4f>; // (COUNT)
@group(0) @binding(2) var<storage, read_write> weights: array<vec4f>; // (COUNT)
@group(0) @binding(3) var<storage, read_write> subgradient: array<vec4f>; // (COUNT)
@group(0) @binding(4) var<storage, read_write> to: array<vec4f>; // (COUNT)
@group(0) @binding(5) var<storage, read> l1: array<f32>; // (4·FEATURES4) one per feature, then zeros

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = numberOf(vectors.first, id, groups);
  if (at >= COUNT) { // @point count
    return;
  }
  let value = values[at];
  if (l1[at / CLASSES4] == 0.0) { // @point without-l1
    to[at] = value;
    return;
  }
  let free = (weights[at] != vec4f()) | (subgradient[at] != vec4f()); // @point free
  to[at] = select(vec4f(), value, free);
}
