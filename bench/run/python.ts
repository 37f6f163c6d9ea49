/** Runs the scripts of scikit-learn with the Python that PYTHON names. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";

export const python = process.env["PYTHON"] || "python3";

/** What it prints goes to where this process prints. `error` is set where there is no such Python. */
export function runPython(script: string, ...args: readonly string[]): SpawnSyncReturns<Buffer> {
  return spawnSync(python, [join(import.meta.dirname, "../peers/sklearn", script), ...args], {
    stdio: "inherit",
  });
}
