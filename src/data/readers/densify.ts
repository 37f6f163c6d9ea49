/** Makes room for the dense rows of a sparse file. */
import { DataError } from "../../core/errors.js";
import { allocate } from "../numbers.js";

/** The most bytes of dense rows. */
const MOST_BYTES = 2 ** 31;

/** Returns zeros, (rows, width), in f32 or f64. Throws a DataError that says how large they would be. */
export function allocateDense(
  rows: number,
  width: number,
  single: boolean,
  name: string,
): Float32Array | Float64Array {
  const bytes = rows * width * (single ? 4 : 8);
  if (bytes > MOST_BYTES) {
    throw new DataError(
      `${name}: is sparse, and its ${rows} rows × ${width} features would take ${bytes} bytes, ` +
        `where at most ${MOST_BYTES} are read: leave out rare features, or read parts of the rows.`,
    );
  }
  const what = `${name}: ${rows} rows × ${width} features`;
  return single ? allocate(Float32Array, rows * width, what) : allocate(Float64Array, rows * width, what);
}
