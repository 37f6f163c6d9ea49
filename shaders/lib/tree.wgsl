// The partial sums of a block, and their sum by the aligned binary tree of the plan of sums: node n of a
// level is the sum of nodes 2n and 2n + 1 of the level below, in this order, and a node without a right
// neighbour rises as it is.
import package::lib::shape::COUNT;

const SLOTS = 1u; // partial sums of the gradient
const SUMS = 1u; // partial sums of losses and hits
const LEVELS = 1u; // levels of a tree over either, the partial sums among them

@group(0) @binding(1) var<storage, read_write> slots: array<vec4f>; // (SLOTS, COUNT)
// (SUMS) weighted loss, weighted hits, weight, 0
@group(0) @binding(2) var<storage, read_write> sums: array<vec4f>;

// Returns partial sum n of vector `at` of the gradient, or of losses and hits where `at` is COUNT.
fn partialSum(at: u32, n: u32) -> vec4f {
  @if(LOSSES) if (at == COUNT) {
    return sums[n];
  }
  return slots[n * COUNT + at];
}

// Returns the sum of all.
fn treeSum(at: u32) -> vec4f {
  var count = SLOTS;
  @if(LOSSES) count = select(SLOTS, SUMS, at == COUNT);
  var waiting: array<vec4f, LEVELS>; // nodes that wait for their right neighbour, one per level at most
  var level = 0u;
  for (var n = 0u; n < count; n++) { // @point slots
    var node = partialSum(at, n);
    for (level = 0u; ((n >> level) & 1u) == 1u; level++) { // @point merge
      node = waiting[level] + node;
    }
    waiting[level] = node;
  }
  var sum = waiting[level];
  for (level++; level < LEVELS; level++) {
    if (((count >> level) & 1u) == 1u) { // @point rest
      sum = waiting[level] + sum;
    }
  }
  return sum;
}
