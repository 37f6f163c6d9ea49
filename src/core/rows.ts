/** Rows of features with labels, weights and targets, and functions that select some of them. */
import { range } from "./random.js";

/** Copies the chosen rows, in the given order. Arrays keep their types. */
export function selectRows(data: Rows, chosen: Uint32Array): Rows {
  return { ...selectHead(data, chosen), x: selectFrom(data.x, data.features, chosen) };
}

/** Copies all but the features of the chosen rows, in the given order. */
export function selectHead(data: RowHead, chosen: Uint32Array): Omit<Rows, "x"> {
  const { features, labels, weights, targets, offsets } = data;
  return {
    count: chosen.length,
    features,
    scale: data.scale,
    labels: chosen.map((row) => labels[row]),
    ...(weights && { weights: selectFrom(weights, 1, chosen) }),
    ...(targets && { targets: selectFrom(targets, targets.length / data.count, chosen) }),
    ...(offsets && { offsets: selectFrom(offsets, offsets.length / data.count, chosen) }),
    numbers: chosen.map((row) => data.numbers?.[row] ?? row),
  };
}

/** Returns the same rows with their labels as the targets. */
export function labelledOnly<T extends RowHead>(rows: T): Omit<T, "targets"> {
  const { targets: _, ...labelled } = rows;
  return labelled;
}

/** Leaves out the rows of weight 0: they do not count, and may hold any finite values. */
export function weighedRows(data: Rows): Rows {
  const { weights, count } = data;
  if (!weights?.includes(0)) return data;
  return selectRows(
    data,
    range(count).filter((row) => weights[row] > 0),
  );
}

/** Copies the chosen rows of `values`: (rows, width). */
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

/** Float16Array, where the TypeScript library declares it. */
type Halves = typeof globalThis extends { Float16Array: { prototype: infer Instance } } ? Instance : never;

/** Features, row by row. Engines keep bytes as bytes and f16 as f16. */
export type FlatFeatures = Float32Array | Float64Array | Uint8Array | Halves;

/** The type of a feature, by its size: 1 for bytes, 2 for f16, 4 for f32 and 8 for f64. */
export interface FeatureType {
  readonly BYTES_PER_ELEMENT: number;
}

/** Creates an array for `length` features of this type. */
export function createFeatures({ BYTES_PER_ELEMENT: bytes }: FeatureType, length: number): FlatFeatures {
  if (bytes === 1) return new Uint8Array(length);
  if (bytes === 2) return new Float16Array(length);
  return bytes === 4 ? new Float32Array(length) : new Float64Array(length);
}

export interface FeatureRows {
  readonly count: number;
  readonly features: number;
  /** (count, features), row by row. */
  readonly x: FlatFeatures;
  /** Value of one unit of a byte: features are `scale · x`. 1 for floats. */
  readonly scale: number;
  /** (count) The caller's number of each row, where some of the caller's rows were left out. For errors. */
  readonly numbers?: Uint32Array;
  /**
   * (count, classes) added to the logits. In rows to train on the largest of a row is 0: softmax sees
   * differences only. Absent without offsets.
   */
  readonly offsets?: FloatArray;
}

/** Labelled rows of features, checked and ready to be placed on an engine. */
export interface Rows extends FeatureRows {
  /** (count) class of each row, from 0. */
  readonly labels: Uint32Array;
  /** (count) weight of each row. Absent when all are 1. */
  readonly weights?: FloatArray;
  /**
   * (count, classes) soft targets, each row adding up to 1. The label is then the class of the largest
   * target; ties go to the lower index. Absent when the labels are the targets. Objectives use labels only.
   */
  readonly targets?: FloatArray;
  /** Index of the first validation row, when such rows follow the others. Errors use it to name rows. */
  readonly validationFrom?: number;
}

/** Everything of rows but the values of X. */
export interface RowHead extends Omit<Rows, "x"> {
  readonly x: FeatureType;
}

/** Copies the chosen rows, in f64. */
export function selectInF64(data: Rows, rows: Uint32Array): Rows {
  return inF64(selectRows(data, rows));
}

/** Converts x, targets and offsets to f64, and rounds weights to f32, as the f32 engines hold them. */
export function inF64({ x, targets, offsets, ...rows }: Rows): Rows {
  return {
    ...rows,
    x: Float64Array.from(x),
    ...(rows.weights && { weights: Float32Array.from(rows.weights) }),
    ...(targets && { targets: Float64Array.from(targets) }),
    ...(offsets && { offsets: Float64Array.from(offsets) }),
  };
}

export function absolute({ offsets, ...data }: Rows): Rows {
  return {
    ...data,
    x: data.x.map(Math.abs),
    scale: Math.abs(data.scale),
    ...(offsets && { offsets: offsets.map(Math.abs) }),
  };
}

/** Σ v² of `count` values from `first` on. */
export function squares(values: Rows["x"], first: number, count: number): number {
  let sum = 0;
  for (let i = first; i < first + count; i++) sum += values[i] ** 2;
  return sum;
}
