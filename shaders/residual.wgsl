// residual: computes for each row of a block the sum of its softmax over all tiles of classes, its loss and
// its hit, and for each tile the factor that turns exponentials into residuals: R = factor · powers − weight
// · T. The gradient applies it as it loads the exponentials, so R itself is never stored.
//
// LANES threads share a row and each takes every LANES-th of its tiles. The largest logit is subtracted from
// all, so that logits of any finite size give finite losses: ℓ = log Σₖ exp(zₖ − max) − Σₖ tₖ·(zₖ − max), or
// z_y − max where the targets t are labels.
import package::lib::block::{block, order};
import package::lib::reduce::{LANES, LOWEST, ROWS_A_GROUP, WORKGROUP, maxOfLanes, sumOfLanes};
import package::lib::rows::rowWeights;
import package::lib::targets::labelOf;
import package::lib::tiles::{TILE, TILES, TileSums};

// (rows of the block, TILES) what the logits store; the factor takes the place of the largest logit
@group(0) @binding(4) var<storage, read_write> tiles: array<TileSums>;
// (rows of the block) what the logits store; becomes weighted loss, weighted hit, weight, 0
@group(0) @binding(5) var<storage, read_write> rowSums: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> sums: array<vec4f>; // (workgroups) sums of rowSums

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = thread % LANES;
  let i = ROWS_A_GROUP * group.x + thread / LANES;
  let inside = i < block.rows;
  let n = min(i, block.rows - 1u);
  let row = order[block.first + n];
  let label = labelOf(row); // @point label
  let weight = select(0.0, rowWeights[row], inside); // @point row-weight

  // The largest logit, whether a tile before the label's has it too, and the sum of all exponentials.
  let found = rowSums[n];
  var largest = LOWEST;
  for (var t = lane; t < TILES; t += LANES) {
    largest = max(largest, tiles[n * TILES + t].x);
  }
  largest = maxOfLanes(thread, lane, largest);
  var sum = 0.0;
  var tied = 0.0;
  @if(MIXED) var mean = 0.0; // Σ t·(z − largest)
  for (var t = lane; t < TILES; t += LANES) {
    let tile = tiles[n * TILES + t];
    sum += tile.y * exp(tile.x - largest); // @point tile-sum
    tied += select(0.0, 1.0, (tile.x >= largest) & (t < label / TILE));
    @if(MIXED) mean += tile.z + tile.w * (tile.x - largest); // @point tile-mean
  }
  @if(MIXED) let total = sumOfLanes(thread, lane, LANES, vec4f(sum, tied, mean, 0.0));
  @else let total = sumOfLanes(thread, lane, LANES, vec4f(sum, tied, 0.0, 0.0));
  sum = total.x;
  tied = total.y;
  for (var t = lane; t < TILES; t += LANES) {
    if (inside) {
      let at = n * TILES + t;
      tiles[at].x = weight * (exp(tiles[at].x - largest) / sum); // @point factor
    }
  }

  @if(MIXED) let loss = log(sum) - total.z; // @point mixed-loss
  @else let loss = log(sum) - (found.x - largest);
  let hit = select(0.0, 1.0, (found.x >= largest) & (found.y + tied == 0.0));
  let rowSum = vec4f(weight * loss, weight * hit, weight, 0.0);
  if (inside && lane == 0u) {
    rowSums[i] = rowSum;
  }

  let counted = select(vec4f(), rowSum, vec4<bool>(inside & (lane == 0u)));
  let groupSum = sumOfLanes(thread, thread, WORKGROUP, counted);
  if (thread == 0u) {
    sums[group.x] = groupSum;
  }
}
