// conjugate-hessian: adds the partial sums of a block and finishes H·d, the product of the Hessian with a
// direction of conjugate gradients, without its mean over the classes.
//
// LANES threads share a feature and each takes every LANES-th of its vectors of classes.
import package::lib::reduce::{LANES, WORKGROUP, sumOfLanes};
import package::lib::shape::{CLASSES, CLASSES4, COUNT};
import package::lib::total::{scales, totalOf};

@group(0) @binding(5) var<storage, read_write> to: array<vec4f>; // (4·FEATURES4, CLASSES4)

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let lane = thread % LANES;
  let feature = scales.vector + (WORKGROUP * (id.y * groups.x + id.x) + thread) / LANES;
  let begin = feature * CLASSES4;
  let inside = begin < COUNT; // @point inside
  var sum = vec4f();
  for (var c = lane; c < CLASSES4; c += LANES) {
    if (inside) {
      let total = totalOf(begin + c);
      to[begin + c] = total;
      sum += total;
    }
  }
  let mean = dot(sumOfLanes(thread, lane, LANES, sum), vec4f(1.0)) / f32(CLASSES); // @point mean
  for (var c = lane; c < CLASSES4; c += LANES) {
    if (inside) {
      // Padding stays 0.
      to[begin + c] -= select(vec4f(), vec4f(mean), 4u * c + vec4u(0u, 1u, 2u, 3u) < vec4u(CLASSES));
    }
  }
}
