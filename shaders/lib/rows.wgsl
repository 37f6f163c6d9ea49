// The rows: features as floats, halves or bytes, labels and weights.
import package::lib::block::{block, order};
import package::lib::shape::FEATURES4;

const SCALE = 1.0; // the value of one unit of a byte, times 255
const ONES = 0u; // the position of the column of ones in the last vector of features

// Four features as X has them.
@if(BYTES) alias Packed = u32;
@elif(HALVES) alias Packed = vec2u;
@else alias Packed = vec4f;

// (rows) classes from 0; or (rows, WORDS): the class, then the bits of soft targets, then those of offsets
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read> rowWeights: array<f32>; // (rows)
@group(0) @binding(4) var<storage, read> x: array<Packed>; // (rows, FEATURES4)

// Returns vector f of the features of the row that begins at `start` in X. Bytes are scaled, the ones are
// not.
fn features(start: u32, f: u32) -> vec4f {
  @if(SCALED) let isOne = vec4u(0u, 1u, 2u, 3u) == vec4u(ONES);
  @if(SCALED) let last = select(vec4f(SCALE), vec4f(1.0), isOne); // @point ones
  @if(SCALED) return select(vec4f(SCALE), last, f == FEATURES4 - 1u) * unpack4x8unorm(x[start + f]);
  @elif(BYTES) return unpack4x8unorm(x[start + f]);
  @elif(HALVES) return
    vec4f(unpack2x16float(x[start + f].x), unpack2x16float(x[start + f].y)); // @point halves
  @else return x[start + f];
}

// Returns where the features of the block's row i begin in X. Rows past the end repeat the last one; no
// result depends on them.
fn rowOf(i: u32) -> u32 {
  let row = min(i, block.rows - 1u);
  @if(GATHERED) return row * FEATURES4;
  @else return order[block.first + row] * FEATURES4; // @point order
}
