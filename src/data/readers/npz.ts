/** Reads NumPy's .npz files: a zip file with an array for each column, or a sparse matrix of SciPy. */
import { DataError } from "../../core/errors.js";
import { show } from "../../core/show.js";
import type { Column, Table } from "../data-table.js";
import type { DataFile } from "./data-file.js";
import { type NpyArray, readNpy, toColumn } from "./npy.js";
import { toDense } from "./scipy-sparse.js";
import { openZip } from "./zip.js";

/** Reads a file of the format. */
export async function readNpz({ name, open }: DataFile): Promise<Table> {
  const arrays = new Map<string, NpyArray>();
  for (const member of await openZip(open(), name)) {
    const key = member.name.replace(/\.npy$/, "");
    if (key === member.name) {
      throw new DataError(`${name}: has ${show(key)}, and the members of a .npz file are .npy files.`);
    }
    if (arrays.has(key)) throw new DataError(`${name}: has two arrays ${show(key)}: name them differently.`);
    arrays.set(key, await readNpy(member.open(), `${name}: ${member.name}`));
  }
  if (arrays.size === 0) throw new DataError(`${name}: has no arrays.`);
  return toDense(arrays, name) ?? toTable(arrays, name);
}

function toTable(arrays: ReadonlyMap<string, NpyArray>, name: string): Table {
  const columns: Column[] = [];
  let first: { readonly key: string; readonly rows: number } | undefined;
  for (const [key, array] of arrays) {
    columns.push(toColumn(array, key, `${name}: ${key}.npy`));
    const [rows] = array.shape;
    first ??= { key, rows };
    if (rows !== first.rows) {
      throw new DataError(
        `${name}: array ${show(key)} has ${rows} rows, but ${show(first.key)} has ${first.rows}: ` +
          "save arrays with other rows, such as those of a test set, in a file of their own.",
      );
    }
  }
  return { rows: first?.rows ?? 0, columns };
}
