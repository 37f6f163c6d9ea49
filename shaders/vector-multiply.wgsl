// vector-multiply: to ← M·W, where M is symmetric.
//
// A thread owns four rows of one vector of four classes. As M is symmetric, a column of those rows is one
// vector.
import package::lib::shape::{CLASSES4, FEATURES4};
import package::lib::vector::numberOf;

struct Fours {
  first: u32, // the first thread of this dispatch
}

@group(0) @binding(0) var<uniform> fours: Fours;
@group(0) @binding(1) var<storage, read> matrix: array<vec4f>; // (4·FEATURES4, FEATURES4) M
@group(0) @binding(2) var<storage, read_write> weights: array<vec4f>; // (4·FEATURES4, CLASSES4) W
@group(0) @binding(3) var<storage, read_write> to: array<vec4f>; // (4·FEATURES4, CLASSES4)

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = numberOf(fours.first, id, groups);
  if (at >= FEATURES4 * CLASSES4) {
    return;
  }
  let four = at / CLASSES4;
  let c = at % CLASSES4;
  var sum: array<vec4f, 4>;
  for (var k = 0u; k < 4u; k++) { // unroll
    sum[k] = vec4f();
  }
  for (var column = 0u; column < 4u * FEATURES4; column++) { // @point columns
    let w = weights[column * CLASSES4 + c];
    let rows = matrix[column * FEATURES4 + four];
    for (var k = 0u; k < 4u; k++) { // unroll
      sum[k] += rows[k] * w; // @point sum
    }
  }
  for (var k = 0u; k < 4u; k++) { // unroll
    to[(4u * four + k) * CLASSES4 + c] = sum[k];
  }
}
