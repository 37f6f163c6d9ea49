// gradient: G = Xᵀ·R, the sum of outer products x ⊗ (s − y), in partial sums.
//
// The rows of a block are cut into spans of SPAN rows and each span adds to a slot of its own, in order, so that no
// two threads add to the same number and the same rows always add up to the same bits. A thread owns four
// features × (4·CHUNKS) classes of one slot and keeps them in registers while it walks along the span.
// One more column of threads stands for the constant feature 1: it adds up R itself, and the rows' losses and hits.

// Shape of the problem.
override FEATURES4: u32 = 1u; // features / 4, rounded up; X is padded with zeros
override CLASSES4: u32 = 1u; // vectors of four classes a row, a multiple of CHUNKS
override CHUNKS: u32 = 1u; // 1, 2 or 3 vectors of four classes a thread
override SPAN: u32 = 64u; // rows of a block that add to one slot
override BYTES: bool = false; // X holds bytes, read as value / 255
override GATHERED: bool = false; // row i of the block is row i of X; otherwise row order[block.first + i]

struct Block {
  first: u32, // where the block begins in order
  rows: u32, // rows in the block
  continues: u32, // 0 when the block is the first of its step: slots begin at zero
}

@group(0) @binding(0) var<uniform> block: Block;
@group(0) @binding(1) var<storage, read> order: array<u32>; // (rows of the epoch) row numbers
@group(0) @binding(2) var<storage, read> xFloats: array<vec4f>; // (rows, FEATURES4), the same buffer as xBytes
@group(0) @binding(3) var<storage, read> xBytes: array<u32>; // (rows, FEATURES4), four bytes a word
@group(0) @binding(4) var<storage, read> residual: array<vec4f>; // (rows of the block, CLASSES4)
@group(0) @binding(5) var<storage, read> rowSums: array<vec4f>; // (rows of the block) weighted loss, weighted hit, weight, 0
@group(0) @binding(6) var<storage, read_write> slots: array<vec4f>; // (slots, 4·FEATURES4 + 4, CLASSES4)
@group(0) @binding(7) var<storage, read_write> slotSums: array<vec4f>; // (slots) sums of rowSums

fn features(at: u32) -> vec4f {
  if (BYTES) {
    return unpack4x8unorm(xBytes[at]);
  }
  return xFloats[at];
}

// Where the features of the block's row i begin in X.
fn rowOf(i: u32) -> u32 {
  if (GATHERED) {
    return i * FEATURES4;
  }
  return order[block.first + i] * FEATURES4;
}

fn add(at: u32, sum: vec4f) {
  if (block.continues != 0u) {
    slots[at] += sum;
  } else {
    slots[at] = sum;
  }
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let f = id.x; // the thread's vector of four features; FEATURES4 is the constant feature
  let c = CHUNKS * id.y; // its first vector of classes
  let slot = id.z;
  if (f > FEATURES4) {
    return;
  }
  let first = min(SPAN * slot, block.rows);
  let rows = min(SPAN, block.rows - first);
  let at = (slot * (4u * FEATURES4 + 4u) + 4u * f) * CLASSES4 + c;

  if (f == FEATURES4) {
    var ones0 = vec4f();
    var ones1 = vec4f();
    var ones2 = vec4f();
    var sums = vec4f();
    for (var n = 0u; n < SPAN; n++) {
      if (n >= rows) {
        break;
      }
      let i = first + n;
      ones0 += residual[i * CLASSES4 + c];
      if (CHUNKS > 1u) { ones1 += residual[i * CLASSES4 + c + 1u]; }
      if (CHUNKS > 2u) { ones2 += residual[i * CLASSES4 + c + 2u]; }
      sums += rowSums[i];
    }
    add(at, ones0);
    if (CHUNKS > 1u) { add(at + 1u, ones1); }
    if (CHUNKS > 2u) { add(at + 2u, ones2); }
    if (c == 0u) {
      if (block.continues != 0u) {
        slotSums[slot] += sums;
      } else {
        slotSums[slot] = sums;
      }
    }
    return;
  }

  // g{feature}{vector of classes}
  var g00 = vec4f(); var g01 = vec4f(); var g02 = vec4f();
  var g10 = vec4f(); var g11 = vec4f(); var g12 = vec4f();
  var g20 = vec4f(); var g21 = vec4f(); var g22 = vec4f();
  var g30 = vec4f(); var g31 = vec4f(); var g32 = vec4f();

  for (var n = 0u; n < SPAN; n++) {
    if (n >= rows) {
      break;
    }
    let i = first + n;
    let x = features(rowOf(i) + f);
    let r0 = residual[i * CLASSES4 + c];
    g00 += x.x * r0; g10 += x.y * r0; g20 += x.z * r0; g30 += x.w * r0;
    if (CHUNKS > 1u) {
      let r1 = residual[i * CLASSES4 + c + 1u];
      g01 += x.x * r1; g11 += x.y * r1; g21 += x.z * r1; g31 += x.w * r1;
    }
    if (CHUNKS > 2u) {
      let r2 = residual[i * CLASSES4 + c + 2u];
      g02 += x.x * r2; g12 += x.y * r2; g22 += x.z * r2; g32 += x.w * r2;
    }
  }

  add(at, g00);
  add(at + CLASSES4, g10);
  add(at + 2u * CLASSES4, g20);
  add(at + 3u * CLASSES4, g30);
  if (CHUNKS > 1u) {
    add(at + 1u, g01);
    add(at + CLASSES4 + 1u, g11);
    add(at + 2u * CLASSES4 + 1u, g21);
    add(at + 3u * CLASSES4 + 1u, g31);
  }
  if (CHUNKS > 2u) {
    add(at + 2u, g02);
    add(at + CLASSES4 + 2u, g12);
    add(at + 2u * CLASSES4 + 2u, g22);
    add(at + 3u * CLASSES4 + 2u, g32);
  }
}
