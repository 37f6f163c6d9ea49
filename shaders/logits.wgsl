// logits: Z = X·W for one block of rows and some tiles of classes, and for each row and tile what a softmax
// needs: the largest logit m, the exponentials exp(z − m), which are stored instead of Z, and their sum.
// Where targets are not labels, the loss also needs a tile's Σ t·(z − m) and Σ t. An objective keeps Z: with
// RAW, only Z is stored.
//
// A thread owns a tile of ROWS rows × TILE classes and keeps it in registers. Threads load what they multiply
// themselves; or four lanes share weights through their subgroup; or a workgroup of THREADS × THREADS threads
// shares, in its memory, slabs of THREADS features of its rows and of its classes.
import package::lib::block::{block, order};
import package::lib::reduce::LOWEST;
import package::lib::rows::{features, rowOf};
import package::lib::shape::{CLASSES, FEATURES4, MULTIPLIED4};
import package::lib::targets::{labelOf, offsetOf, targetOf};
import package::lib::tiles::{TILE, TILE4, TILES, TileSums};
@if(NARROW) enable subgroup_size_control;
@if(SUBGROUPS) enable subgroups;
@if(SUBGROUPS) diagnostic(off, subgroup_uniformity);

const SUBGROUP = 8u; // lanes of a subgroup, with NARROW
const THREADS = 64u; // threads of a workgroup along the rows
const TILE_THREADS = 1u; // threads of a workgroup along the tiles: THREADS where they share slabs
const ROWS = 4u; // rows per thread
const LOADS = 4u; // rows whose features a thread loads: ROWS, or a quarter of them where threads share slabs
const CAPTURE = false; // keeps the logits
const RAW = false; // stores Z instead of the exponentials, and nothing else

@group(0) @binding(3) var<storage, read> weights: array<vec4f>; // (4·FEATURES4, TILES·TILE4)
// (rows of the block, TILES·TILE4) exp(z − m), or Z
@group(0) @binding(5) var<storage, read_write> powers: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> tiles: array<TileSums>; // (rows of the block, TILES)
// (rows of the block) the label's logit; 1 if an earlier class of its tile has as large a one
@group(0) @binding(7) var<storage, read_write> rowSums: array<vec4f>;
// (rows of the block, TILES·TILE4) captured Z
@group(0) @binding(8) var<storage, read_write> captured: array<vec4f>;

const VECTORS_A_ROW = TILES * TILE4;
@if(SHARED) const SLAB4 = THREADS / 4u; // vectors of features in a slab
@if(SHARED) const SLABS = (MULTIPLIED4 + SLAB4 - 1u) / SLAB4; // @point slabs

// (SLAB4, ROWS, THREADS): neighbouring threads read from different banks
@if(SHARED) var<workgroup> xSlab: array<vec4f, SLAB4 * ROWS * THREADS>;
// (THREADS, TILE_THREADS·TILE4)
@if(SHARED) var<workgroup> weightsSlab: array<vec4f, THREADS * TILE_THREADS * TILE4>;

