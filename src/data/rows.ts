/** Some of the rows, as rows of their own. */
import { range } from "./random.js";
import type { FlatFeatures, FloatArray, Rows } from "../engine/engine.js";

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
