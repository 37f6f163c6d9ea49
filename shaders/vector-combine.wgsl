// vector-combine: to ← own·to + Σ factor·vector, of up to four vectors at a time. A vector whose factor is 0
// is not read: it need not be finite.
//
// A thread owns one vector of four classes of one feature.
import package::lib::shape::COUNT;
import package::lib::vector::numberOf;

struct Terms {
  vector: u32, // the first vector of this dispatch
  own: f32, // the factor of `to` itself
  factor1: f32,
  factor2: f32,
  factor3: f32,
  factor4: f32,
}

@group(0) @binding(0) var<uniform> terms: Terms;
@group(0) @binding(1) var<storage, read_write> to: array<vec4f>; // (COUNT)
@group(0) @binding(2) var<storage, read> term1: array<vec4f>; // (COUNT)
@group(0) @binding(3) var<storage, read> term2: array<vec4f>; // (COUNT)
@group(0) @binding(4) var<storage, read> term3: array<vec4f>; // (COUNT)
@group(0) @binding(5) var<storage, read> term4: array<vec4f>; // (COUNT)

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = numberOf(terms.vector, id, groups);
  if (at >= COUNT) {
    return;
  }
  var sum = vec4f();
  if (terms.own != 0.0) { // @point own
    sum = terms.own * to[at];
  }
  if (terms.factor1 != 0.0) {
    sum += terms.factor1 * term1[at]; // @point term1
  }
  if (terms.factor2 != 0.0) {
    sum += terms.factor2 * term2[at]; // @point term2
  }
  if (terms.factor3 != 0.0) {
    sum += terms.factor3 * term3[at]; // @point term3
  }
  if (terms.factor4 != 0.0) {
    sum += terms.factor4 * term4[at]; // @point term4
  }
  to[at] = sum;
}
