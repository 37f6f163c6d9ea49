// vector-centre: subtracts from each feature's row of a vector of W's shape its mean over the classes.
//
// LANES threads share a feature and each takes every LANES-th of its vectors of classes.
import package::lib::reduce::{LANES, WORKGROUP, sumOfLanes};
import package::lib::shape::{CLASSES, CLASSES4};

struct Features {
  first: u32, // the first feature of this dispatch
  past: u32, // the first of the next
}

@group(0) @binding(0) var<uniform> features: Features;
// (4·FEATURES4, CLASSES4), padded with zeros
@group(0) @binding(1) var<storage, read_write> weights: array<vec4f>;

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
  let total = dot(sumOfLanes(thread, lane, LANES, sum), vec4f(1.0));
  let mean = total / f32(CLASSES); // @point mean
  for (var c = lane; c < CLASSES4; c += LANES) {
    if (feature < features.past) { // @point inside
      // Padding stays 0.
      weights[begin + c] -= select(vec4f(), vec4f(mean), 4u * c + vec4u(0u, 1u, 2u, 3u) < vec4u(CLASSES));
    }
  }
}
