// block-sum: adds the sum of a block to the tree over the blocks of a pass. The last block's dispatch leaves
// the sum of all blocks in the first slot.
//
// A thread owns one vector of the gradient. With losses, the thread after the last owns their sums.
import package::lib::shape::COUNT;
import package::lib::tree::{slots, sums, treeSum};
import package::lib::vector::numberOf;

@if(LOSSES) const WIDTH = COUNT + 1u;
@else const WIDTH = COUNT;

struct Node {
  vector: u32, // the first vector of this dispatch
  block: u32, // the block's number, from 0
  last: u32, // 1 for the last block of the pass
}

@group(0) @binding(0) var<uniform> current: Node;
// (levels, WIDTH) sums of blocks that wait for their right neighbour
@group(0) @binding(3) var<storage, read_write> nodes: array<vec4f>;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = numberOf(current.vector, id, groups);
  if (at >= WIDTH) {
    return;
  }
  var sum = treeSum(at);
  var level = 0u;
  for (; ((current.block >> level) & 1u) == 1u; level++) { // @point merge-blocks
    sum = nodes[level * WIDTH + at] + sum;
  }
  if (current.last == 0u) { // @point last
    nodes[level * WIDTH + at] = sum;
    return;
  }
  for (level++; (current.block >> level) != 0u; level++) {
    if (((current.block >> level) & 1u) == 1u) { // @point rest-blocks
      sum = nodes[level * WIDTH + at] + sum;
    }
  }
  @if(LOSSES) if (at == COUNT) {
    sums[0] = sum;
    return;
  }
  slots[at] = sum;
}
