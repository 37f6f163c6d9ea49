// Sums and maxima over the threads of a workgroup, of which LANES share a row. With SERIAL, threads have
// nothing in common: a thread takes THREAD_ROWS rows by itself. A software adapter then needs no workgroup
// memory and no barriers, either of which costs it more than a row of few classes.

const WORKGROUP = 64u; // threads
const LANES = 1u; // threads per row: a power of two
const THREAD_ROWS = 1u; // rows per thread, one after the other

const LOWEST: f32 = -3.4e38; // below any logit
const ROWS_A_GROUP = WORKGROUP / LANES;

var<workgroup> parts: array<vec4f, WORKGROUP>; // one per thread

// Returns the first of a thread's rows in the block.
fn firstRow(thread: u32, group: u32) -> u32 {
  return THREAD_ROWS * ((WORKGROUP * group + thread) / LANES);
}

// Waits until the lanes of a row have read what one of them is about to replace.
@if(SERIAL) fn waitForLanes() {
}
@else fn waitForLanes() {
  storageBarrier();
}

// Returns the largest of the values of a row's lanes.
@if(SERIAL) fn maxOfLanes(thread: u32, lane: u32, value: f32) -> f32 {
  return value;
}
@else fn maxOfLanes(thread: u32, lane: u32, value: f32) -> f32 {
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
@if(SERIAL) fn sumOfLanes(thread: u32, lane: u32, lanes: u32, value: vec4f) -> vec4f {
  return value;
}
@else fn sumOfLanes(thread: u32, lane: u32, lanes: u32, value: vec4f) -> vec4f {
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
