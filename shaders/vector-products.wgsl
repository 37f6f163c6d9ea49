// vector-products: of pairs of vectors a and b of W's shape, Σ aᵢ·bᵢ, Σ penaltyᵢ·aᵢ·bᵢ and the largest
// |aᵢ·bᵢ|, one partial result per workgroup, or with SERIAL per thread. The workgroups of one z take one
// pair. A thread takes VECTORS vectors of four, WORKGROUP apart, so that neighbouring threads read
// neighbouring vectors.
import package::lib::reduce::{WORKGROUP, parts};
import package::lib::shape::{CLASSES4, COUNT};

const VECTORS = 16u; // vectors per thread
@if(SERIAL) const SUMS_A_GROUP = WORKGROUP; // one per thread
@else const SUMS_A_GROUP = 1u;

struct Pairs {
  a: array<vec4u, 62>, // where the a of each pair begins in its buffer
  b: array<vec4u, 62>, // where the b of each pair begins
  vector: u32, // the first vector of this dispatch
  sum: u32, // where its sums begin
}

@group(0) @binding(0) var<uniform> pairs: Pairs;
@group(0) @binding(1) var<storage, read> a: array<vec4f>; // (vectors, COUNT)
@group(0) @binding(2) var<storage, read> b: array<vec4f>; // (vectors, COUNT)
@group(0) @binding(3) var<storage, read> penalties: array<f32>; // (4·FEATURES4) one per feature, then zeros
// (pairs, partial results of a pair), from pairs.sum on: sum, penalised sum, largest, 0
@group(0) @binding(4) var<storage, read_write> sums: array<vec4f>;

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let group = id.y * groups.x + id.x;
  let first = pairs.vector + group * VECTORS * WORKGROUP + thread;
  let firstA = pairs.a[id.z / 4u][id.z % 4u]; // @point a
  let firstB = pairs.b[id.z / 4u][id.z % 4u]; // @point b
  var sum = vec4f();
  var penalised = vec4f();
  var largest = vec4f();
  for (var v = 0u; v < VECTORS; v++) { // @point vectors
    let at = first + v * WORKGROUP;
    if (at < COUNT) { // @point count
      let product = a[firstA + at] * b[firstB + at];
      sum += product; // @point sum
      penalised += penalties[at / CLASSES4] * product; // @point penalties
      largest = max(largest, abs(product)); // @point largest
    }
  }
  let one = vec4f(1.0);
  let most = max(max(largest.x, largest.y), max(largest.z, largest.w));
  let found = vec4f(dot(sum, one), dot(penalised, one), most, 0.0);
  let before = pairs.sum + id.z * groups.x * groups.y * SUMS_A_GROUP; // @point place
  @if(SERIAL) sums[before + group * SUMS_A_GROUP + thread] = found; // @point product-sums
  @else {
    parts[thread] = found;
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
      sums[before + group] = parts[0];
    }
  }
}
