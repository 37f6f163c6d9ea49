// gradient: G = Xᵀ·R for one block of rows and some tiles of classes, the sum of outer products x ⊗ (s − t), in
// partial sums.
//
// The rows of a block are cut into spans of SPAN rows and each span adds to a slot of its own, in order, so that no two
// threads add to the same number and the same rows always add up to the same bits. A thread owns VECTORS vectors of
// features × 4·TILE4 classes of one slot and keeps them in registers while it walks along the span. It makes the
// residuals of the powers as it loads them: R = factor · powers − weight · T, where T is the labels' one-hot, or softer.
//
// Threads load what they multiply themselves; or four lanes share residuals through their subgroup; or a workgroup of
// THREADS × THREADS threads shares, in its memory, slabs of THREADS rows of its features and of its residuals.
//
// An objective has made the residuals already, or what its curvature has in their place: RAW takes them as they are.
// when SUBGROUPS: enable subgroups;
// when SUBGROUPS: diagnostic(off, subgroup_uniformity);

// The shape of the problem.
const FEATURES4 = 1u; // vectors of four features a row, the column of ones included
const CLASSES = 2u; // a row's real classes; those past them are padding
const TILES = 1u; // tiles of TILE classes a row
const SCALE = 1.0; // what a unit of a byte means, times 255
const ONES = 0u; // where in the last vector of features the column of ones is
const KEPT = 1.0; // of a target t: 1 − ε, where smoothing makes (1 − ε)·t + ε / CLASSES of it
const SHARE = 0.0; // of each class in it: ε / CLASSES

// The tile.
const THREADS = 64u; // threads of a workgroup along the features
const TILE_THREADS = 1u; // and along the tiles: as many where they share slabs
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
@group(0) @binding(2) var<storage, read> labels: array<u32>; // (rows) classes from 0; soft (rows, 1 + CLASSES) with the bits of the targets
@group(0) @binding(3) var<storage, read> rowWeights: array<f32>; // (rows)
@group(0) @binding(4) var<storage, read> x: array<vec4f>; // (rows, FEATURES4), floats, halves or bytes // when BYTES: @group(0) @binding(4) var<storage, read> x: array<u32>; // when HALVES: @group(0) @binding(4) var<storage, read> x: array<vec2u>;
@group(0) @binding(5) var<storage, read> powers: array<vec4f>; // (rows of the block, TILES·TILE4), or R
@group(0) @binding(6) var<storage, read> tiles: array<vec2f>; // (rows of the block, TILES) the factor // when MIXED: @group(0) @binding(6) var<storage, read> tiles: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> slots: array<vec4f>; // (slots, 4·FEATURES4, TILES·TILE4)
@group(0) @binding(8) var<storage, read_write> captured: array<vec4f>; // (rows of the block, TILES·TILE4) R, when it is captured

const CLASSES4 = TILES * TILE4;
// when SHARED: const SLAB4 = THREADS / 4u; // fours of rows in a slab
// when SHARED: const SLABS = (SPAN4 + SLAB4 - 1u) / SLAB4;

// when SHARED: var<workgroup> xSlab: array<vec4f, THREADS * VECTORS * THREADS>; // (rows, VECTORS, THREADS): neighbours read from different banks
// when SHARED: var<workgroup> residualsSlab: array<vec4f, THREADS * TILE_THREADS * TILE4>; // (rows, TILE_THREADS·TILE4)

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

// Four residuals of the block's row i: those of a vector of classes. Those of padding may not be 0, and its weights move,
// which nobody sees: its powers stay 0.
fn residuals(i: u32, column: u32) -> vec4f {
  let n = min(i, block.rows - 1u);
  let row = order[block.first + n];
  let classes = 4u * column + vec4u(0u, 1u, 2u, 3u);
  let own = classes == vec4u(labels[row]); // when SOFT: let at = row * (CLASSES + 1u) + 1u + 4u * column;
  // when SOFT: let given = bitcast<vec4f>(vec4u(labels[at], labels[at + 1u], labels[at + 2u], labels[at + 3u]));
  let targets = select(vec4f(), vec4f(rowWeights[row]), own); // when SOFT: let targets = rowWeights[row] * (KEPT * given + SHARE); // when MIXED: let targets = rowWeights[row] * select(vec4f(SHARE), vec4f(KEPT + SHARE), own);
  let r = tiles[n * TILES + column / TILE4].x * powers[n * CLASSES4 + column] - targets; // when RAW: let r = powers[n * CLASSES4 + column];
  return select(vec4f(), r, vec4<bool>(i < block.rows));
}

