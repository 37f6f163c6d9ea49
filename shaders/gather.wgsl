// gather: copies the rows of one block that lie in one shard of X to their places in the block.
//
// Only data larger than one binding are cut into shards. The block is the same, bit for bit, in any shards.
import package::lib::block::{block, order};

const WORDS = 1u; // 32-bit words per row

struct Shard {
  first: u32, // the shard's first row
  rows: u32, // rows in the shard
}

@group(0) @binding(2) var<uniform> shard: Shard;
@group(0) @binding(3) var<storage, read> x: array<u32>; // (rows of the shard, WORDS)
@group(0) @binding(4) var<storage, read_write> gathered: array<u32>; // (rows of the block, WORDS)

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y;
  if (i >= block.rows || id.x >= WORDS) {
    return;
  }
  let row = order[block.first + i] - shard.first; // wraps to a large number below the shard
  if (row < shard.rows) {
    gathered[i * WORDS + id.x] = x[row * WORDS + id.x];
  }
}
