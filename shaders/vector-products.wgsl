// vector-products: of two vectors a and b of W's shape, Σ aᵢ·bᵢ, Σ penaltyᵢ·aᵢ·bᵢ and the largest |aᵢ·bᵢ|,
// one partial result per workgroup. A thread takes VECTORS vectors of four, WORKGROUP apart, so that
// neighbouring threads read neighbouring vectors.
import package::lib::reduce::{WORKGROUP, parts};
import package::lib::shape::{CLASSES4, COUNT};

const VECTORS = 16u; // vectors per thread

struct Range {
  vector: u32, // the first vector of this dispatch
  sum: u32, // where its sums begin
}

@group(0) @binding(0) var<uniform> range: Range;
@group(0) @binding(1) var<storage, read> a: array<vec4f>; // (COUNT)
@group(0) @binding(2) var<storage, read> b: array<vec4f>; // (COUNT)
@group(0) @binding(3) var<storage, read> penalties: array<f32>; // (4·FEATURES4) one per feature, then zeros
// (workgroups, from range.sum on) sum, penalised sum, largest, 0
@group(0) @binding(4) var<storage, read_write> sums: array<vec4f>;

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let group = id.y * groups.x + id.x;
  let first = range.vector + group * VECTORS * WORKGROUP + thread;
  var sum = vec4f();
  var penalised = vec4f();
  var largest = vec4f();
  for (var v = 0u; v < VECTORS; v++) { // @point vectors
    let at = first + v * WORKGROUP;
    if (at < COUNT) {
      let product = a[at] * b[at];
      sum += product; // @point sum
      penalised += penalties[at / CLASSES4] * product; // @point penalties
      largest = max(largest, abs(product)); // @point largest
    }
  }
  let one = vec4f(1.0);
  let most = max(max(largest.x, largest.y), max(largest.z, largest.w));
  parts[thread] = vec4f(dot(sum, one), dot(penalised, one), most, 0.0);
  workgroupBarrier(); // @point barrier
  for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
    if (thread < half) {
      let mine = parts[thread];
      let other = parts[thread + half];
      parts[thread] = vec4f(mine.xy + other.xy, max(mine.z, other.z), 0.0); // @point parts
    }
    workgroupBarrier();
  }
  if (thread == 0u) {
    sums[range.sum + group] = parts[0];
  }
}
