/** Outputs of predictions, in one table: each takes the logits block by block. */
import type { FeatureRows, FloatArray } from "../core/rows.js";
import type { Label } from "../data/labels.js";
import { allocate } from "../data/numbers.js";
import { indexOfLargest, sumOfPowers } from "./logits.js";
import type { ModelParts } from "./parts.js";

/** The results of predictions, by the name of the output. */
export interface Outputs<L extends Label = Label> {
  /** (rows) The most probable class of each row. Ties go to the class that comes first in `classes`. */
  readonly labels: L[];
  /** The k most probable classes of each row. */
  readonly top: TopClasses<L>;
  /** (rows, classes), flat, row by row; each row sums to 1. */
  readonly probabilities: Float32Array;
  /** (rows, classes), flat, row by row. */
  readonly logits: Float32Array;
}

/** The most probable classes of each row, most probable first; ties go to the lower index. */
export interface TopClasses<L extends Label = Label> {
  /** Classes of a row: as many as were asked for, or all if there are fewer. */
  readonly k: number;
  /** (rows, k), flat, row by row. */
  readonly labels: L[];
  /** (rows, k), flat, row by row. */
  readonly probabilities: Float32Array;
}

/** Collects an output. */
export interface Collector<T> {
  /** Takes the logits, (count, classes), of rows from `first` on. */
  add(z: FloatArray, first: number): void;
  readonly result: T;
}

type OutputTable<L extends Label> = {
  readonly [name in keyof Outputs<L>]: () => Collector<Outputs<L>[name]>;
};

/** Returns the outputs of a prediction for `count` rows. `top` keeps k classes a row. */
export function outputsOf<L extends Label>(
  { classes }: Pick<ModelParts<L>, "classes">,
  { count }: Pick<FeatureRows, "count">,
  k: number,
): OutputTable<L> {
  const width = classes.length;
  const matrix = (what: string, columns: number) =>
    allocate(Float32Array, count * columns, `The ${what} of ${count} rows × ${columns} classes`);
  return {
    labels: () => {
      const result: L[] = [];
      const add = (z: FloatArray) => {
        for (let at = 0; at < z.length; at += width) {
          result.push(classes[indexOfLargest(z, at, at + width)]);
        }
      };
      return { add, result };
    },
    top: () => {
      const most = Math.min(k, width);
      const labels: L[] = [];
      const result = { k: most, labels, probabilities: matrix("probabilities", most) };
      const add = (z: FloatArray) => {
        for (let at = 0; at < z.length; at += width) {
          const row = z.subarray(at, at + width);
          const [max, sum] = sumOfPowers(row);
          for (const c of largest(row, most)) {
            result.probabilities[labels.length] = Math.exp(row[c] - max) / sum;
            labels.push(classes[c]);
          }
        }
      };
      return { add, result };
    },
    probabilities: () => {
      const result = matrix("probabilities", width);
      const add = (z: FloatArray, first: number) => {
        for (let at = 0, to = first * width; at < z.length; at += width) {
          const row = z.subarray(at, at + width);
          const [max, sum] = sumOfPowers(row);
          for (let c = 0; c < width; c++) result[to++] = Math.exp(row[c] - max) / sum;
        }
      };
      return { add, result };
    },
    logits: () => {
      const result = matrix("logits", width);
      return { add: (z, first) => result.set(z, first * width), result };
    },
  };
}

/** Returns the indices of the k largest values, largest first; ties go to the lower index. */
function largest(z: FloatArray, k: number): number[] {
  const top: number[] = [];
  for (let c = 0; c < z.length; c++) {
    if (top.length === k && z[c] <= z[top[k - 1]]) continue;
    let at = top.length;
    while (at > 0 && z[top[at - 1]] < z[c]) at--;
    top.splice(at, 0, c);
    if (top.length > k) top.pop();
  }
  return top;
}