@compute @workgroup_size(THREADS, TILE_THREADS, 1)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @if(SUBGROUPS) @builtin(subgroup_invocation_id) invocation: u32,
  @if(SHARED) @builtin(local_invocation_id) local: vec3u,
  @if(SHARED) @builtin(workgroup_id) group: vec3u,
) {
  @if(SUBGROUPS) let lane = invocation & 3u;
  let begin = ROWS * id.x; // the thread's first row in the block
  let tile = block.tile + id.y;
  // The first of the threads that share what they load.
  @if(SHARED) let sharers = THREADS * group.x;
  @else let sharers = id.x & ~3u;
  if (ROWS * sharers >= block.rows) {
    return;
  }

  // A thread loads one vector of features of LOADS of its rows to a slab of X, and vectors of classes of one
  // feature to a slab of W.
  @if(SHARED) let loadVector = local.y % SLAB4;
  @if(SHARED) let loadRow = LOADS * (local.y / SLAB4);
  @if(SHARED) let loadColumn = TILE4 * (block.tile + TILE_THREADS * group.y) + local.x; // @point slab-tile
  var start: array<u32, LOADS>;
  for (var r = 0u; r < LOADS; r++) { // unroll
    @if(SHARED) start[r] = rowOf(begin + loadRow + r); // @point slab-rows
    @else start[r] = rowOf(begin + r);
  }
  var z: array<array<f32, TILE>, ROWS>;
  for (var c = 0u; c < TILE4; c++) { // unroll
    @if(BIAS) let column = min(tile * TILE4 + c, VECTORS_A_ROW - 1u);
    @if(BIAS) let bias = weights[4u * MULTIPLIED4 * VECTORS_A_ROW + column]; // @point bias
    @else let bias = vec4f();
    for (var j = 0u; j < 4u; j++) { // unroll
      for (var r = 0u; r < ROWS; r++) { // unroll
        z[r][4u * c + j] = bias[j];
      }
    }
  }
  // What the thread loads of the next slab, while the slab before is multiplied.
  @if(SHARED) var nextX: array<vec4f, LOADS>;
  @if(SHARED) var nextWeights: array<vec4f, TILE4>;
  @if(SHARED) for (var ahead = 0u; ahead <= SLABS; ahead++) {
    let slab = ahead - 1u; // the slab to multiply, from the second turn on
    if (ahead > 0u) {
      workgroupBarrier(); // The slab before is used up. @point refill-barrier
      for (var r = 0u; r < LOADS; r++) { // unroll
        xSlab[(loadVector * ROWS + loadRow + r) * THREADS + local.x] = nextX[r];
      }
      for (var c = 0u; c < TILE4; c++) { // unroll
        weightsSlab[(local.y * TILE4 + c) * THREADS + local.x] = nextWeights[c];
      }
      workgroupBarrier(); // @point filled-barrier
    }
    if (ahead < SLABS) {
      for (var r = 0u; r < LOADS; r++) { // unroll
        nextX[r] = features(start[r], min(SLAB4 * ahead + loadVector, FEATURES4 - 1u)); // @point ahead
      }
      for (var c = 0u; c < TILE4; c++) { // unroll
        let column = min(loadColumn + c * THREADS, VECTORS_A_ROW - 1u);
        nextWeights[c] =
          weights[min(THREADS * ahead + local.y, 4u * FEATURES4 - 1u) * VECTORS_A_ROW + column];
      }
    }
    if (ahead == 0u) {
      continue;
    }
    for (var s4 = 0u; s4 < SLAB4; s4++) {
      if (SLAB4 * slab + s4 >= MULTIPLIED4) { // @point slab-end
        break;
      }
      var four: array<vec4f, ROWS>;
      for (var r = 0u; r < ROWS; r++) { // unroll
        four[r] = xSlab[(s4 * ROWS + r) * THREADS + local.x];
      }
      for (var d = 0u; d < 4u; d++) { // unroll
        for (var c = 0u; c < TILE4; c++) { // unroll
          let at = ((4u * s4 + d) * TILE_THREADS + local.y) * TILE4 + c; // @point slab-weights
          let loaded = weightsSlab[at];
          for (var j = 0u; j < 4u; j++) { // unroll
            let w = loaded[j];
            for (var r = 0u; r < ROWS; r++) { // unroll
              z[r][4u * c + j] += four[r][d] * w;
            }
          }
        }
      }
    }
  }
  @else for (var f = 0u; f < FEATURES4; f++) { // @point features
    var four: array<vec4f, ROWS>;
    for (var r = 0u; r < ROWS; r++) { // unroll
      four[r] = features(start[r], f);
    }
    // Each of four neighbouring lanes loads the weights of one feature, and all four use them.
    @if(SUBGROUPS) var own: array<vec4f, TILE4>;
    @if(SUBGROUPS) for (var c = 0u; c < TILE4; c++) { // unroll
      own[c] = weights[(4u * f + lane) * VECTORS_A_ROW + tile * TILE4 + c];
    }
    // All features of a vector are added to an accumulator before the next is taken up.
    for (var c = 0u; c < TILE4; c++) { // unroll
      var w: array<vec4f, 4>;
      for (var d = 0u; d < 4u; d++) { // unroll
        @if(SUBGROUPS) w[d] = subgroupBroadcast(own[c], d);
        @else w[d] = weights[(4u * f + d) * VECTORS_A_ROW + tile * TILE4 + c];
      }
      for (var j = 0u; j < 4u; j++) { // unroll
        for (var r = 0u; r < ROWS; r++) { // unroll
          for (var d = 0u; d < 4u; d++) { // unroll
            z[r][4u * c + j] += four[r][d] * w[d][j]; // @point product
          }
        }
      }
    }
  }

  // Where threads share slabs, a workgroup may reach past the last tile.
  if (RAW) {
    for (var r = 0u; r < ROWS; r++) { // unroll
      @if(SHARED) let inside = begin + r < block.rows && tile < TILES;
      @else let inside = begin + r < block.rows; // @point raw-rows
      if (inside) {
        for (var c = 0u; c < TILE4; c++) { // unroll
          let at = (begin + r) * VECTORS_A_ROW + tile * TILE4 + c;
          powers[at] =
            vec4f(z[r][4u * c], z[r][4u * c + 1u], z[r][4u * c + 2u], z[r][4u * c + 3u]); // @point raw
        }
      }
    }
    return;
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    let i = begin + r;
    @if(SHARED) let inside = i < block.rows && tile < TILES; // @point stored-tiles
    @else let inside = i < block.rows; // @point rows
    if (inside) {
      let row = order[block.first + i];
      let label = labelOf(row) - tile * TILE; // within the tile, or past it
      let at = i * VECTORS_A_ROW + tile * TILE4;
      @if(OFFSETS) for (var k = 0u; k < TILE; k++) { // unroll
        // Past the last class is padding, whose logits are replaced below.
        z[r][k] += offsetOf(row, min(tile * TILE + k, CLASSES - 1u)); // @point offset-logit
      }
      if (CAPTURE) {
        var vector = vec4f();
        for (var c = 0u; c < TILE4; c++) { // unroll
          for (var j = 0u; j < 4u; j++) { // unroll
            vector[j] = z[r][4u * c + j];
          }
          captured[at + c] = vector;
        }
      }
      var largest = LOWEST;
      for (var k = 0u; k < TILE; k++) { // unroll
        // The exponential of padding is 0.
        z[r][k] = select(LOWEST, z[r][k], tile * TILE + k < CLASSES); // @point padding
        largest = max(largest, z[r][k]); // @point largest
      }
      if (label < TILE) {
        var labelLogit = LOWEST;
        var tied = false;
        for (var k = 0u; k < TILE; k++) { // unroll
          labelLogit = select(labelLogit, z[r][k], label == k); // @point label-logit
        }
        for (var k = 0u; k < TILE; k++) { // unroll
          tied = tied | ((z[r][k] >= labelLogit) & (k < label));
        }
        rowSums[i] = vec4f(labelLogit, select(0.0, 1.0, tied), 0.0, 0.0);
      }
      var sum = 0.0;
      @if(MIXED) var mean = 0.0; // Σ t·(z − largest)
      @if(MIXED) var share = 0.0; // Σ t
      for (var c = 0u; c < TILE4; c++) { // unroll
        var vector = vec4f();
        for (var j = 0u; j < 4u; j++) { // unroll
          @if(MIXED) let k = tile * TILE + 4u * c + j;
          @if(MIXED) let t = select(0.0, targetOf(row, k, label == 4u * c + j), k < CLASSES); // @point target
          @if(MIXED) mean += t * (z[r][4u * c + j] - largest);
          @if(MIXED) share += t;
          vector[j] = exp(z[r][4u * c + j] - largest);
          sum += vector[j];
        }
        powers[at + c] = vector; // @point powers
      }
      @if(MIXED) tiles[i * TILES + tile] = TileSums(largest, sum, mean, share);
      @else tiles[i * TILES + tile] = TileSums(largest, sum);
    }
  }
}
