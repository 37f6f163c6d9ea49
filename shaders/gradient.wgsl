// gradient: G = Xᵀ·R for one block of rows and some tiles of classes, the sum of outer products x ⊗ (s − t),
// in partial sums.
//
// The rows of a block are cut into spans of 4·SPAN4 rows and each span adds to a slot of its own, in order,
// so that no two threads add to the same number and the same rows always add up to the same bits. A thread
// owns VECTORS vectors of features × TILE classes of one slot and keeps them in registers while it walks
// along the span. It computes the residuals from the exponentials as it loads them: R = factor · powers −
// weight · T, where T are the targets.
//
// Threads load what they multiply themselves; or four lanes share residuals through their subgroup; or a
// workgroup of THREADS × THREADS threads shares, in its memory, slabs of THREADS rows of its features and of
// its residuals.
//
// Where a block is the whole step and has one slot, UPDATE takes the step instead of storing the gradient.
//
// An objective has computed the residuals already, or what takes their place in a product with the Hessian:
// RAW takes them as they are.
import package::lib::block::{block, order};
import package::lib::rows::{features, labels, rowOf, rowWeights};
import package::lib::rule::{Rates, takeStep};
import package::lib::shape::{FEATURES4, MULTIPLIED4};
import package::lib::targets::{KEPT, SHARE, WORDS};
import package::lib::tiles::{TILE, TILE4, TILES, TileSums};
@if(NARROW) enable subgroup_size_control;
@if(SUBGROUPS) enable subgroups;
@if(SUBGROUPS) diagnostic(off, subgroup_uniformity);

const SUBGROUP = 8u; // lanes of a subgroup, with NARROW
const THREADS = 64u; // threads of a workgroup along the features
const TILE_THREADS = 1u; // threads of a workgroup along the tiles: THREADS where they share slabs
const VECTORS = 1u; // vectors of features per thread
const SPAN4 = 16u; // fours of rows that add to one slot
const OWN = 4u; // rows of four whose residuals a thread computes: 1 where four lanes share them
const CAPTURE = false; // keeps the residuals

// (rows of the block, TILES·TILE4) exp(z − m), or R
@group(0) @binding(5) var<storage, read> powers: array<vec4f>;
@group(0) @binding(6) var<storage, read> tiles: array<TileSums>; // (rows of the block, TILES) the factor
// (slots, 4·FEATURES4, TILES·TILE4)
@if(!UPDATE) @group(0) @binding(7) var<storage, read_write> slots: array<vec4f>;
// (rows of the block, TILES·TILE4) captured R
@if(!UPDATE) @group(0) @binding(8) var<storage, read_write> captured: array<vec4f>;

const VECTORS_A_ROW = TILES * TILE4;
@if(SHARED) const SLAB4 = THREADS / 4u; // fours of rows in a slab
@if(SHARED) const SLABS = SPAN4 / SLAB4;

// (rows, VECTORS, THREADS): neighbouring threads read from different banks
@if(SHARED) var<workgroup> xSlab: array<vec4f, THREADS * VECTORS * THREADS>;
// (rows, TILE_THREADS·TILE4)
@if(SHARED) var<workgroup> residualsSlab: array<vec4f, THREADS * TILE_THREADS * TILE4>;

// What the residuals of a row need, whatever the class.
struct Example {
  row: u32, // in the block
  inside: bool,
  label: u32, // or where its targets begin in the labels
  weight: f32,
}

// Returns the block's row i. Rows past the end have no residuals.
fn exampleOf(i: u32) -> Example {
  let n = min(i, block.rows - 1u);
  let row = order[block.first + n];
  @if(SOFT) let label = row * WORDS + 1u;
  @elif(WIDE) let label = labels[row * WORDS]; // @point wide-label
  @else let label = labels[row]; // @point label
  return Example(n, i < block.rows, label, rowWeights[row]);
}

// Returns four residuals of a row: those of a vector of classes. Those of padding may not be 0. They change
// only padding of the weights, and the exponentials of padding stay 0.
fn residuals(example: Example, column: u32) -> vec4f {
  let weight = example.weight;
  @if(SOFT) let at = example.label + 4u * column; // @point soft-classes
  @if(SOFT) let given = bitcast<vec4f>(vec4u(labels[at], labels[at + 1u], labels[at + 2u], labels[at + 3u]));
  @else let isLabel = 4u * column + vec4u(0u, 1u, 2u, 3u) == vec4u(example.label);
  @if(SOFT) let targets = weight * (KEPT * given + SHARE); // @point soft-targets
  @elif(MIXED) let targets =
    weight * select(vec4f(SHARE), vec4f(KEPT + SHARE), isLabel); // @point label-targets
  @else let targets = select(vec4f(), vec4f(weight), isLabel);
  let power = powers[example.row * VECTORS_A_ROW + column];
  @if(RAW) let r = power; // @point raw
  @else let r = tiles[example.row * TILES + column / TILE4].x * power - targets;
  return select(vec4f(), r, vec4<bool>(example.inside));
}

