/** Reads the files of commands: rows of features, labels, models. Errors name the file. */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Idx } from "../data/readers/idx.js";
import { readNumbers } from "../data/readers/reader-table.js";
import { DataError, ModelFileError } from "../core/errors.js";
import { loadModel } from "../model/load.js";
import type { SoftmaxModel } from "../model/model.js";
import { withFile } from "./file-error.js";

/** Bytes read at a time. */
const CHUNK_BYTES = 2 ** 20;

/** Reads rows of features from an IDX file: all dimensions but the first make a row. */
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

/**
 * Reads labels from an IDX file of one dimension. Returns an array, since a typed array of floats could be
 * soft targets.
 */
export async function readLabels(path: string): Promise<readonly number[]> {
  const { shape, values } = await read(path);
  if (shape.length === 1) return Array.from(values);
  throw new DataError(
    `${path}: has ${shape.length} dimensions (${shape.join("×")}), and labels have 1. Is it the features?`,
  );
}

/** Reads offsets from an IDX file of rows × classes. */
export async function readOffsets(path: string): Promise<readonly ArrayLike<number>[]> {
  const { shape, values } = await read(path);
  const [rows, classes] = shape;
  if (shape.length === 2) {
    return Array.from({ length: rows }, (_, row) => values.subarray(row * classes, (row + 1) * classes));
  }
  throw new DataError(
    `${path}: has ${shape.length} dimension(s) (${shape.join("×")}), and offsets have 2, rows × classes.`,
  );
}

/** Reads penalty factors from an IDX file of one dimension. */
export async function readFactors(path: string): Promise<readonly number[]> {
  const { shape, values } = await read(path);
  if (shape.length === 1) return Array.from(values);
  throw new DataError(
    `${path}: has ${shape.length} dimensions (${shape.join("×")}), and penalty factors have 1, one for each feature.`,
  );
}

/** Reads a model file. Whatever is wrong with its content becomes a ModelFileError that names the file. */
export async function readModel(path: string): Promise<SoftmaxModel> {
  const bytes = await withFile(path, "read", () => readFile(path));
  try {
    return loadModel(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ModelFileError(`${path}: ${reason}`, { cause });
  }
}

function read(path: string): Promise<Idx> {
  return withFile(path, "read", () =>
    readNumbers(createReadStream(path, { highWaterMark: CHUNK_BYTES }), path),
  );
}
