// The partial sums of an objective's passes over rows: one of each workgroup, or with SERIAL of each thread.
import package::lib::block::part;
import package::lib::reduce::{WORKGROUP, sumOfLanes};

@group(0) @binding(7) var<storage, read_write> sums: array<vec4f>; // (sums, from part.sum on)

// Stores the sum of a thread's rows, or adds it to those of its workgroup.
fn storeSum(thread: u32, group: u32, sum: vec4f) {
  @if(SERIAL) sums[part.sum + WORKGROUP * group + thread] = sum; // @point thread-sums
  @else {
    let groupSum = sumOfLanes(thread, thread, WORKGROUP, sum);
    if (thread == 0u) {
      sums[part.sum + group] = groupSum; // @point sums
    }
  }
}
