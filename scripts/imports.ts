/** Finds which files of the repository import which others, and defines the layers (floors) of src/. */
import { readFileSync, readdirSync } from "node:fs";
import { join, posix } from "node:path";

const root = join(import.meta.dirname, "..");

/** The rooms of src/, floor by floor from the ground up. A room imports from the floors below its own. */
export const FLOORS: readonly (readonly string[])[] = [
  ["core"],
  ["math", "data"],
  ["engine"],
  ["solvers", "parity"],
  ["model"],
  ["train"],
  ["sweep", "cli"],
  ["index.ts"],
];

export interface Import {
  readonly from: string;
  readonly to: string;
}

/** Lists the TypeScript files of a folder and its subfolders, without AssemblyScript. */
export function filesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((path) => posix.join(folder, path.replaceAll("\\", "/")))
    .filter((path) => path.endsWith(".ts") && !path.includes("/assembly/"))
    .toSorted();
}

export function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Finds all imports of other files of the repository, including types and imports on demand. */
export function importsOf(path: string, text: string): Import[] {
  const found = text.matchAll(/(?:\bfrom|\bimport\(?)\s*"(\.[^"?]*)"/g);
  return Array.from(found, ([, specifier]) => ({
    from: path,
    to: posix.join(posix.dirname(path), specifier).replace(/\.js$/, ".ts"),
  }));
}

/** The room of a file in src/: its top folder. */
export function roomOf(path: string): string {
  return path.split("/")[1];
}
