/** `npm run bench:sklearn`: times scikit-learn on the digits. PYTHON names a Python with scikit-learn. */
import process from "node:process";
import { mnistFolder } from "../../scripts/mnist-plugin.js";
import { python, runPython } from "./python.js";

const { status, error } = runPython("time_sklearn.py", mnistFolder);
if (error)
  process.stdout.write(`Nothing was measured: there is no Python named ${python} (${error.message}).\n`);
process.exitCode = error ? 0 : (status ?? 1);
