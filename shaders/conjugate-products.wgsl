// conjugate-products: M·H·d of a step of conjugate gradients, where the preconditioner M is symmetric, and
// the products that tell the length of the step and r·M·r after it. Without MATRIX, M is the identity.
//
// LANES threads own four rows of one vector of four classes. A workgroup adds the products of its threads.
import package::lib::multiply::{factor, multiplied};
import package::lib::reduce::{LANES, WORKGROUP, sumOfLanes};
import package::lib::shape::{CLASSES4, FEATURES4};
import package::lib::vector::vectors;

// (4·FEATURES4, CLASSES4) M·H·d
@if(MATRIX) @group(0) @binding(3) var<storage, read_write> mhd: array<vec4f>;
// (4·FEATURES4, CLASSES4) d, of which H·d is `factor`
@group(0) @binding(4) var<storage, read_write> direction: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> residual: array<vec4f>; // (4·FEATURES4, CLASSES4) r
@group(0) @binding(6) var<storage, read_write> z: array<vec4f>; // (4·FEATURES4, CLASSES4) M·r
@group(0) @binding(7) var<storage, read_write> gradient: array<vec4f>; // (4·FEATURES4, CLASSES4) g
// (workgroups, 2) d·Hd, d·d, Hd·Hd, r·z; r·MHd + z·Hd, Hd·MHd, g·d, 0
@group(0) @binding(8) var<storage, read_write> products: array<vec4f>;

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let group = id.y * groups.x + id.x;
  let at = vectors.first + (WORKGROUP * group + thread) / LANES;
  let four = at / CLASSES4;
  let c = at % CLASSES4;
  @if(MATRIX) let product = multiplied(thread, four, c);
  var first = vec4f();
  var second = vec4f();
  if (thread % LANES == 0u && at < FEATURES4 * CLASSES4) { // @point inside
    for (var k = 0u; k < 4u; k++) { // unroll
      let own = (4u * four + k) * CLASSES4 + c;
      let h = factor[own];
      let d = direction[own];
      let r = residual[own];
      @if(MATRIX) let m = product[k];
      @else let m = h;
      @if(MATRIX) mhd[own] = m;
      first += vec4f(dot(d, h), dot(d, d), dot(h, h), dot(r, z[own])); // @point first
      second += vec4f(dot(r, m) + dot(z[own], h), dot(h, m), dot(gradient[own], d), 0.0); // @point second
    }
  }
  let firstSum = sumOfLanes(thread, thread, WORKGROUP, first);
  let secondSum = sumOfLanes(thread, thread, WORKGROUP, second);
  if (thread == 0u) {
    products[2u * group] = firstSum; // @point place
    products[2u * group + 1u] = secondSum;
  }
}
