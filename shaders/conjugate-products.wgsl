// conjugate-products: M·H·d of a step of conjugate gradients, where the preconditioner M is symmetric, and
// the products that tell the length of the step and r·M·r after it. Without PRECONDITIONED, M is the
// identity.
//
// A thread owns four rows of one vector of four classes. A workgroup adds the products of its threads.
import package::lib::reduce::{WORKGROUP, sumOfLanes};
import package::lib::shape::{CLASSES4, FEATURES4};
import package::lib::vector::{numberOf, vectors};

// (4·FEATURES4, FEATURES4) M
@if(PRECONDITIONED) @group(0) @binding(1) var<storage, read> matrix: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> hd: array<vec4f>; // (4·FEATURES4, CLASSES4) H·d
@if(PRECONDITIONED) @group(0) @binding(3) var<storage, read_write> mhd: array<vec4f>; // likewise
@group(0) @binding(4) var<storage, read_write> direction: array<vec4f>; // d
@group(0) @binding(5) var<storage, read_write> residual: array<vec4f>; // r
@group(0) @binding(6) var<storage, read_write> z: array<vec4f>; // M·r
@group(0) @binding(7) var<storage, read_write> gradient: array<vec4f>; // g
// (workgroups, 2) d·Hd, d·d, Hd·Hd, r·z; r·MHd + z·Hd, Hd·MHd, g·d, 0
@group(0) @binding(8) var<storage, read_write> products: array<vec4f>;

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let at = numberOf(vectors.first, id, groups);
  let inside = at < FEATURES4 * CLASSES4; // @point inside
  let four = at / CLASSES4;
  let c = at % CLASSES4;
  @if(PRECONDITIONED) var multiplied: array<vec4f, 4>;
  @if(PRECONDITIONED) for (var k = 0u; k < 4u; k++) { // unroll
    multiplied[k] = vec4f();
  }
  @if(PRECONDITIONED) if (inside) {
    for (var column = 0u; column < 4u * FEATURES4; column++) { // @point columns
      let one = hd[column * CLASSES4 + c];
      let rows = matrix[column * FEATURES4 + four];
      for (var k = 0u; k < 4u; k++) { // unroll
        multiplied[k] += rows[k] * one; // @point sum
      }
    }
  }
  var first = vec4f();
  var second = vec4f();
  if (inside) {
    for (var k = 0u; k < 4u; k++) { // unroll
      let own = (4u * four + k) * CLASSES4 + c;
      let h = hd[own];
      let d = direction[own];
      let r = residual[own];
      @if(PRECONDITIONED) let m = multiplied[k];
      @else let m = h;
      @if(PRECONDITIONED) mhd[own] = m;
      first += vec4f(dot(d, h), dot(d, d), dot(h, h), dot(r, z[own])); // @point first
      second += vec4f(dot(r, m) + dot(z[own], h), dot(h, m), dot(gradient[own], d), 0.0); // @point second
    }
  }
  let n = 2u * (group.y * groups.x + group.x); // @point place
  let firstSum = sumOfLanes(thread, thread, WORKGROUP, first);
  let secondSum = sumOfLanes(thread, thread, WORKGROUP, second);
  if (thread == 0u) {
    products[n] = firstSum;
    products[n + 1u] = secondSum;
  }
}
