// logits: Z = X·W for one block of rows and some tiles of classes, and of every row and tile what a softmax needs:
// the largest logit m, the powers exp(z − m), which are stored in place of Z, and their sum.
//
// A thread owns a tile of ROWS rows × 4·TILE4 classes and keeps it in registers. X has a column of ones, so the
// intercept is a feature like any other.
//
// Threads load what they multiply themselves; or four lanes share weights through their subgroup; or a workgroup of
// THREADS × THREADS threads shares, in its memory, slabs of THREADS features of its rows and of its classes.
//
// Where targets are of several classes, the loss needs the mean Σ t·(z − m) of a tile too, and its part Σ t of them.
//
// An objective, which keeps Z, wants it RAW: Z is then all that is stored.
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
const THREADS = 64u; // threads of a workgroup along the rows
const TILE_THREADS = 1u; // and along the tiles: as many where they share slabs
const ROWS = 4u; // rows a thread
const LOADS = 4u; // of which it loads the features: all, or a quarter where threads share slabs
const TILE4 = 1u; // vectors of four classes a thread
const TILE = 4u; // classes a thread: 4·TILE4
const CAPTURE = false; // keep the logits
const RAW = false; // store Z in place of the powers, and nothing else

struct Block {
  first: u32, // where the block begins in order
  rows: u32, // rows in the block
  continues: u32,
  tile: u32, // the first tile of classes of this dispatch
}

@group(0) @binding(0) var<uniform> block: Block;
@group(0) @binding(1) var<storage, read> order: array<u32>; // (rows of the epoch) row numbers
@group(0) @binding(2) var<storage, read> labels: array<u32>; // (rows) classes from 0; soft (rows, 1 + CLASSES) with the bits of the targets
@group(0) @binding(3) var<storage, read> x: array<vec4f>; // (rows, FEATURES4), floats, halves or bytes // when BYTES: @group(0) @binding(3) var<storage, read> x: array<u32>; // when HALVES: @group(0) @binding(3) var<storage, read> x: array<vec2u>;
@group(0) @binding(4) var<storage, read> weights: array<vec4f>; // (4·FEATURES4, TILES·TILE4)
@group(0) @binding(5) var<storage, read_write> powers: array<vec4f>; // (rows of the block, TILES·TILE4), or Z
@group(0) @binding(6) var<storage, read_write> tiles: array<vec2f>; // (rows of the block, TILES) largest logit m, sum of powers, and where it is needed Σ t·(z − m), Σ t // when MIXED: @group(0) @binding(6) var<storage, read_write> tiles: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> rowSums: array<vec4f>; // (rows of the block) the label's logit; 1 if an earlier class of its tile has as large a one
@group(0) @binding(8) var<storage, read_write> captured: array<vec4f>; // (rows of the block, TILES·TILE4) Z, when it is captured

const CLASSES4 = TILES * TILE4;
// when SHARED: const SLAB4 = THREADS / 4u; // vectors of features in a slab
// when SHARED: const SLABS = (FEATURES4 + SLAB4 - 1u) / SLAB4;
const LOWEST: f32 = -3.4e38;

// when SHARED: var<workgroup> xSlab: array<vec4f, SLAB4 * ROWS * THREADS>; // (SLAB4, ROWS, THREADS): neighbours read from different banks
// when SHARED: var<workgroup> weightsSlab: array<vec4f, THREADS * TILE_THREADS * TILE4>; // (THREADS, TILE_THREADS·TILE4)

// Four features of a row that begins at `start` in X.
fn features(start: u32, f: u32) -> vec4f {
  // when SCALED: let scale = select(vec4f(SCALE), select(vec4f(SCALE), vec4f(1.0), vec4u(0u, 1u, 2u, 3u) == vec4u(ONES)), f == FEATURES4 - 1u);
  return x[start + f]; // when SCALED: return scale * unpack4x8unorm(x[start + f]); // when BYTES: return unpack4x8unorm(x[start + f]); // when HALVES: return vec4f(unpack2x16float(x[start + f].x), unpack2x16float(x[start + f].y));
}

