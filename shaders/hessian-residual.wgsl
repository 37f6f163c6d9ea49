// hessian-residual: the middle pass of a product of the Hessian with a vector V. It replaces the logits U =
// X·V of one block of rows by the change of the residuals when the logits Z change by U: u ← weight ⊙ s ⊙ (u
// − s·u), where s is the softmax of a row.
//
// U is taken relative to the label's u, which changes nothing and keeps the difference exact where the
// probability of the label is near 1. LANES threads share a row and each takes every LANES-th of its vectors
// of classes.
import package::lib::block::{block, order};
import package::lib::reduce::{LANES, LOWEST, THREAD_ROWS, WORKGROUP, firstRow};
import package::lib::reduce::{maxOfLanes, sumOfLanes, waitForLanes};
import package::lib::rows::{labels, rowWeights};
import package::lib::shape::{CLASSES, CLASSES4};

@group(0) @binding(4) var<storage, read> z: array<vec4f>; // (rows of the block, CLASSES4)
@group(0) @binding(5) var<storage, read_write> u: array<vec4f>; // (rows of the block, CLASSES4)

@compute @workgroup_size(WORKGROUP, 1, 1)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  for (var n = 0u; n < THREAD_ROWS; n++) { // @point rows
    changeRow(firstRow(thread, group.x) + n, thread);
  }
}

// Replaces row i of U, if it is in the block.
fn changeRow(i: u32, thread: u32) {
  let lane = thread % LANES;
  let inside = i < block.rows; // @point inside
  let n = min(i, block.rows - 1u);
  let row = order[block.first + n]; // @point row
  let label = labels[row];
  let weight = rowWeights[row]; // @point row-weight

  let labelVector = u[n * CLASSES4 + label / 4u];
  let labelU = labelVector[label % 4u]; // @point label-u
  var largest = LOWEST;
  for (var c = lane; c < CLASSES4; c += LANES) {
    let four = select(vec4f(LOWEST), z[n * CLASSES4 + c], 4u * c + vec4u(0u, 1u, 2u, 3u) < vec4u(CLASSES));
    largest = max(largest, max(max(four.x, four.y), max(four.z, four.w))); // @point largest
  }
  largest = maxOfLanes(thread, lane, largest);

  var powers = vec4f();
  var means = vec4f();
  for (var c = lane; c < CLASSES4; c += LANES) {
    let at = n * CLASSES4 + c;
    let classes = 4u * c + vec4u(0u, 1u, 2u, 3u);
    // The exponential of padding is 0.
    let four = select(vec4f(LOWEST), z[at], classes < vec4u(CLASSES)); // @point padding
    let power = exp(four - largest);
    powers += power;
    means += power * (u[at] - labelU);
  }
  waitForLanes(); // one of them replaces the label's u
  let one = vec4f(1.0);
  let total = sumOfLanes(thread, lane, LANES, vec4f(dot(powers, one), dot(means, one), 0.0, 0.0));
  let mean = total.y / total.x; // @point mean

  for (var c = lane; c < CLASSES4; c += LANES) {
    if (inside) {
      let at = n * CLASSES4 + c;
      let four = select(vec4f(LOWEST), z[at], 4u * c + vec4u(0u, 1u, 2u, 3u) < vec4u(CLASSES));
      u[at] = (weight * (exp(four - largest) / total.x)) * ((u[at] - labelU) - mean); // @point change
    }
  }
}
