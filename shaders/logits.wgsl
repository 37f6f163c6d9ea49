// logits: Z = X·W + b for one block of rows.
//
// A thread owns a tile of 4 rows × (4·CHUNKS) classes and keeps it in registers. For every four features it
// loads 4 vectors of X and 4·CHUNKS vectors of W and makes 64·CHUNKS multiply-adds of them.

// Shape of the problem.
override FEATURES4: u32 = 1u; // features / 4, rounded up; X is padded with zeros
override CLASSES4: u32 = 1u; // classes / 4, rounded up to a multiple of CHUNKS; W and Z are padded with zeros
override CHUNKS: u32 = 1u; // 1, 2 or 3 vectors of four classes a thread
override BYTES: bool = false; // X holds bytes, read as value / 255
override GATHERED: bool = false; // row i of the block is row i of X; otherwise row order[block.first + i]
override SCALE: f32 = 1.0; // what a unit of X means

struct Block {
  first: u32, // where the block begins in order
  rows: u32, // rows in the block
  continues: u32, // 0 when the block is the first of its step
}

@group(0) @binding(0) var<uniform> block: Block;
@group(0) @binding(1) var<storage, read> order: array<u32>; // (rows of the epoch) row numbers
@group(0) @binding(2) var<storage, read> xFloats: array<vec4f>; // (rows, FEATURES4), the same buffer as xBytes
@group(0) @binding(3) var<storage, read> xBytes: array<u32>; // (rows, FEATURES4), four bytes a word
@group(0) @binding(4) var<storage, read> weights: array<vec4f>; // (4·FEATURES4 + 4, CLASSES4); row 4·FEATURES4 is the intercept
@group(0) @binding(5) var<storage, read_write> logits: array<vec4f>; // (rows of the block, CLASSES4)

fn features(at: u32) -> vec4f {
  if (BYTES) {
    return unpack4x8unorm(xBytes[at]);
  }
  return xFloats[at];
}

// Where the features of the block's row i begin in X. Rows past the end repeat the last one; they are not stored.
fn rowOf(i: u32) -> u32 {
  let row = min(i, block.rows - 1u);
  if (GATHERED) {
    return row * FEATURES4;
  }
  return order[block.first + row] * FEATURES4;
}

// Four features × four classes of W: column j belongs to feature 4f + j, so that (tile · x) adds up over features.
fn weightTile(f: u32, c: u32) -> mat4x4f {
  let at = 4u * f * CLASSES4 + c;
  return mat4x4f(weights[at], weights[at + CLASSES4], weights[at + 2u * CLASSES4], weights[at + 3u * CLASSES4]);
}

fn store(i: u32, c: u32, sum: vec4f, intercept: vec4f) {
  if (i < block.rows) {
    logits[i * CLASSES4 + c] = SCALE * sum + intercept;
  }
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = 4u * id.x; // the tile's first row in the block
  let c = CHUNKS * id.y; // the tile's first vector of classes
  if (i >= block.rows) {
    return;
  }
  let row0 = rowOf(i);
  let row1 = rowOf(i + 1u);
  let row2 = rowOf(i + 2u);
  let row3 = rowOf(i + 3u);

  // z{row}{vector of classes}
  var z00 = vec4f(); var z01 = vec4f(); var z02 = vec4f();
  var z10 = vec4f(); var z11 = vec4f(); var z12 = vec4f();
  var z20 = vec4f(); var z21 = vec4f(); var z22 = vec4f();
  var z30 = vec4f(); var z31 = vec4f(); var z32 = vec4f();

  for (var f = 0u; f < FEATURES4; f++) {
    let x0 = features(row0 + f);
    let x1 = features(row1 + f);
    let x2 = features(row2 + f);
    let x3 = features(row3 + f);
    let w0 = weightTile(f, c);
    z00 += w0 * x0; z10 += w0 * x1; z20 += w0 * x2; z30 += w0 * x3;
    if (CHUNKS > 1u) {
      let w1 = weightTile(f, c + 1u);
      z01 += w1 * x0; z11 += w1 * x1; z21 += w1 * x2; z31 += w1 * x3;
    }
    if (CHUNKS > 2u) {
      let w2 = weightTile(f, c + 2u);
      z02 += w2 * x0; z12 += w2 * x1; z22 += w2 * x2; z32 += w2 * x3;
    }
  }

  let intercepts = 4u * FEATURES4 * CLASSES4 + c;
  let b0 = weights[intercepts];
  store(i, c, z00, b0); store(i + 1u, c, z10, b0); store(i + 2u, c, z20, b0); store(i + 3u, c, z30, b0);
  if (CHUNKS > 1u) {
    let b1 = weights[intercepts + 1u];
    store(i, c + 1u, z01, b1); store(i + 1u, c + 1u, z11, b1); store(i + 2u, c + 1u, z21, b1); store(i + 3u, c + 1u, z31, b1);
  }
  if (CHUNKS > 2u) {
    let b2 = weights[intercepts + 2u];
    store(i, c + 2u, z02, b2); store(i + 1u, c + 2u, z12, b2); store(i + 2u, c + 2u, z22, b2); store(i + 3u, c + 2u, z32, b2);
  }
}
