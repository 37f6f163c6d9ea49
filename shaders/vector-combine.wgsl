// vector-combine: to ← own·to + Σ factor·vector, of vectors in one buffer. `to` is in the same buffer or in
// another. A vector whose factor is 0 is not read: it need not be finite.
//
// A thread owns one vector of four classes of one feature.
import package::lib::shape::COUNT;
import package::lib::vector::numberOf;

struct Terms {
  first: array<vec4u, 62>, // where each vector begins in `vectors`
  to: u32, // where `to` begins in its buffer
  count: u32, // terms
  within: u32, // 1 where `to` is in `vectors`, 0 where it is in `other`
  vector: u32, // the first vector of this dispatch
  factors: array<vec4f, 62>,
  own: f32, // the factor of `to` itself
}

@group(0) @binding(0) var<uniform> terms: Terms;
@group(0) @binding(1) var<storage, read_write> vectors: array<vec4f>; // (vectors, COUNT)
@group(0) @binding(2) var<storage, read_write> other: array<vec4f>; // (vectors, COUNT)

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = numberOf(terms.vector, id, groups);
  if (at >= COUNT) {
    return;
  }
  let within = terms.within != 0u; // @point within
  var sum = vec4f();
  if (terms.own != 0.0) { // @point own
    if (within) {
      sum = terms.own * vectors[terms.to + at];
    } else {
      sum = terms.own * other[terms.to + at]; // @point own-other
    }
  }
  for (var n = 0u; n < terms.count; n++) { // @point terms
    let factor = terms.factors[n / 4u][n % 4u]; // @point factor
    if (factor != 0.0) { // @point absent
      sum += factor * vectors[terms.first[n / 4u][n % 4u] + at]; // @point term
    }
  }
  if (within) {
    vectors[terms.to + at] = sum; // @point to
  } else {
    other[terms.to + at] = sum; // @point to-other
  }
}
