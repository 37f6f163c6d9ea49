import { readFile } from "node:fs/promises";
import { type Idx, readIdx } from "../data/idx.js";
import { DataError } from "../errors.js";

/** Rows of features of an IDX file: all dimensions but the first make a row. */
export async function readRows(
  path: string,
): Promise<{ x: Float32Array | Float64Array | Uint8Array; features: number }> {
  const { shape, values } = await read(path);
  if (shape.length < 2) {
    throw new DataError(
      `${path}: has ${shape.length} dimension(s), and rows of features have at least 2. Is it the labels?`,
    );
  }
  const features = shape.slice(1).reduce((product, size) => product * size, 1);
  const integers =
    values instanceof Int8Array || values instanceof Int16Array || values instanceof Int32Array;
  return { x: integers ? Float64Array.from(values) : values, features };
}

/** Labels of an IDX file of one dimension. */
export async function readLabels(path: string): Promise<ArrayLike<number>> {
  const { shape, values } = await read(path);
  if (shape.length === 1) return values;
  throw new DataError(
    `${path}: has ${shape.length} dimensions (${shape.join("×")}), and labels have 1. Is it the features?`,
  );
}

async function read(path: string): Promise<Idx> {
  return readIdx(await readFile(path), path);
}
