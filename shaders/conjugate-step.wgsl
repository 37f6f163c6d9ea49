// conjugate-step: a step of conjugate gradients: p += α·d, r −= α·H·d, z −= α·M·H·d, d ← z + β·d, where
// α = r·z / d·H·d, and β is r·M·r after the step divided by that before. Where the curvature along d is only
// rounding, nothing changes.
//
// Each workgroup adds the partial products by itself. A thread owns VECTORS vectors of four, WORKGROUP apart,
// so that neighbouring threads read neighbouring vectors.
import package::lib::reduce::{WORKGROUP, sumOfLanes};
import package::lib::shape::COUNT;

const VECTORS = 4u; // vectors per thread
const NOISE = 1e-6; // the largest d·H·d that is only rounding, as a part of ‖d‖·‖H·d‖

struct Place {
  parts: u32, // partial products
  sum: u32, // where the results of the step go
}

@group(0) @binding(0) var<uniform> place: Place;
// (parts, 2) d·Hd, d·d, Hd·Hd, r·z; r·MHd + z·Hd, Hd·MHd, g·d, 0
@group(0) @binding(1) var<storage, read> products: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> hd: array<vec4f>; // (COUNT) H·d
@if(MATRIX) @group(0) @binding(3) var<storage, read_write> mhd: array<vec4f>; // (COUNT)
@group(0) @binding(4) var<storage, read_write> direction: array<vec4f>; // (COUNT) d
@group(0) @binding(5) var<storage, read_write> residual: array<vec4f>; // (COUNT) r
@group(0) @binding(6) var<storage, read_write> z: array<vec4f>; // (COUNT) M·r
@group(0) @binding(7) var<storage, read_write> solution: array<vec4f>; // (COUNT) p
// (sums) at place.sum: r·z, r·z after, α, α·g·d
@group(0) @binding(8) var<storage, read_write> sums: array<vec4f>;

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  var first = vec4f();
  var second = vec4f();
  for (var n = thread; n < place.parts; n += WORKGROUP) { // @point parts
    first += products[2u * n];
    second += products[2u * n + 1u];
  }
  first = sumOfLanes(thread, thread, WORKGROUP, first);
  second = sumOfLanes(thread, thread, WORKGROUP, second);
  let curved = first.x > NOISE * sqrt(first.y) * sqrt(first.z); // @point curved
  let before = first.w;
  let alpha = select(0.0, before / first.x, curved); // @point alpha
  let after = before - alpha * (second.x - alpha * second.y); // @point after
  let group = id.y * groups.x + id.x;
  if (thread == 0u && group == 0u) {
    sums[place.sum] = vec4f(before, after, alpha, alpha * second.z); // @point slope
  }
  if (!curved) { // @point flat
    return;
  }
  let beta = max(after, 0.0) / before; // @point beta
  for (var v = 0u; v < VECTORS; v++) { // @point vectors
    let at = (group * VECTORS + v) * WORKGROUP + thread;
    if (at < COUNT) { // @point count
      let d = direction[at];
      let h = hd[at];
      @if(MATRIX) let m = mhd[at];
      @else let m = h;
      let next = z[at] - alpha * m; // @point z
      solution[at] += alpha * d; // @point p
      residual[at] -= alpha * h; // @point r
      z[at] = next;
      direction[at] = next + beta * d; // @point d
    }
  }
}
