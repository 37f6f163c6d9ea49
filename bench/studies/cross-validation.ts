/**
 * `npm run bench:sweep`: times cross-validation over a path of C, by smigh on the processor and by
 * scikit-learn. PYTHON names a Python with scikit-learn.
 */
import type { SpawnSyncReturns } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { importLibrary } from "../run/library.js";
import { mnistFolder } from "../../scripts/mnist-plugin.js";
import { python, runPython } from "../run/python.js";

/** From 1e-4 to 1e4, the default grid of LogisticRegressionCV. */
const C = Array.from({ length: 10 }, (_, n) => 10 ** ((8 * n) / 9 - 4));
const FOLDS = 5;
const MNIST_ROWS = 20_000;
/**
 * Number of runs, of which the first and the best are shown, for scikit-learn too: a sweep of milliseconds
 * ends before its JavaScript is compiled.
 */
const RUNS = { digits: 10, mnist: 1 };

type Name = keyof typeof RUNS;
const NAMES: readonly Name[] = ["digits", "mnist"];

// Node 20 has relaxed SIMD's fused multiply-add behind this flag; later versions need no flag.
setFlagsFromString("--experimental-wasm-relaxed-simd");
const { sweep } = await importLibrary();
const folder = mkdtempSync(join(tmpdir(), "smigh-sweep-"));
try {
  for (const name of NAMES) {
    const written = scikitLearn("data", name);
    if (written.error || written.status !== 0) {
      process.stdout.write(`Nothing was measured: ${python} has no scikit-learn, or does not exist.\n`);
      break;
    }
    await measure(name);
    scikitLearn("time", name);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Runs scikit-learn to write the data, or to time its fits. */
function scikitLearn(what: "data" | "time", name: Name): SpawnSyncReturns<Buffer> {
  const given = [what, name, folder, mnistFolder, String(MNIST_ROWS), String(FOLDS), C.join(",")];
  return runPython("time_sklearn_cv.py", ...given);
}

async function measure(name: Name): Promise<void> {
  const y = new Uint8Array(readFileSync(join(folder, `${name}.labels`)));
  const x = new Uint8Array(readFileSync(join(folder, `${name}.bytes`)));
  const data = { x, y, features: x.length / y.length, scale: name === "digits" ? 1 / 16 : 1 / 255 };
  const seconds: number[] = [];
  while (seconds.length < RUNS[name]) {
    const began = performance.now();
    const { table, best, model } = await sweep(data, { C, folds: FOLDS, engine: "wasm" });
    seconds.push((performance.now() - began) / 1000);
    if (seconds.length < RUNS[name]) continue;
    const iterations = table.reduce((sum, entry) => sum + entry.iterations, model.iterations);
    const ended = table.filter(({ converged }) => converged).length;
    process.stdout.write(
      `${name}, ${y.length} × ${data.features}, ${C.length} C × ${FOLDS} folds and the final fit\n` +
        `smigh, ${model.engine.adapter}, tolerance 1e-3 of the mean objective and at most 50 iterations on folds, 1e-5 for the final fit\n` +
        `  ${Math.min(...seconds).toFixed(2)} s, the first run ${seconds[0].toFixed(2)} s, ${iterations} iterations, ${ended} of ${C.length} values converged on all folds\n` +
        `  C = ${best.C.toPrecision(3)}, accuracy ${best.accuracy.toFixed(5)}\n` +
        `  accuracies ${table.map(({ accuracy }) => accuracy.toFixed(4)).join(" ")}\n`,
    );
  }
}
