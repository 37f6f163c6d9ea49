// vector-multiply: to ← M·W, where M is symmetric.
//
// LANES threads own four rows of one vector of four classes.
import package::lib::multiply::multiplied;
import package::lib::reduce::{LANES, WORKGROUP};
import package::lib::shape::{CLASSES4, FEATURES4};
import package::lib::vector::vectors;

@group(0) @binding(3) var<storage, read_write> to: array<vec4f>; // (4·FEATURES4, CLASSES4)

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let at = vectors.first + (WORKGROUP * (group.y * groups.x + group.x) + thread) / LANES;
  let four = at / CLASSES4;
  let c = at % CLASSES4;
  let product = multiplied(thread, four, c);
  if (thread % LANES == 0u && at < FEATURES4 * CLASSES4) { // @point inside
    for (var k = 0u; k < 4u; k++) { // unroll
      to[(4u * four + k) * CLASSES4 + c] = product[k]; // @point product
    }
  }
}
