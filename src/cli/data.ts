/** Reads the files of commands: rows of features, labels, models. Errors name the file. */
import { readFile } from "node:fs/promises";
import { DataError, ModelFileError } from "../core/errors.js";
import { type ReadData, type ReadOptions, type ReadRows, read, readRows } from "../data/read.js";
import { loadModel } from "../model/load.js";
import type { SoftmaxModel } from "../model/model.js";
import { withFile } from "./file-error.js";

/** Flags that say how a file is written. */
export const FORMAT_FLAGS = {
  format: { type: "string" },
  delimiter: { type: "string" },
  skip: { type: "string" },
  header: { type: "boolean" },
  "no-header": { type: "boolean" },
  decimal: { type: "string" },
} as const;

/** Flags that say what the columns of a file are. */
export const COLUMN_FLAGS = {
  label: { type: "string" },
  labels: { type: "string" },
  features: { type: "string" },
  exclude: { type: "string" },
  weights: { type: "string" },
  missing: { type: "string" },
  categories: { type: "string" },
  unknown: { type: "string" },
} as const;

/** Flags whose values are lists of columns, and those that are numbers. */
const LISTS = ["features", "exclude", "categories"];
const NUMBERS = ["skip"];

/** Values of flags by their names. */
type Values = Readonly<Record<string, string | boolean | undefined>>;

/** Turns flags into options of `read`, which checks their values. */
export function readOptions(values: Values): ReadOptions {
  const options: Record<string, unknown> = {};
  for (const flag of [...Object.keys(FORMAT_FLAGS), ...Object.keys(COLUMN_FLAGS)]) {
    const value = values[flag];
    if (typeof value !== "string") continue;
    if (NUMBERS.includes(flag)) options[flag] = Number(value);
    else options[flag] = LISTS.includes(flag) ? value.split(",") : value.replaceAll("\\t", "\t");
  }
  if (values["header"] || values["no-header"]) options["header"] = !values["no-header"];
  return options;
}

/** Reads rows and their labels, to train on. */
export function readData(path: string, values: Values): Promise<ReadData> {
  return read(path, readOptions(values));
}

/** Reads rows as the training of the model read its own, with labels where the file has them. */
export function readAsTrained(path: string, { schema }: SoftmaxModel, values: Values): Promise<ReadRows> {
  const options = readOptions(values);
  return readRows(path, schema ? { ...options, schema } : { ...options, label: null });
}

/** Reads offsets: a number for each class in each row. */
export async function readOffsets(path: string): Promise<readonly ArrayLike<number>[]> {
  const { x, features } = await readMatrix(path);
  return Array.from({ length: x.length / features }, (_, row) =>
    x.subarray(row * features, (row + 1) * features),
  );
}

/** Reads penalty factors: one number for each feature, in a row or a column. */
export async function readFactors(path: string): Promise<readonly number[]> {
  const { x, features } = await readMatrix(path);
  const rows = x.length / features;
  if (features === 1 || rows === 1) return Array.from(x);
  throw new DataError(
    `${path}: has ${rows} rows of ${features} numbers, and penalty factors are one row or column, one for each feature.`,
  );
}

function readMatrix(path: string): Promise<ReadRows> {
  return readRows(path, { label: null });
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
