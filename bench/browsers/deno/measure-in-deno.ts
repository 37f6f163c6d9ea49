/**
 * The part of `npm run bench:deno` that runs in Deno. Its last line of output is JSON: the measurement of the
 * workload in the first argument or, without arguments, the adapter and its peak.
 */
import process from "node:process";
import { gpuAndPeak } from "../../measure/machine.js";
import { measure } from "../../measure/measure.js";
import { workloads } from "../../measure/workloads.js";
import { adapterOrExit } from "./adapter.js";
import { denoSystems } from "../../peers/all.js";

await adapterOrExit();
const [name, mnist = ""] = process.argv.slice(2);
console.log(JSON.stringify(name === undefined ? await gpuAndPeak() : await measured(name)));

async function measured(name: string) {
  const workload = workloads.find((one) => one.name === name);
  if (!workload) throw new Error(`There is no workload ${name}.`);
  return measure(workload, await workload.load(workload, mnist), denoSystems, {
    report(event) {
      if (event.kind === "doing") console.error(`${name}: ${event.system} ${event.what}`);
    },
  });
}
