// The peak of the adapter: multiply-adds whose operands never leave the registers. Eight chains that do not
// wait for each other, in every invocation; the only store is of their sum, so that nothing can be left out.

override WORKGROUP = 64u;
// Of the loop, each 32 multiply-adds.
override TURNS = 256u;

struct Operands {
  factor: f32,
  term: f32,
}

@group(0) @binding(0) var<uniform> operands: Operands;
// sums: (invocations)
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn peak(@builtin(global_invocation_id) invocation: vec3u) {
  let m = operands.factor;
  let c = operands.term;
  var a0 = f32(invocation.x);
  var a1 = a0 + 1.0;
  var a2 = a0 + 2.0;
  var a3 = a0 + 3.0;
  var a4 = a0 + 4.0;
  var a5 = a0 + 5.0;
  var a6 = a0 + 6.0;
  var a7 = a0 + 7.0;
  for (var turn = 0u; turn < TURNS; turn++) {
    a0 = a0 * m + c; a1 = a1 * m + c; a2 = a2 * m + c; a3 = a3 * m + c;
    a4 = a4 * m + c; a5 = a5 * m + c; a6 = a6 * m + c; a7 = a7 * m + c;
    a0 = a0 * m + c; a1 = a1 * m + c; a2 = a2 * m + c; a3 = a3 * m + c;
    a4 = a4 * m + c; a5 = a5 * m + c; a6 = a6 * m + c; a7 = a7 * m + c;
    a0 = a0 * m + c; a1 = a1 * m + c; a2 = a2 * m + c; a3 = a3 * m + c;
    a4 = a4 * m + c; a5 = a5 * m + c; a6 = a6 * m + c; a7 = a7 * m + c;
    a0 = a0 * m + c; a1 = a1 * m + c; a2 = a2 * m + c; a3 = a3 * m + c;
    a4 = a4 * m + c; a5 = a5 * m + c; a6 = a6 * m + c; a7 = a7 * m + c;
  }
  sums[invocation.x] = a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7;
}
