/** Command lines that run the programs of app/, as they are and bundled. */
import process from "node:process";
import { esbuild } from "./bundlers.js";
import type { Maker } from "./kinds.js";
import type { Project } from "./project.js";

/** A command, and its words before the file of a program. */
type Runtime = (project: Project) => readonly [command: string, ...words: string[]];

/** The Node that runs the matrix. */
export const node: Runtime = () => [process.execPath];
export const otherNode: Runtime = (project) => [project.installed("node/bin/node")];
/** Without any permission. */
export const deno: Runtime = (project) => [project.installed("deno/deno"), "run", "--no-prompt"];
export const bun: Runtime = (project) => [project.installed("bun/bin/bun.exe")];

/** Runs a file of app/. */
export const asItIs =
  (runtime: Runtime, file: string): Maker =>
  async (project) => [...runtime(project), file];

/** Runs the program as one file, a module or one of CommonJS. */
export const bundled =
  (runtime: Runtime, format: "esm" | "cjs"): Maker =>
  async (project) => {
    const file = format === "esm" ? "bundle.js" : "bundle.cjs";
    await esbuild(project, "program.js", "--platform=node", `--format=${format}`, `--outfile=${file}`);
    return [...runtime(project), file];
  };

/** Runs an executable that Bun makes of the program. */
export const compiledByBun: Maker = async (project) => {
  const [command] = bun(project);
  await project.run(command, ["build", "--compile", "program.js", "--outfile", "program"]);
  return [`${project.folder}/program`];
};
