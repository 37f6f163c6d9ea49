/** The page's half of `npm run bench`: what the driver in Node asks of it. */
import { type Measured, measure } from "./measure.js";
import { systems } from "./systems/all.js";
import { workloads } from "./workloads.js";

declare global {
  interface Window {
    measureByName?: (workload: string, systems: readonly string[]) => Promise<Measured>;
    /** Given by the driver. */
    reportProgress?: (progress: string) => void;
  }
}

window.measureByName = async (name, names) => {
  const workload = workloads.find((one) => one.name === name);
  if (!workload) throw new Error(`There is no workload ${name}.`);
  const chosen = systems.filter((system) => names.includes(system.name));
  return measure(workload, chosen, { report: (progress) => window.reportProgress?.(progress) });
};
