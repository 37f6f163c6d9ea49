// vector-orthant: a step p from w that stays in w's orthant: w + p, and 0 where its sign would differ from
// that of w or, where w is 0, of −d, where d is the subgradient. Rows without l1, such as the intercept's,
// are w + p.
//
// A thread owns one vector of four classes of one feature.
import package::lib::shape::{CLASSES4, COUNT};
import package::lib::vector::{numberOf, vectors};

@group(0) @binding(1) var<storage, read_write> weights: array<vec4f>; // (COUNT)
@group(0) @binding(2) var<storage, read_write> direction: array<vec4f>; // (COUNT) p
@group(0) @binding(3) var<storage, read_write> subgradient: array<vec4f>; // (COUNT) d
@group(0) @binding(4) var<storage, read_write> to: array<vec4f>; // (COUNT)
@group(0) @binding(5) var<storage, read> l1: array<f32>; // (4·FEATURES4) one per feature, then zeros

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = numberOf(vectors.first, id, groups);
  if (at >= COUNT) { // @point count
    return;
  }
  let w = weights[at];
  let moved = w + direction[at];
  if (l1[at / CLASSES4] == 0.0) { // @point without-l1
    to[at] = moved;
    return;
  }
  let side = sign(select(-subgradient[at], w, w != vec4f())); // @point side
  to[at] = select(vec4f(), moved, moved * side > vec4f()); // @point same-side
}
