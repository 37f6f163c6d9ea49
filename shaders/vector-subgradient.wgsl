// vector-subgradient: the smallest subgradient of an objective plus the l1 penalties of its features, from
// the objective's gradient g: g + l1·sign(w), and where w is 0 the excess of g over ±l1. The l1 of the
// intercept is 0.
//
// A thread owns one vector of four classes of one feature.
import package::lib::shape::{CLASSES4, COUNT};
import package::lib::vector::{numberOf, vectors};

@group(0) @binding(1) var<storage, read_write> weights: array<vec4f>; // (COUNT)
@group(0) @binding(2) var<storage, read_write> gradient: array<vec4f>; // (COUNT)
@group(0) @binding(3) var<storage, read> l1: array<f32>; // (4·FEATURES4) one per feature, then zeros
@group(0) @binding(4) var<storage, read_write> to: array<vec4f>; // (COUNT)

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = numberOf(vectors.first, id, groups);
  if (at >= COUNT) { // @point count
    return;
  }
  let g = gradient[at];
  let w = weights[at];
  let most = vec4f(l1[at / CLASSES4]); // @point l1
  to[at] = select(g - clamp(g, -most, most), g + most * sign(w), w != vec4f()); // @point subgradient
}
