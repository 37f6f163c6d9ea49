/** `npm run bench:sklearn`: times scikit-learn on the digits. PYTHON names the Python that has it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { mnistFolder } from "./mnist-plugin.js";

const python = process.env["PYTHON"] || "python3";
const script = join(import.meta.dirname, "time_sklearn.py");
const { status, error } = spawnSync(python, [script, mnistFolder], { stdio: "inherit" });
if (error)
  process.stdout.write(
    `Nothing is measured: there is no Python that answers to ${python} (${error.message}).\n`,
  );
process.exitCode = error ? 0 : (status ?? 1);
