// objective-residual: R = weight ⊙ (softmax(Z) − Y) for one block of rows whose logits Z are kept, and sums
// of their losses and hits. With MOVE, first Z ← Z + t·ΔZ. With OFFSETS, first Z ← Z + O.
//
// LANES threads share a row and each takes every LANES-th of its vectors of classes. The largest logit is
// subtracted from all, so that logits of any finite size give finite losses: ℓ = log Σₖ exp(zₖ − max) − (z_y
// − max). Where the probability of the label is near 1, s_y − 1 and log s_y would be differences of numbers
// near 1: they are computed from the other classes' exponentials instead.
import package::lib::block::{order, part};
import package::lib::reduce::{LANES, LOWEST, THREAD_ROWS, WORKGROUP, firstRow, maxOfLanes, sumOfLanes};
import package::lib::rows::rowWeights;
import package::lib::shape::{CLASSES, CLASSES4};
import package::lib::sums::storeSum;
import package::lib::targets::{labelOf, offsetOf};

const MOVE = false; // changes Z first
const EVALUATE = false; // computes only the sums

@group(0) @binding(4) var<storage, read_write> z: array<vec4f>; // (rows of the block, CLASSES4)
@group(0) @binding(5) var<storage, read> change: array<vec4f>; // (rows of the block, CLASSES4) ΔZ
@group(0) @binding(6) var<storage, read_write> r: array<vec4f>; // (rows of the block, CLASSES4)

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  var sum = vec4f();
  for (var n = 0u; n < THREAD_ROWS; n++) { // @point rows
    sum += sumOfRow(firstRow(thread, group.x) + n, thread);
  }
  storeSum(thread, group.x, sum);
}

// Computes R of row i of the block, and returns its weighted loss, weighted hit, weight and 0. Rows past the
// block have zeros.
fn sumOfRow(i: u32, thread: u32) -> vec4f {
  let lane = thread % LANES;
  let inside = i < part.rows; // @point inside
  let n = min(i, part.rows - 1u);
  let row = order[part.first + n]; // @point row
  let label = labelOf(row); // @point label
  let weight = select(0.0, rowWeights[row], inside); // @point row-weight

  var largest = LOWEST;
  for (var c = lane; c < CLASSES4; c += LANES) {
    let at = n * CLASSES4 + c;
    if (MOVE && inside) { // @point move-inside
      z[at] += part.t * change[at]; // @point move
    }
    @if(OFFSETS) if (inside) { // @point offset-inside
      for (var k = 4u * c; k < min(4u * c + 4u, CLASSES); k++) { // @point offset-classes
        z[at][k % 4u] += offsetOf(row, k); // @point offset-logit
      }
    }
    let four = select(vec4f(LOWEST), z[at], 4u * c + vec4u(0u, 1u, 2u, 3u) < vec4u(CLASSES));
    largest = max(largest, max(max(four.x, four.y), max(four.z, four.w))); // @point largest
  }
  largest = maxOfLanes(thread, lane, largest);

  // The other classes' exponentials, the label's logit, and whether a class before the label has as large a
  // one.
  var powers = vec4f();
  var labelLogit = 0.0;
  var ties = vec4f();
  for (var c = lane; c < CLASSES4; c += LANES) {
    let classes = 4u * c + vec4u(0u, 1u, 2u, 3u);
    // The exponential of padding is 0.
    let four = select(vec4f(LOWEST), z[n * CLASSES4 + c], classes < vec4u(CLASSES)); // @point padding
    powers += select(exp(four - largest), vec4f(), classes == vec4u(label));
    ties += select(vec4f(), vec4f(1.0), (four >= vec4f(largest)) & (classes < vec4u(label))); // @point ties
    if (c == label / 4u) {
      labelLogit = four[label % 4u];
    }
  }
  let one = vec4f(1.0);
  let total = sumOfLanes(thread, lane, LANES, vec4f(dot(powers, one), labelLogit, dot(ties, one), 0.0));
  let others = total.x;
  labelLogit = total.y;
  let sum = others + exp(labelLogit - largest);

  if (inside && !EVALUATE) {
    for (var c = lane; c < CLASSES4; c += LANES) {
      let classes = 4u * c + vec4u(0u, 1u, 2u, 3u);
      let at = n * CLASSES4 + c;
      let four = select(vec4f(LOWEST), z[at], classes < vec4u(CLASSES));
      let isLabel = classes == vec4u(label);
      let numerator = select(exp(four - largest), vec4f(-others), isLabel); // @point label-residual
      r[at] = weight * (numerator / sum); // @point normalised
    }
  }

  // log(1 + others), where the label's logit is largest
  let log1p = others * (1.0 - others * (0.5 - others / 3.0));
  let loss = select(log(sum) - (labelLogit - largest), log1p, others < 0.01); // @point near-certain
  let hit = select(0.0, 1.0, (labelLogit >= largest) & (total.z == 0.0)); // @point hit
  let rowSum = vec4f(weight * loss, weight * hit, weight, 0.0); // @point row-sum
  return select(vec4f(), rowSum, vec4<bool>(inside & (lane == 0u)));
}
