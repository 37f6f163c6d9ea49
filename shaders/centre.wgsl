// centre: takes the mean over the classes off every feature's weights, or off what else is laid out like them.
//
// LANES threads share a feature and each takes every LANES-th of its vectors of classes.

// The shape of the problem.
const CLASSES = 2u; // real classes; those past them are padding, and stay 0
const CLASSES4 = 1u; // vectors of four classes a feature

const WORKGROUP = 64u; // threads
const LANES = 1u; // threads a feature: a power of two

struct Features {
  first: u32, // of this dispatch
  past: u32, // the first of the next
}

@group(0) @binding(0) var<uniform> features: Features;
@group(0) @binding(1) var<storage, read_write> weights: array<vec4f>; // (4·FEATURES4, CLASSES4)

var<workgroup> parts: array<f32, WORKGROUP>; // one a thread

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let lane = thread % LANES;
  let feature = features.first + (WORKGROUP * (id.y * groups.x + id.x) + thread) / LANES;
  let begin = min(feature, features.past - 1u) * CLASSES4;
  var sum = vec4f();
  for (var c = lane; c < CLASSES4; c += LANES) {
    sum += weights[begin + c];
  }
  parts[thread] = dot(sum, vec4f(1.0));
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      parts[thread] += parts[thread + half];
    }
    workgroupBarrier();
  }
  let mean = parts[thread - lane] / f32(CLASSES);
  for (var c = lane; c < CLASSES4; c += LANES) {
    if (feature < features.past) {
      weights[begin + c] -= select(vec4f(), vec4f(mean), 4u * c + vec4u(0u, 1u, 2u, 3u) < vec4u(CLASSES));
    }
  }
}
