// update: adds the partial sums of a block, and takes one step of the weights by the update rule.
//
// A thread owns one vector of W. The thread after the last owns the sums of losses and hits and writes them
// to the step's place in a ring that the host reads later. It is the only one where the gradient took the
// step.
import package::lib::rule::{Rates, takeStep};
import package::lib::shape::COUNT;
import package::lib::tree::{slots, treeSum};
import package::lib::vector::numberOf;

const CAPTURE = false; // keeps G, in the first slot

struct Step {
  ring: u32, // the step's place in the ring
  vector: u32, // the first vector of this dispatch
  learningRate: f32,
  gradientScale: f32,
  penalty: f32,
  correction1: f32,
  correction2: f32,
}

@group(0) @binding(0) var<uniform> current: Step;
@group(0) @binding(4) var<storage, read_write> ring: array<vec4f>; // (steps in flight) sums

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = numberOf(current.vector, id, groups);
  if (at > COUNT) {
    return;
  }
  let gradient = treeSum(at);
  if (at == COUNT) {
    ring[current.ring] = gradient; // the losses and hits
    return;
  }
  if (CAPTURE) {
    slots[at] = gradient;
  }
  let rates = Rates(
    current.learningRate,
    current.gradientScale,
    current.penalty,
    current.correction1,
    current.correction2,
  );
  takeStep(at, gradient, rates);
}
