/** Makes dense rows of a sparse matrix that scipy.sparse.save_npz wrote. */
import { DataError } from "../../core/errors.js";
import { show } from "../../core/show.js";
import type { ColumnValues, Table } from "../data-table.js";
import { allocateDense } from "./densify.js";
import type { NpyArray } from "./npy.js";

/** Returns the rows of the matrix that arrays are; undefined where they are something else. */
export function toDense(arrays: ReadonlyMap<string, NpyArray>, name: string): Table | undefined {
  const format = arrays.get("format");
  if (!format || format.shape.length > 0 || ArrayBuffer.isView(format.values)) return undefined;
  if (!arrays.has("shape") || !arrays.has("data")) return undefined;
  const [layout] = format.values.texts;
  if (layout !== "csr" && layout !== "csc" && layout !== "coo") {
    throw new DataError(
      `${name}: is a sparse matrix in format ${show(layout)}, and csr, csc and coo are read: save x.tocsr().`,
    );
  }
  const integers = (key: string) => integersOf(arrays, key, name);
  const shape = integers("shape");
  const [rows, width] = shape;
  if (shape.length !== 2 || !(rows > 0) || !(width > 0)) {
    throw new DataError(
      `${name}: is a sparse matrix of ${shape.join("×")} values: it must have rows and columns.`,
    );
  }
  const data = numbersOf(arrays, "data", name);
  const entries =
    layout === "coo"
      ? { row: integers("row"), column: integers("col") }
      : layout === "csr"
        ? { row: expand(integers("indptr"), rows, data.length, name), column: integers("indices") }
        : { row: integers("indices"), column: expand(integers("indptr"), width, data.length, name) };
  const { row, column } = entries;
  if (row.length !== data.length || column.length !== data.length) {
    throw new DataError(
      `${name}: its ${data.length} values have ${row.length} rows and ${column.length} columns: save it again.`,
    );
  }
  const values = allocateDense(rows, width, data instanceof Float32Array, name);
  for (let i = 0; i < data.length; i++) {
    const [r, c] = [row[i], column[i]];
    if (!(r >= 0 && r < rows && c >= 0 && c < width)) {
      throw new DataError(`${name}: value ${i} is in row ${r}, column ${c} of a matrix of ${rows}×${width}.`);
    }
    values[r * width + c] += data[i]; // entries of one place add up, as in SciPy
  }
  return { rows, columns: [{ kind: "vectors", name: "x", width, values }] };
}

function numbersOf(arrays: ReadonlyMap<string, NpyArray>, key: string, name: string): ColumnValues {
  const array = arrays.get(key);
  if (array && array.shape.length === 1 && ArrayBuffer.isView(array.values)) return array.values;
  throw new DataError(
    `${name}: is a sparse matrix, and its array ${show(key)} is no list of numbers: save it again.`,
  );
}

function integersOf(arrays: ReadonlyMap<string, NpyArray>, key: string, name: string): ColumnValues {
  const values = numbersOf(arrays, key, name);
  if (values.every(Number.isInteger)) return values;
  throw new DataError(
    `${name}: is a sparse matrix, and its array ${show(key)} is not of integers: save it again.`,
  );
}

/** Returns the row of each value from the place where each row begins, and likewise for columns. */
function expand(starts: ColumnValues, length: number, count: number, name: string): Float64Array {
  const wrong = (what: string) => new DataError(`${name}: is a sparse matrix, and ${what}: save it again.`);
  if (starts.length !== length + 1) {
    throw wrong(`its array "indptr" has ${starts.length} values in place of ${length + 1}`);
  }
  const numbers = new Float64Array(count);
  for (let n = 0; n < length; n++) {
    const end = starts[n + 1];
    if (!(starts[n] >= 0 && starts[n] <= end && end <= count)) {
      throw wrong(`its array "indptr" goes from ${starts[n]} to ${end} at ${n}, of ${count} values`);
    }
    numbers.fill(n, starts[n], end);
  }
  if (starts[0] !== 0 || starts[length] !== count) {
    throw wrong(`its array "indptr" goes from ${starts[0]} to ${starts[length]}, of ${count} values`);
  }
  return numbers;
}
