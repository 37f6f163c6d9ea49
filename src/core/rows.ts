/** Some of the rows, as rows of their own. */
import { range } from "./random.js";

/** The rows named, in their order and of their types. */
export function selectRows(data: Rows, chosen: Uint32Array): Rows {
  const { x, features, labels, weights, targets } = data;
  return {
    count: chosen.length,
    features,
    x: selectFrom(x, features, chosen),
    scale: data.scale,
    labels: chosen.map((row) => labels[row]),
    ...(weights && { weights: selectFrom(weights, 1, chosen) }),
    ...(targets && { targets: selectFrom(targets, targets.length / data.count, chosen) }),
  };
}

/** The rows that weigh anything: one of weight 0 is no row, and may hold anything finite. */
export function weighedRows(data: Rows): Rows {
  const { weights, count } = data;
  if (!weights?.includes(0)) return data;
  return selectRows(
    data,
    range(count).filter((row) => weights[row] > 0),
  );
}

/** The rows named of (rows, width) values. */
export function selectFrom<T extends FlatFeatures | FloatArray>(
  values: T,
  width: number,
  chosen: Uint32Array,
): T {
  const out = values.slice(0, chosen.length * width);
  chosen.forEach((row, n) => out.set(values.subarray(row * width, (row + 1) * width), n * width));
  return out as T;
}

export type FloatArray = Float32Array | Float64Array;

/** A Float16Array, for those whose TypeScript knows it. */
type Halves = typeof globalThis extends { Float16Array: { prototype: infer Instance } } ? Instance : never;

/** Features, row after row. Bytes and halves stay what they are where the engine computes. */
export type FlatFeatures = Float32Array | Float64Array | Uint8Array | Halves;

/** Rows of features. */
export interface FeatureRows {
  readonly count: number;
  readonly features: number;
  /** (count, features), row by row. */
  readonly x: FlatFeatures;
  /** What a byte means: features are `scale · x`. 1 for floats. */
  readonly scale: number;
}

/** Labelled rows of features, checked and ready to be placed. */
export interface Rows extends FeatureRows {
  /** (count) the class of each row, from 0. */
  readonly labels: Uint32Array;
  /** (count) weight of each row; one for all when absent. */
  readonly weights?: FloatArray;
  /**
   * (count, classes) what each row is of every class, each row adding up to 1: the targets of descents, where they are not
   * the labels, which are the first largest of them. Objectives are of the labels.
   */
  readonly targets?: FloatArray;
  /** The row that the validation data begin with, where they follow the others: errors name their rows by it. */
  readonly validationFrom?: number;
  /** The numbers of the rows before those of the validation among the given ones, where some were left out. */
  readonly numbers?: Uint32Array;
}

/** The rows named, as rows of their own. */
export function selectInF64(data: Rows, rows: Uint32Array): Rows {
  const { features, scale } = data;
  const x = new Float64Array(rows.length * features);
  rows.forEach((row, n) => x.set(data.x.subarray(row * features, (row + 1) * features), n * features));
  const labels = rows.map((row) => data.labels[row]);
  const weights = data.weights && Float32Array.from(rows, (row) => data.weights?.[row] ?? 1);
  const targets = data.targets && pickTargets(data.targets, data.count, rows);
  return {
    count: rows.length,
    features,
    x,
    scale,
    labels,
    ...(weights && { weights }),
    ...(targets && { targets }),
  };
}

export function absolute(data: Rows): Rows {
  return { ...data, x: data.x.map(Math.abs), scale: Math.abs(data.scale) };
}

function pickTargets(targets: FloatArray, count: number, rows: Uint32Array): Float64Array {
  const classes = targets.length / count;
  const picked = new Float64Array(rows.length * classes);
  rows.forEach((row, n) => picked.set(targets.subarray(row * classes, (row + 1) * classes), n * classes));
  return picked;
}

/** Σ v² of `count` values from `first` on. */
export function squares(values: Rows["x"], first: number, count: number): number {
  let sum = 0;
  for (let i = first; i < first + count; i++) sum += values[i] ** 2;
  return sum;
}
