/** Takes evenly spaced samples of rows, and random ones. */
import type { Random } from "../core/random.js";
import { type RowSource, readChosenRows } from "../core/row-source.js";
import type { FloatArray, Rows } from "../core/rows.js";

export interface Sample {
  readonly rows: Uint32Array;
  /** (all rows) weight of each row, by row number. Absent when each row of the sample counts as 1. */
  readonly weights?: FloatArray;
}

/**
 * At most `most` of the rows, evenly spaced by weight, so that a row of weight 2 is as likely to be chosen as
 * two rows of weight 1. `weights`: (all rows), 1 each when absent.
 */
export function sampleByWeight(rows: Uint32Array, weights: FloatArray | undefined, most: number): Sample {
  if (rows.length <= most) return { rows, ...(weights && { weights }) };
  if (!weights) return { rows: spaced(rows, most) };
  const total = rows.reduce((sum, row) => sum + weights[row], 0);
  const sample = new Uint32Array(most);
  let n = 0;
  let past = weights[rows[0]];
  for (let k = 0; k < most; k++) {
    const point = (total * k) / most;
    while (point >= past && n < rows.length - 1) past += weights[rows[++n]];
    sample[k] = rows[n];
  }
  return { rows: sample };
}

/** Reads a sample of the chosen rows by weight. It has weights where it is all of them and they have some. */
export async function readSample(source: RowSource, chosen: Uint32Array, most: number): Promise<Rows> {
  const sample = sampleByWeight(chosen, source.weights, most);
  const { weights, ...rows } = await readChosenRows(source, sample.rows);
  return { ...rows, ...(sample.weights && weights && { weights }) };
}

/** At most `most` of the rows, evenly spaced. */
export function spaced(rows: Uint32Array, most: number): Uint32Array {
  if (rows.length <= most) return rows;
  return Uint32Array.from({ length: most }, (_, n) => rows[Math.floor((n * rows.length) / most)]);
}

/** One random row of each of `count` parts of the rows, in order; the parts are equal but for one row. */
export function stratified(rows: Uint32Array, count: number, random: Random): Uint32Array {
  return Uint32Array.from({ length: count }, (_, n) => {
    const at = (n + random() / 2 ** 32) * (rows.length / count);
    return rows[Math.min(rows.length - 1, Math.floor(at))];
  });
}
