/** Offsets: numbers that are added to the logits of each row and class. */
import { DataError } from "../core/errors.js";
import { isList } from "../core/checks.js";
import type { Rows } from "../core/rows.js";
import { show } from "../core/show.js";
import { toTypedArray } from "./arrays.js";
import { toNumber } from "./numbers.js";

/** (rows, classes) a flat array, row after row, or an array of rows. */
export type Offsets = Float32Array | Float64Array | readonly ArrayLike<number>[];

/** Limit of the size of an offset: logits with it stay finite in f32. */
const LARGEST = 1e30;

/** A model or a training, with or without offsets. */
interface TrainedOffsets {
  readonly offsets?: boolean | undefined;
}

/**
 * Checks the offsets and returns them, or none. Throws a DataError where they are invalid, and where only one
 * of these and the trained data has some.
 */
export function checkOffsets(
  given: unknown,
  count: number,
  classes: number,
  where: string,
  trained: TrainedOffsets | undefined,
): { readonly offsets?: Float64Array } {
  if (given === undefined) {
    if (!trained?.offsets) return {};
    throw new DataError(
      `${where}offsets is missing, but the training has them: pass ${count} rows of ${classes} classes.`,
    );
  }
  if (trained && !trained.offsets) {
    throw new DataError(`${where}offsets is given, but the training has none: leave it out.`);
  }
  const offsets = flatten(given, count, classes, where);
  const bad = offsets.findIndex((one) => !(Math.abs(one) <= LARGEST));
  if (bad < 0) return { offsets };
  throw new DataError(
    `${where}offsets is ${offsets[bad]} at row ${Math.floor(bad / classes)}, class ${bad % classes}: ` +
      `an offset is a number of at most ${LARGEST} in size.`,
  );
}

/**
 * Checks offsets as `checkOffsets` does, and returns them less the largest of their row, which softmax does
 * not see: f32 then keeps the digits in which they differ.
 */
export function addedOffsets(
  given: unknown,
  count: number,
  classes: number,
  where: string,
  trained: TrainedOffsets | undefined,
): Pick<Rows, "offsets"> {
  const { offsets } = checkOffsets(given, count, classes, where, trained);
  if (!offsets) return {};
  for (let row = 0; row < count; row++) {
    const own = offsets.subarray(row * classes, (row + 1) * classes);
    const most = own.reduce((a, b) => Math.max(a, b));
    own.forEach((one, k) => (own[k] = one - most));
  }
  return { offsets };
}

/** Copies the offsets to a flat array. */
function flatten(given: unknown, count: number, classes: number, where: string): Float64Array {
  const wanted = `pass ${count} rows of ${classes} numbers, one for each class in order.`;
  if (!isList(given)) throw new DataError(`${where}offsets is ${show(given)}: ${wanted}`);
  const flat = toTypedArray(given);
  const rows = flat ? [flat] : Array.from(given);
  const width = flat ? count * classes : classes;
  if (!flat && rows.length !== count) {
    throw new DataError(`${where}offsets has ${rows.length} rows, and x has ${count}: ${wanted}`);
  }
  const offsets = new Float64Array(count * classes);
  rows.forEach((row, n) => {
    const place = flat ? "" : `[${n}]`;
    if (!isList(row)) throw new DataError(`${where}offsets${place} is ${show(row)}: ${wanted}`);
    if (row.length !== width) {
      throw new DataError(
        `${where}offsets${place} has ${row.length} values, and must have ${width}: ${wanted}`,
      );
    }
    for (let i = 0; i < width; i++) {
      const at = n * width + i;
      offsets[at] = toNumber(
        row[i],
        (shown) => `${where}offsets is ${shown} at row ${Math.floor(at / classes)}, class ${at % classes}`,
      );
    }
  });
  return offsets;
}
