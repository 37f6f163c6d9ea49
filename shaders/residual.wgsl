// residual: R = weight ⊙ (softmax(Z) − Y) for one block of rows, in place of Z, and each row's loss and hit.
//
// A thread owns a row. The row's largest logit is subtracted before anything is raised to a power, so that
// logits of any finite size give finite losses: ℓ = log Σₖ exp(zₖ − max) − (z_y − max).

// Shape of the problem.
override CLASSES: u32 = 2u; // a row's real classes
override CLASSES4: u32 = 1u; // vectors of four classes a row; classes past the last are padding

struct Block {
  first: u32, // where the block begins in order
  rows: u32, // rows in the block
  continues: u32, // 0 when the block is the first of its step
}

@group(0) @binding(0) var<uniform> block: Block;
@group(0) @binding(1) var<storage, read> order: array<u32>; // (rows of the epoch) row numbers
@group(0) @binding(2) var<storage, read> labels: array<u32>; // (rows) classes from 0
@group(0) @binding(3) var<storage, read> rowWeights: array<f32>; // (rows)
@group(0) @binding(4) var<storage, read_write> logits: array<vec4f>; // (rows of the block, CLASSES4), becomes the residual
@group(0) @binding(5) var<storage, read_write> rowSums: array<vec4f>; // (rows of the block) weighted loss, weighted hit, weight, 0

const LOWEST: f32 = -3.4e38;

fn classesOf(c: u32) -> vec4u {
  return 4u * c + vec4u(0u, 1u, 2u, 3u);
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= block.rows) {
    return;
  }
  let row = order[block.first + i];
  let label = labels[row];
  let weight = rowWeights[row];
  let start = i * CLASSES4;

  var highest = vec4f(LOWEST);
  for (var c = 0u; c < CLASSES4; c++) {
    let real = classesOf(c) < vec4u(CLASSES);
    highest = max(highest, select(vec4f(LOWEST), logits[start + c], real));
  }
  let top = max(max(highest.x, highest.y), max(highest.z, highest.w));

  let labelLogit = logits[start + label / 4u][label % 4u];
  var total = vec4f();
  var beaten = vec4<bool>(); // an earlier class has the same, largest logit
  for (var c = 0u; c < CLASSES4; c++) {
    let classes = classesOf(c);
    let z = logits[start + c];
    let power = select(vec4f(), exp(z - top), classes < vec4u(CLASSES));
    beaten = beaten | ((z >= vec4f(top)) & (classes < vec4u(label)));
    total += power;
    logits[start + c] = power;
  }
  let sum = (total.x + total.y) + (total.z + total.w);

  for (var c = 0u; c < CLASSES4; c++) {
    let onehot = select(vec4f(), vec4f(1.0), classesOf(c) == vec4u(label));
    logits[start + c] = weight * (logits[start + c] / sum - onehot);
  }

  let loss = log(sum) - (labelLogit - top);
  let hit = select(0.0, 1.0, labelLogit >= top && !any(beaten));
  rowSums[i] = vec4f(weight * loss, weight * hit, weight, 0.0);
}
