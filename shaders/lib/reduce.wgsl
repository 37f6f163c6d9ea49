// Sums and maxima over the threads of a workgroup, of which LANES share a row.

const WORKGROUP = 64u; // threads
const LANES = 1u; // threads per row: a power of two

const LOWEST: f32 = -3.4e38; // below any logit
const ROWS_A_GROUP = WORKGROUP / LANES;

var<workgroup> parts: array<vec4f, WORKGROUP>; // one per thread

// Returns the largest of the values of a row's lanes.
fn maxOfLanes(thread: u32, lane: u32, value: f32) -> f32 {
  parts[thread].x = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      parts[thread].x = max(parts[thread].x, parts[thread + half].x); // @point lane-maximum
    }
    workgroupBarrier();
  }
  let found = parts[thread - lane].x;
  workgroupBarrier();
  return found;
}

// Returns the sum of the values of `lanes` neighbouring threads, added in pairs.
fn sumOfLanes(thread: u32, lane: u32, lanes: u32, value: vec4f) -> vec4f {
  parts[thread] = value;
  workgroupBarrier(); // @point sum-barrier
  for (var half = lanes / 2u; half > 0u; half /= 2u) {
    if (lane < half) { // @point lane-sum
      parts[thread] += parts[thread + half];
    }
    workgroupBarrier();
  }
  let found = parts[thread - lane];
  workgroupBarrier();
  return found;
}
