// The product of a symmetric matrix M with a vector of W's shape: four rows of four classes of it. LANES
// threads share them, and each takes every LANES-th vector of columns, so that neighbouring threads read
// neighbouring words of M; then their sums are added. A kernel that multiplies is specialised with MATRIX.
import package::lib::reduce::{LANES, sumOfLanes};
import package::lib::shape::{CLASSES4, FEATURES4};

@if(MATRIX) @group(0) @binding(1) var<storage, read> matrix: array<vec4f>; // (4·FEATURES4, FEATURES4) M
@group(0) @binding(2) var<storage, read_write> factor: array<vec4f>; // (4·FEATURES4, CLASSES4)

// Returns rows 4·four to 4·four + 3 of the product, of vector c of the classes.
@if(MATRIX) fn multiplied(thread: u32, four: u32, c: u32) -> array<vec4f, 4> {
  let lane = thread % LANES;
  var sum: array<vec4f, 4>;
  for (var k = 0u; k < 4u; k++) { // unroll
    sum[k] = vec4f();
  }
  let row = min(four, FEATURES4 - 1u);
  for (var f = lane; f < FEATURES4; f += LANES) { // @point columns
    var one: array<vec4f, 4>;
    for (var d = 0u; d < 4u; d++) { // unroll
      one[d] = factor[(4u * f + d) * CLASSES4 + c];
    }
    for (var k = 0u; k < 4u; k++) { // unroll
      let columns = matrix[(4u * row + k) * FEATURES4 + f]; // @point matrix-rows
      for (var d = 0u; d < 4u; d++) { // unroll
        sum[k] += columns[d] * one[d]; // @point multiplied
      }
    }
  }
  if (LANES > 1u) {
    for (var k = 0u; k < 4u; k++) { // unroll
      sum[k] = sumOfLanes(thread, lane, LANES, sum[k]); // @point lanes-sum
    }
  }
  return sum;
}
