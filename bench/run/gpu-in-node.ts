/**
 * The part of `npm run bench:gpu` that runs in Node: does the task in the first argument on Dawn's adapter.
 * Its last line of output is the result, as JSON.
 */
import { availableParallelism } from "node:os";
import process from "node:process";
import type * as gpu from "../measure/gpu.js";
import { importSource } from "./library.js";

const { create, globals } = await import("webgpu").catch((cause: unknown) => {
  throw new Error("The npm package webgpu does not load here: npm install webgpu.", { cause });
});
Object.assign(globalThis, globals);
Object.defineProperty(globalThis, "navigator", {
  configurable: true,
  value: { gpu: create([]), hardwareConcurrency: availableParallelism(), userAgent: "Node" },
});

const { measureGpu } = await importSource<typeof gpu>("bench/measure/gpu.ts");
const result = await measureGpu(JSON.parse(process.argv[2] ?? ""), (progress) => console.error(progress));
console.log(JSON.stringify(result));
process.exit(); // Dawn keeps the process alive for as long as its instance is referenced.
