// gradient-sum: adds the partial sums of a block and finishes the gradient of an objective, or a product of
// its Hessian with a vector.
//
// A thread owns one vector of four classes of one feature.
import package::lib::shape::COUNT;
import package::lib::total::{scales, totalOf};
import package::lib::vector::numberOf;

@group(0) @binding(5) var<storage, read_write> to: array<vec4f>; // (COUNT)

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = numberOf(scales.vector, id, groups);
  if (at >= COUNT) {
    return;
  }
  to[at] = totalOf(at);
}
