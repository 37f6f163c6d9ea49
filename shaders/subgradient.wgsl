// subgradient: with a penalty l1·‖w‖₁ beside it, of an objective's gradient g the smallest subgradient of both: g + l1·sign(w),
// and where w is 0 what is left of g beyond ±l1. The intercept's row is not penalised.
//
// A thread owns one vector of four classes of one feature.

// The shape of the problem.
const COUNT = 1u; // vectors of four in each
const INTERCEPT = 0u; // where the intercept's row begins; past it is only padding

struct Penalty {
  vector: u32, // the first vector of this dispatch
  l1: f32,
}

@group(0) @binding(0) var<uniform> penalty: Penalty;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>; // (COUNT)
@group(0) @binding(2) var<storage, read> gradient: array<vec4f>; // (COUNT)
@group(0) @binding(3) var<storage, read_write> to: array<vec4f>; // (COUNT)

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = penalty.vector + id.y * groups.x * 64u + id.x;
  if (at >= COUNT) {
    return;
  }
  let g = gradient[at];
  if (at >= INTERCEPT) {
    to[at] = g;
    return;
  }
  let w = weights[at];
  let l1 = vec4f(penalty.l1);
  to[at] = select(g - clamp(g, -l1, l1), g + l1 * sign(w), w != vec4f());
}
