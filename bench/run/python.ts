/** Runs the scikit-learn scripts with the Python that PYTHON names (default python3). */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";

export const python = process.env["PYTHON"] || "python3";

/** Runs a script of bench/peers/sklearn with inherited output. `error` is set if there is no such Python. */
export function runPython(script: string, ...args: readonly string[]): SpawnSyncReturns<Buffer> {
  return spawnSync(python, [join(import.meta.dirname, "../peers/sklearn", script), ...args], {
    stdio: "inherit",
  });
}
