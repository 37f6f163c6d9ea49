// subgradient: the smallest subgradient of an objective and the l1 penalties of its features, from the objective's gradient g:
// g + l1·sign(w), and where w is 0 what is left of g beyond ±l1. The l1 of the intercept is 0.
//
// A thread owns one vector of four classes of one feature.

// The shape of the problem.
const COUNT = 1u; // vectors of four in each
const CLASSES4 = 1u; // vectors of four classes a row

struct Vectors {
  first: u32, // of this dispatch
}

@group(0) @binding(0) var<uniform> vectors: Vectors;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>; // (COUNT)
@group(0) @binding(2) var<storage, read> gradient: array<vec4f>; // (COUNT)
@group(0) @binding(3) var<storage, read> l1: array<f32>; // (4·FEATURES4) each feature's, and zeros
@group(0) @binding(4) var<storage, read_write> to: array<vec4f>; // (COUNT)

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = vectors.first + id.y * groups.x * 64u + id.x;
  if (at >= COUNT) {
    return;
  }
  let g = gradient[at];
  let w = weights[at];
  let most = vec4f(l1[at / CLASSES4]);
  to[at] = select(g - clamp(g, -most, most), g + most * sign(w), w != vec4f());
}