@compute @workgroup_size(THREADS, TILE_THREADS, 1)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @if(SUBGROUPS) @builtin(subgroup_invocation_id) invocation: u32,
  @if(SHARED) @builtin(local_invocation_id) local: vec3u,
  @if(SHARED) @builtin(workgroup_id) group: vec3u,
) {
  @if(SUBGROUPS) let lane = invocation & 3u;
  let column = VECTORS * id.x; // the thread's first vector of features
  let tile = block.tile + id.y;
  // The slot, and the first of the threads that share what they load.
  @if(SHARED) let slot = group.z;
  @else let slot = id.z;
  @if(SHARED) let sharers = THREADS * group.x;
  @else let sharers = id.x & ~3u;
  if (VECTORS * sharers >= MULTIPLIED4) {
    return;
  }

  var g: array<array<array<f32, TILE>, 4>, VECTORS>;
  for (var v = 0u; v < VECTORS; v++) { // unroll
    for (var d = 0u; d < 4u; d++) { // unroll
      for (var k = 0u; k < TILE; k++) { // unroll
        g[v][d][k] = 0.0;
      }
    }
  }
  // A thread loads its vectors of features of one row to a slab of X, and computes vectors of classes of that
  // row for a slab of residuals.
  @if(SHARED) let loadColumn = TILE4 * (block.tile + TILE_THREADS * group.y) + local.x; // @point slab-tile
  // What the thread loads of the next slab, while the slab before is multiplied.
  @if(SHARED) var nextX: array<vec4f, VECTORS>;
  @if(SHARED) var nextResiduals: array<vec4f, TILE4>;
  @if(BIAS) var bias: array<vec4f, TILE4>; // sums of the residuals that this thread computes
  @if(SHARED) for (var ahead = 0u; ahead <= SLABS; ahead++) {
    if (ahead > 0u) {
      workgroupBarrier(); // The slab before is used up. @point refill-barrier
      for (var v = 0u; v < VECTORS; v++) { // unroll
        xSlab[(local.y * VECTORS + v) * THREADS + local.x] = nextX[v];
      }
      for (var c = 0u; c < TILE4; c++) { // unroll
        residualsSlab[(local.y * TILE4 + c) * THREADS + local.x] = nextResiduals[c];
      }
      workgroupBarrier(); // @point filled-barrier
    }
    let next = 4u * (SPAN4 * slot + SLAB4 * ahead);
    let more = ahead < SLABS && next < block.rows;
    if (more) {
      let loadStart = rowOf(next + local.y); // @point ahead
      let example = exampleOf(next + local.y);
      for (var v = 0u; v < VECTORS; v++) { // unroll
        nextX[v] = features(loadStart, min(column + v, FEATURES4 - 1u));
      }
      for (var c = 0u; c < TILE4; c++) { // unroll
        nextResiduals[c] = residuals(example, min(loadColumn + c * THREADS, VECTORS_A_ROW - 1u));
        @if(BIAS) bias[c] += nextResiduals[c]; // @point bias
      }
    }
    if (ahead == 0u) {
      continue;
    }
    let first = next - 4u * SLAB4; // of the slab to multiply
    for (var s4 = 0u; s4 < SLAB4; s4++) { // @point slab-rows
      let i = first + 4u * s4;
      if (i >= block.rows) {
        break;
      }
      for (var s = 0u; s < 4u; s++) { // unroll
        let row = 4u * s4 + s; // in the slab
        var four: array<vec4f, VECTORS>;
        for (var v = 0u; v < VECTORS; v++) { // unroll
          four[v] = xSlab[(row * VECTORS + v) * THREADS + local.x];
        }
        for (var c = 0u; c < TILE4; c++) { // unroll
          let computed = residualsSlab[(row * TILE_THREADS + local.y) * TILE4 + c];
          @if(!UPDATE) if (CAPTURE) {
            if (id.x == s && i + s < block.rows && tile < TILES) {
              captured[(i + s) * VECTORS_A_ROW + tile * TILE4 + c] = computed;
            }
          }
          for (var j = 0u; j < 4u; j++) { // unroll
            let r = computed[j];
            for (var v = 0u; v < VECTORS; v++) { // unroll
              for (var d = 0u; d < 4u; d++) { // unroll
                g[v][d][4u * c + j] += four[v][d] * r;
              }
            }
          }
        }
      }
    }
    if (!more) {
      break;
    }
  }
  @else for (var n = 0u; n < SPAN4; n++) { // @point span
    let i = 4u * (SPAN4 * slot + n);
    if (i >= block.rows) {
      break;
    }
    // Each of four neighbouring lanes computes the residuals of one row, and all four use them.
    var examples: array<Example, OWN>;
    for (var s = 0u; s < OWN; s++) { // unroll
      @if(SUBGROUPS) examples[s] = exampleOf(i + lane);
      @else examples[s] = exampleOf(i + s);
    }
    var four: array<array<vec4f, VECTORS>, 4>;
    for (var s = 0u; s < 4u; s++) { // unroll
      let start = rowOf(i + s);
      for (var v = 0u; v < VECTORS; v++) { // unroll
        four[s][v] = features(start, min(column + v, FEATURES4 - 1u));
      }
    }
    // All four rows are added to an accumulator before the next is taken up.
    for (var c = 0u; c < TILE4; c++) { // unroll
      @if(SUBGROUPS) let own = residuals(examples[0u], tile * TILE4 + c);
      var r: array<vec4f, 4>;
      for (var s = 0u; s < 4u; s++) { // unroll
        @if(SUBGROUPS) r[s] = subgroupBroadcast(own, s);
        @else r[s] = residuals(examples[s], tile * TILE4 + c);
        @if(!UPDATE) if (CAPTURE) {
          if (id.x == s && i + s < block.rows) {
            captured[(i + s) * VECTORS_A_ROW + tile * TILE4 + c] = r[s];
          }
        }
      }
      for (var j = 0u; j < 4u; j++) { // unroll
        for (var v = 0u; v < VECTORS; v++) { // unroll
          for (var d = 0u; d < 4u; d++) { // unroll
            for (var s = 0u; s < 4u; s++) { // unroll
              g[v][d][4u * c + j] += four[s][v][d] * r[s][j]; // @point product
            }
          }
        }
      }
    }
  }

  @if(UPDATE) let rates =
    Rates(block.learningRate, block.gradientScale, block.penalty, block.correction1, block.correction2);
  // Where threads share slabs, a workgroup may reach past the last tile.
  for (var v = 0u; v < VECTORS; v++) { // unroll
    @if(SHARED) let inside = column + v < MULTIPLIED4 && tile < TILES; // @point stored-tiles
    @else let inside = column + v < FEATURES4;
    if (inside) {
      for (var d = 0u; d < 4u; d++) { // unroll
        for (var c = 0u; c < TILE4; c++) { // unroll
          let at = ((slot * FEATURES4 + column + v) * 4u + d) * VECTORS_A_ROW + tile * TILE4 + c;
          var vector = vec4f();
          for (var j = 0u; j < 4u; j++) { // unroll
            vector[j] = g[v][d][4u * c + j];
          }
          @if(UPDATE) takeStep(at, vector, rates); // @point step
          @else slots[at] = vector;
        }
      }
    }
  }
  // The gradient of the intercept is the sum of the residuals. Each thread of a column has a part of it.
  @if(BIAS) if (group.x == 0u) {
    workgroupBarrier(); // The last slab is used up.
    for (var c = 0u; c < TILE4; c++) { // unroll
      residualsSlab[(local.y * TILE4 + c) * THREADS + local.x] = bias[c];
    }
    workgroupBarrier(); // @point bias-filled
    if (local.y < TILE4 && loadColumn + local.y * THREADS < VECTORS_A_ROW) {
      var sum = vec4f();
      for (var n = 0u; n < THREADS; n++) { // @point bias-parts
        sum += residualsSlab[(n * TILE4 + local.y) * THREADS + local.x];
      }
      let at = (slot * FEATURES4 + MULTIPLIED4) * 4u * VECTORS_A_ROW + loadColumn + local.y * THREADS;
      @if(UPDATE) takeStep(at, sum, rates); // @point bias-step
      @else slots[at] = sum;
    }
  }
}
