/** `npx tsx bench/run/gpu-tables.ts FILE`: prints the tables of a file that `npm run bench:gpu` wrote. */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { type GpuReport, gpuTables } from "../measure/gpu-report.js";

const [, , file] = process.argv;
if (file === undefined) throw new Error("Usage: npx tsx bench/run/gpu-tables.ts FILE");
process.stdout.write(gpuTables(JSON.parse(await readFile(file, "utf8")) as GpuReport));
