// gradient: G = Xᵀ·R for one block of rows and some tiles of classes, the sum of outer products x ⊗ (s − y), in
// partial sums.
//
// The rows of a block are cut into spans of SPAN rows and each span adds to a slot of its own, in order, so that no two
// threads add to the same number and the same rows always add up to the same bits. A thread owns VECTORS vectors of
// features × 4·TILE4 classes of one slot and keeps them in registers while it walks along the span. It makes the
// residuals of the powers as it loads them: R = factor · powers − weight · Y.
// when SUBGROUPS: enable subgroups;
// when SUBGROUPS: diagnostic(off, subgroup_uniformity);

// The shape of the problem.
const FEATURES4 = 1u; // vectors of four features a row, the column of ones included
const TILES = 1u; // tiles of TILE classes a row
const SCALE = 1.0; // what a unit of a byte means, times 255
const ONES = 0u; // where in the last vector of features the column of ones is

// The tile.
const WORKGROUP = 64u; // threads
const VECTORS = 1u; // vectors of features a thread
const TILE4 = 1u; // vectors of four classes a thread
const TILE = 4u; // classes a thread: 4·TILE4
const SPAN4 = 16u; // fours of rows that add to one slot
const CAPTURE = false; // keep the residuals

struct Block {
  first: u32, // where the block begins in order
  rows: u32, // rows in the block
  continues: u32, // 0 when the block is the first of its step: slots begin at zero
  tile: u32, // the first tile of classes of this dispatch
}

@group(0) @binding(0) var<uniform> block: Block;
@group(0) @binding(1) var<storage, read> order: array<u32>; // (rows of the epoch) row numbers
@group(0) @binding(2) var<storage, read> labels: array<u32>; // (rows) classes from 0
@group(0) @binding(3) var<storage, read> rowWeights: array<f32>; // (rows)
@group(0) @binding(4) var<storage, read> x: array<vec4f>; // (rows, FEATURES4), floats, halves or bytes // when BYTES: @group(0) @binding(4) var<storage, read> x: array<u32>; // when HALVES: @group(0) @binding(4) var<storage, read> x: array<vec2u>;
@group(0) @binding(5) var<storage, read> powers: array<vec4f>; // (rows of the block, TILES·TILE4)
@group(0) @binding(6) var<storage, read> tiles: array<vec2f>; // (rows of the block, TILES) the factor
@group(0) @binding(7) var<storage, read_write> slots: array<vec4f>; // (slots, 4·FEATURES4, TILES·TILE4)
@group(0) @binding(8) var<storage, read_write> captured: array<vec4f>; // (rows of the block, TILES·TILE4) R, when it is captured

const CLASSES4 = TILES * TILE4;

// Four features of a row that begins at `start` in X.
fn features(start: u32, f: u32) -> vec4f {
  // when SCALED: let scale = select(vec4f(SCALE), select(vec4f(SCALE), vec4f(1.0), vec4u(0u, 1u, 2u, 3u) == vec4u(ONES)), f == FEATURES4 - 1u);
  return x[start + f]; // when SCALED: return scale * unpack4x8unorm(x[start + f]); // when BYTES: return unpack4x8unorm(x[start + f]); // when HALVES: return vec4f(unpack2x16float(x[start + f].x), unpack2x16float(x[start + f].y));
}

// Where the features of the block's row i begin in X. Rows past the end repeat the last one; their residuals are 0.
fn rowOf(i: u32) -> u32 {
  let row = min(i, block.rows - 1u);
  return order[block.first + row] * FEATURES4; // when GATHERED: return row * FEATURES4;
}

// Four residuals of the block's row i: those of the c-th vector of classes of a tile.
fn residuals(i: u32, tile: u32, c: u32) -> vec4f {
  let n = min(i, block.rows - 1u);
  let row = order[block.first + n];
  let classes = tile * TILE + 4u * c + vec4u(0u, 1u, 2u, 3u);
  let onehot = select(vec4f(), vec4f(rowWeights[row]), classes == vec4u(labels[row]));
  let r = tiles[n * TILES + tile].x * powers[n * CLASSES4 + tile * TILE4 + c] - onehot;
  return select(vec4f(), r, vec4<bool>(i < block.rows));
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  // when SUBGROUPS: @builtin(subgroup_invocation_id) invocation: u32,
) {
  // when SUBGROUPS: let lane = invocation & 3u;
  let column = VECTORS * id.x; // the thread's first vector of features
  let tile = block.tile + id.y;
  let slot = id.z;
  if (VECTORS * (id.x & ~3u) >= FEATURES4) { // by fours, which share what they load
    return;
  }

  var g: array<array<array<f32, TILE>, 4>, VECTORS>;
  for (var v = 0u; v < VECTORS; v++) { // unrolled
    for (var d = 0u; d < 4u; d++) { // unrolled
      for (var k = 0u; k < TILE; k++) { // unrolled
        g[v][d][k] = 0.0;
      }
    }
  }
  for (var n = 0u; n < SPAN4; n++) {
    let i = 4u * (SPAN4 * slot + n);
    if (i >= block.rows) {
      break;
    }
    // Of every four lanes each makes the residuals of one row, and all four use them.
    // when SUBGROUPS: var own: array<vec4f, TILE4>;
    for (var c = 0u; c < TILE4; c++) { // unrolled
      // when SUBGROUPS: own[c] = residuals(i + lane, tile, c);
    }
    for (var s = 0u; s < 4u; s++) { // unrolled
      let start = rowOf(i + s);
      var four: array<vec4f, VECTORS>;
      for (var v = 0u; v < VECTORS; v++) { // unrolled
        four[v] = features(start, min(column + v, FEATURES4 - 1u));
      }
      for (var c = 0u; c < TILE4; c++) { // unrolled
        let made = residuals(i + s, tile, c); // when SUBGROUPS: let made = own[c];
        if (CAPTURE) {
          if (id.x == s && i + s < block.rows) {
            captured[(i + s) * CLASSES4 + tile * TILE4 + c] = made;
          }
        }
        for (var j = 0u; j < 4u; j++) { // unrolled
          let r = made[j]; // when SUBGROUPS: let r = subgroupBroadcast(made[j], s);
          for (var v = 0u; v < VECTORS; v++) { // unrolled
            for (var d = 0u; d < 4u; d++) { // unrolled
              g[v][d][4u * c + j] += four[v][d] * r;
            }
          }
        }
      }
    }
  }

  for (var v = 0u; v < VECTORS; v++) { // unrolled
    if (column + v < FEATURES4) {
      for (var d = 0u; d < 4u; d++) { // unrolled
        for (var c = 0u; c < TILE4; c++) { // unrolled
          let at = ((slot * FEATURES4 + column + v) * 4u + d) * CLASSES4 + tile * TILE4 + c;
          var vector = vec4f();
          for (var j = 0u; j < 4u; j++) { // unrolled
            vector[j] = g[v][d][4u * c + j];
          }
          if (block.continues != 0u) {
            vector += slots[at];
          }
          slots[at] = vector;
        }
      }
    }
  }
}