// Where the features of the block's row i begin in X. Rows past the end repeat the last one; they are not stored.
fn rowOf(i: u32) -> u32 {
  let row = min(i, block.rows - 1u);
  return order[block.first + row] * FEATURES4; // when GATHERED: return row * FEATURES4;
}

// How much a row is of class k of those from `first` on, of which one may be its label: whole or smoothed; or as it was given.
fn targetOf(row: u32, label: u32, first: u32, k: u32) -> f32 {
  return select(SHARE, KEPT + SHARE, label == k); // when SOFT: return KEPT * bitcast<f32>(labels[row * (CLASSES + 1u) + 1u + first + k]) + SHARE;
}

@compute @workgroup_size(THREADS, TILE_THREADS, 1)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  // when SUBGROUPS: @builtin(subgroup_invocation_id) invocation: u32,
  // when SHARED: @builtin(local_invocation_id) local: vec3u,
  // when SHARED: @builtin(workgroup_id) group: vec3u,
) {
  // when SUBGROUPS: let lane = invocation & 3u;
  let begin = ROWS * id.x; // the thread's first row in the block
  let tile = block.tile + id.y;
  let sharers = id.x & ~3u; // the first of the threads that share what they load // when SHARED: let sharers = THREADS * group.x;
  if (ROWS * sharers >= block.rows) {
    return;
  }

  // To a slab of X a thread brings one vector of features of LOADS of its rows, to one of W vectors of classes of a feature.
  // when SHARED: let loadVector = local.y % SLAB4;
  // when SHARED: let loadRow = LOADS * (local.y / SLAB4);
  // when SHARED: let loadColumn = TILE4 * (block.tile + TILE_THREADS * group.y) + local.x;
  var start: array<u32, LOADS>;
  for (var r = 0u; r < LOADS; r++) { // unrolled
    start[r] = rowOf(begin + r); // when SHARED: start[r] = rowOf(begin + loadRow + r);
  }
  var z: array<array<f32, TILE>, ROWS>;
  for (var r = 0u; r < ROWS; r++) { // unrolled
    for (var k = 0u; k < TILE; k++) { // unrolled
      z[r][k] = 0.0;
    }
  }
  // when SHARED: for (var slab = 0u; slab < SLABS; slab++) {
  // when SHARED:   workgroupBarrier(); // the slab before is used up
  // when SHARED:   for (var r = 0u; r < LOADS; r++) { // unrolled
  // when SHARED:     xSlab[(loadVector * ROWS + loadRow + r) * THREADS + local.x] = features(start[r], min(SLAB4 * slab + loadVector, FEATURES4 - 1u));
  // when SHARED:   }
  // when SHARED:   for (var c = 0u; c < TILE4; c++) { // unrolled
  // when SHARED:     let at = min(THREADS * slab + local.y, 4u * FEATURES4 - 1u) * CLASSES4 + min(loadColumn + c * THREADS, CLASSES4 - 1u);
  // when SHARED:     weightsSlab[(local.y * TILE4 + c) * THREADS + local.x] = weights[at];
  // when SHARED:   }
  // when SHARED:   workgroupBarrier();
  for (var f = 0u; f < FEATURES4; f++) { // when SHARED: for (var s4 = 0u; s4 < SLAB4; s4++) {
    // when SHARED: if (SLAB4 * slab + s4 >= FEATURES4) { break; }
    var four: array<vec4f, ROWS>;
    for (var r = 0u; r < ROWS; r++) { // unrolled
      four[r] = features(start[r], f); // when SHARED: four[r] = xSlab[(s4 * ROWS + r) * THREADS + local.x];
    }
    // Of every four lanes each loads the weights of one feature, and all four use them.
    // when SUBGROUPS: var own: array<vec4f, TILE4>;
    for (var c = 0u; c < TILE4; c++) { // unrolled
      // when SUBGROUPS: own[c] = weights[(4u * f + lane) * CLASSES4 + tile * TILE4 + c];
    }
    for (var d = 0u; d < 4u; d++) { // unrolled
      for (var c = 0u; c < TILE4; c++) { // unrolled
        let loaded = weights[(4u * f + d) * CLASSES4 + tile * TILE4 + c]; // when SUBGROUPS: let loaded = own[c]; // when SHARED: let loaded = weightsSlab[((4u * s4 + d) * TILE_THREADS + local.y) * TILE4 + c];
        for (var j = 0u; j < 4u; j++) { // unrolled
          let w = loaded[j]; // when SUBGROUPS: let w = subgroupBroadcast(loaded[j], d);
          for (var r = 0u; r < ROWS; r++) { // unrolled
            z[r][4u * c + j] += four[r][d] * w;
          }
        }
      }
    }
  }
  // when SHARED: }

  if (RAW) {
    for (var r = 0u; r < ROWS; r++) { // unrolled
      if (begin + r < block.rows) { // when SHARED: if (begin + r < block.rows && tile < TILES) {
        for (var c = 0u; c < TILE4; c++) { // unrolled
          powers[(begin + r) * CLASSES4 + tile * TILE4 + c] = vec4f(z[r][4u * c], z[r][4u * c + 1u], z[r][4u * c + 2u], z[r][4u * c + 3u]);
        }
      }
    }
    return;
  }
  for (var r = 0u; r < ROWS; r++) { // unrolled
    let i = begin + r;
    if (i < block.rows) { // when SHARED: if (i < block.rows && tile < TILES) {
      let row = order[block.first + i];
      let label = labels[row] - tile * TILE; // within the tile, or past it // when SOFT: let label = labels[row * (CLASSES + 1u)] - tile * TILE;
      let at = i * CLASSES4 + tile * TILE4;
      if (CAPTURE) {
        var vector = vec4f();
        for (var c = 0u; c < TILE4; c++) { // unrolled
          for (var j = 0u; j < 4u; j++) { // unrolled
            vector[j] = z[r][4u * c + j];
          }
          captured[at + c] = vector;
        }
      }
      var top = LOWEST;
      for (var k = 0u; k < TILE; k++) { // unrolled
        z[r][k] = select(LOWEST, z[r][k], tile * TILE + k < CLASSES); // the power of padding is 0
        top = max(top, z[r][k]);
      }
      if (label < TILE) {
        var labelLogit = LOWEST;
        var beaten = false;
        for (var k = 0u; k < TILE; k++) { // unrolled
          labelLogit = select(labelLogit, z[r][k], label == k);
        }
        for (var k = 0u; k < TILE; k++) { // unrolled
          beaten = beaten | ((z[r][k] >= labelLogit) & (k < label));
        }
        rowSums[i] = vec4f(labelLogit, select(0.0, 1.0, beaten), 0.0, 0.0);
      }
      var sum = 0.0;
      // when MIXED: var mean = 0.0; // Σ t·(z − top)
      // when MIXED: var part = 0.0; // Σ t
      for (var c = 0u; c < TILE4; c++) { // unrolled
        var vector = vec4f();
        for (var j = 0u; j < 4u; j++) { // unrolled
          // when MIXED: let t = select(0.0, targetOf(row, label, tile * TILE, 4u * c + j), tile * TILE + 4u * c + j < CLASSES);
          // when MIXED: mean += t * (z[r][4u * c + j] - top);
          // when MIXED: part += t;
          vector[j] = exp(z[r][4u * c + j] - top);
          sum += vector[j];
        }
        powers[at + c] = vector;
      }
      tiles[i * TILES + tile] = vec2f(top, sum); // when MIXED: tiles[i * TILES + tile] = vec4f(top, sum, mean, part);
    }
  }
}
