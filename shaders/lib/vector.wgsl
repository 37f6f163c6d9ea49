// Kernels over vectors of W's shape, (4·FEATURES4, CLASSES4) vectors of four classes. A thread owns one
// vector of four. A dispatch takes a range of them, in a grid of workgroups of 64 threads. The vectors are
// ranges of one buffer, which a dispatch may bind either as read or as read_write: all are read_write.

struct Vectors {
  first: u32, // the first vector of this dispatch
}

@group(0) @binding(0) var<uniform> vectors: Vectors;

// Returns the number of what a thread owns, where `first` is the number of the first in the dispatch.
fn numberOf(first: u32, id: vec3u, groups: vec3u) -> u32 {
  return first + id.y * groups.x * 64u + id.x;
}
