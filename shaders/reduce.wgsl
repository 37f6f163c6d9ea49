// reduce: adds the slots' partial sums, in the order of the slots, to one gradient and one sum of losses and hits.
//
// A thread owns one vector of the gradient; the one after the last owns the sums, which go to the step's place in a
// ring that the host reads later.

// Shape of the problem.
override COUNT: u32 = 1u; // vectors in a gradient: (4·FEATURES4 + 4) · CLASSES4
override SLOTS: u32 = 1u; // partial sums to add
override SCALE: f32 = 1.0; // what a unit of X means; the intercept's row is not scaled
override INTERCEPT: u32 = 0u; // where the intercept's row begins: 4·FEATURES4·CLASSES4

struct Step {
  ring: u32, // the step's place in the ring
  learningRate: f32,
  gradientScale: f32,
  penalty: f32,
  correction1: f32,
  correction2: f32,
}

@group(0) @binding(0) var<uniform> current: Step;
@group(0) @binding(1) var<storage, read> slots: array<vec4f>; // (SLOTS, COUNT)
@group(0) @binding(2) var<storage, read> slotSums: array<vec4f>; // (SLOTS)
@group(0) @binding(3) var<storage, read_write> gradient: array<vec4f>; // (COUNT)
@group(0) @binding(4) var<storage, read_write> ring: array<vec4f>; // (steps in flight) weighted loss, weighted hits, weight, 0

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * 64u + id.x;
  if (at > COUNT) {
    return;
  }
  if (at == COUNT) {
    var sums = vec4f();
    for (var slot = 0u; slot < SLOTS; slot++) {
      sums += slotSums[slot];
    }
    ring[current.ring] = sums;
    return;
  }
  var sum = vec4f();
  for (var slot = 0u; slot < SLOTS; slot++) {
    sum += slots[slot * COUNT + at];
  }
  gradient[at] = select(1.0, SCALE, at < INTERCEPT) * sum;
}
