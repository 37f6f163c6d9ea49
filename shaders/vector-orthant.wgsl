// vector-orthant: a step p from w that stays in w's orthant: w + p, and 0 where its sign would differ from
// that of w or, where w is 0, of −d, where d is the subgradient. The intercept's row is w + p.
//
// A thread owns one vector of four classes of one feature.
import package::lib::shape::{COUNT, INTERCEPT};
import package::lib::vector::{numberOf, vectors};

@group(0) @binding(1) var<storage, read_write> weights: array<vec4f>; // (COUNT)
@group(0) @binding(2) var<storage, read_write> direction: array<vec4f>; // (COUNT) p
@group(0) @binding(3) var<storage, read_write> subgradient: array<vec4f>; // (COUNT) d
@group(0) @binding(4) var<storage, read_write> to: array<vec4f>; // (COUNT)

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = numberOf(vectors.first, id, groups);
  if (at >= COUNT) { // @point count
    return;
  }
  let w = weights[at];
  let moved = w + direction[at];
  if (at >= INTERCEPT) { // @point intercept
    to[at] = moved;
    return;
  }
  let side = sign(select(-subgradient[at], w, w != vec4f())); // @point side
  to[at] = select(vec4f(), moved, moved * side > vec4f()); // @point same-side
}
