// objective-trial: the losses of one block of rows at Z + t·ΔZ, and their first and second derivatives in t.
// With s the softmax of a row, y its label and d = δ − δ_y, where δ is its row of ΔZ: ℓ′ = s·d and ℓ″ = s·d²
// − (s·d)². Differences from the label's δ keep ℓ′ exact where the probability of the label is near 1.
//
// LANES threads share a row and each takes every LANES-th of its vectors of classes.
import package::lib::block::{order, part};
import package::lib::reduce::{LANES, LOWEST, THREAD_ROWS, WORKGROUP, firstRow, maxOfLanes, sumOfLanes};
import package::lib::rows::{labels, rowWeights};
import package::lib::shape::{CLASSES, CLASSES4};
import package::lib::sums::storeSum;

@group(0) @binding(4) var<storage, read> z: array<vec4f>; // (rows of the block, CLASSES4)
@group(0) @binding(5) var<storage, read> change: array<vec4f>; // (rows of the block, CLASSES4) ΔZ

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  var sum = vec4f();
  for (var n = 0u; n < THREAD_ROWS; n++) { // @point rows
    sum += sumOfRow(firstRow(thread, group.x) + n, thread);
  }
  storeSum(thread, group.x, sum);
}

// Returns the weighted loss and derivatives of row i of the block. Rows past the block have zeros.
fn sumOfRow(i: u32, thread: u32) -> vec4f {
  let lane = thread % LANES;
  let inside = i < part.rows; // @point inside
  let n = min(i, part.rows - 1u);
  let row = order[part.first + n]; // @point row
  let label = labels[row]; // @point label
  let weight = select(0.0, rowWeights[row], inside); // @point row-weight

  var largest = LOWEST;
  for (var c = lane; c < CLASSES4; c += LANES) {
    let at = n * CLASSES4 + c;
    let classes = 4u * c + vec4u(0u, 1u, 2u, 3u);
    let four = select(vec4f(LOWEST), z[at] + part.t * change[at], classes < vec4u(CLASSES));
    largest = max(largest, max(max(four.x, four.y), max(four.z, four.w))); // @point largest
  }
  largest = maxOfLanes(thread, lane, largest);

  // The other classes' exponentials, and their sums with d and d².
  let labelVector = change[n * CLASSES4 + label / 4u];
  let labelChange = labelVector[label % 4u];
  var powers = vec4f();
  var labelLogit = 0.0;
  var mean = vec4f();
  var square = vec4f();
  for (var c = lane; c < CLASSES4; c += LANES) {
    let classes = 4u * c + vec4u(0u, 1u, 2u, 3u);
    let at = n * CLASSES4 + c;
    // The exponential of padding is 0.
    let four = select(vec4f(LOWEST), z[at] + part.t * change[at], classes < vec4u(CLASSES)); // @point padding
    let power = select(exp(four - largest), vec4f(), classes == vec4u(label));
    let d = change[at] - labelChange; // @point difference
    powers += power;
    mean += power * d;
    square += power * d * d;
    if (c == label / 4u) {
      labelLogit = four[label % 4u];
    }
  }
  let one = vec4f(1.0);
  let laneSums = vec4f(dot(powers, one), labelLogit, dot(mean, one), dot(square, one));
  let total = sumOfLanes(thread, lane, LANES, laneSums);
  let others = total.x;
  labelLogit = total.y;
  let sum = others + exp(labelLogit - largest);

  // log(1 + others), where the label's logit is largest
  let log1p = others * (1.0 - others * (0.5 - others / 3.0)); // @point log1p
  let loss = select(log(sum) - (labelLogit - largest), log1p, others < 0.01); // @point near-certain
  let slope = total.z / sum;
  let curvature = total.w / sum - slope * slope; // @point curvature
  let rowSum = weight * vec4f(loss, slope, curvature, 0.0);
  return select(vec4f(), rowSum, vec4<bool>(inside & (lane == 0u)));
}