@compute @workgroup_size(THREADS, TILE_THREADS, 1)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  // when SUBGROUPS: @builtin(subgroup_invocation_id) invocation: u32,
  // when SHARED: @builtin(local_invocation_id) local: vec3u,
  // when SHARED: @builtin(workgroup_id) group: vec3u,
) {
  // when SUBGROUPS: let lane = invocation & 3u;
  let column = VECTORS * id.x; // the thread's first vector of features
  let tile = block.tile + id.y;
  let slot = id.z; // when SHARED: let slot = group.z;
  let sharers = id.x & ~3u; // the first of the threads that share what they load // when SHARED: let sharers = THREADS * group.x;
  if (VECTORS * sharers >= FEATURES4) {
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
  // To a slab of X a thread brings its vectors of features of one row, to one of residuals vectors of classes of that row.
  // when SHARED: let loadColumn = TILE4 * (block.tile + TILE_THREADS * group.y) + local.x;
  // when SHARED: for (var slab = 0u; slab < SLABS; slab++) {
  // when SHARED:   let first = 4u * (SPAN4 * slot + SLAB4 * slab);
  // when SHARED:   if (first >= block.rows) { break; }
  // when SHARED:   let loadRow = first + local.y;
  // when SHARED:   let loadStart = rowOf(loadRow);
  // when SHARED:   workgroupBarrier(); // the slab before is used up
  // when SHARED:   for (var v = 0u; v < VECTORS; v++) { // unrolled
  // when SHARED:     xSlab[(local.y * VECTORS + v) * THREADS + local.x] = features(loadStart, min(column + v, FEATURES4 - 1u));
  // when SHARED:   }
  // when SHARED:   for (var c = 0u; c < TILE4; c++) { // unrolled
  // when SHARED:     residualsSlab[(local.y * TILE4 + c) * THREADS + local.x] = residuals(loadRow, min(loadColumn + c * THREADS, CLASSES4 - 1u));
  // when SHARED:   }
  // when SHARED:   workgroupBarrier();
  for (var n = 0u; n < SPAN4; n++) { // when SHARED: for (var s4 = 0u; s4 < SLAB4; s4++) {
    // when SHARED: let n = SLAB4 * slab + s4;
    let i = 4u * (SPAN4 * slot + n);
    if (i >= block.rows) { // when SHARED: if (n >= SPAN4 || i >= block.rows) {
      break;
    }
    // Of every four lanes each makes the residuals of one row, and all four use them.
    // when SUBGROUPS: var own: array<vec4f, TILE4>;
    for (var c = 0u; c < TILE4; c++) { // unrolled
      // when SUBGROUPS: own[c] = residuals(i + lane, tile * TILE4 + c);
    }
    for (var s = 0u; s < 4u; s++) { // unrolled
      let start = rowOf(i + s); // when SHARED: let row = 4u * s4 + s; // in the slab
      var four: array<vec4f, VECTORS>;
      for (var v = 0u; v < VECTORS; v++) { // unrolled
        four[v] = features(start, min(column + v, FEATURES4 - 1u)); // when SHARED: four[v] = xSlab[(row * VECTORS + v) * THREADS + local.x];
      }
      for (var c = 0u; c < TILE4; c++) { // unrolled
        let made = residuals(i + s, tile * TILE4 + c); // when SUBGROUPS: let made = own[c]; // when SHARED: let made = residualsSlab[(row * TILE_THREADS + local.y) * TILE4 + c];
        if (CAPTURE) {
          if (id.x == s && i + s < block.rows) { // when SHARED: if (id.x == s && i + s < block.rows && tile < TILES) {
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
  // when SHARED: }

  for (var v = 0u; v < VECTORS; v++) { // unrolled
    if (column + v < FEATURES4) { // when SHARED: if (column + v < FEATURES4 && tile < TILES) {
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
